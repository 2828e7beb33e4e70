// What is wider than the page scrolls, so the keyboard must reach it.
export default {
  start: () => {
    for (const wide of document.querySelectorAll('article pre code, article table')) wide.tabIndex = 0
  },
}
