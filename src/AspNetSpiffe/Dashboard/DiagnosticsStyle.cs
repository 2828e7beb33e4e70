namespace AspNetSpiffe;

/// <summary>The style sheet of the page: light and dark, wide and narrow screens.</summary>
internal static class DiagnosticsStyle
{
    public const string Text = """
        @property --left{syntax:"<integer>";inherits:false;initial-value:0}
        :root{color-scheme:light dark;--page:#f5f6f8;--card:#fff;--text:#1a2330;--muted:#515d6c;--line:#d9dee5;--soft:#eef1f5;--accent:#0b56a3;--ok:#12643a;--warn:#7d4700;--bad:#a3201d;--over:#8fa3ba;--rest:#d3dbe4}
        @media (prefers-color-scheme:dark){:root{--page:#0f141b;--card:#171f29;--text:#e7ecf2;--muted:#a8b4c2;--line:#2c3745;--soft:#1f2935;--accent:#8fbcff;--ok:#7fd8a4;--warn:#f1be6c;--bad:#ff9f96;--over:#7f93aa;--rest:#2c3745}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans","DejaVu Sans",sans-serif}
        header,main{max-width:76rem;margin:0 auto;padding:1.5rem 1.25rem 0}
        main{padding-bottom:3rem}
        main:focus{outline:none}
        h1{font-size:1rem;font-weight:600;margin:0;color:var(--muted)}
        h2{font-size:1.2rem;margin:0 0 .75rem}
        h3{font-size:1rem;margin:0 0 .35rem}
        h4{font-size:.8rem;margin:0 0 .4rem;text-transform:uppercase;letter-spacing:.06em;color:var(--muted)}
        p{margin:0 0 .75rem}
        a{color:var(--accent)}
        .code{font-family:ui-monospace,"Cascadia Mono",Menlo,"DejaVu Sans Mono",monospace;font-size:.88em}
        .identity{font-size:1.65rem;font-weight:600;line-height:1.3;margin:.15rem 0 .25rem}
        p,li,dd,td,h3{overflow-wrap:anywhere}
        td,th,th .code,td .code{overflow-wrap:break-word}
        .muted,.sub{color:var(--muted)}
        .sub{display:block;font-size:.84rem;font-weight:400}
        p .sub,li .sub{display:inline}
        .ok,.warn,.bad{font-weight:600}
        .ok{color:var(--ok)}.warn{color:var(--warn)}.bad{color:var(--bad)}
        td>strong,td>.ok,td>.bad,td>.warn{white-space:nowrap}
        p.warn,p.bad,td.warn{font-weight:400}
        .badge{display:inline-block;padding:0 .5em;border:1px solid var(--line);border-radius:99px;background:var(--soft);font-size:.8rem;font-weight:500;white-space:nowrap}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(13rem,1fr));gap:.75rem;margin:1rem 0}
        .tiles>div,section{background:var(--card);border:1px solid var(--line);border-radius:.75rem}
        .tiles>div{padding:.8rem 1rem}
        .tiles dt{font-size:.84rem;color:var(--muted)}
        .tiles dd{margin:0}
        .tiles strong{font-size:1.25rem}
        nav ul{display:flex;flex-wrap:wrap;gap:.35rem 1.1rem;list-style:none;margin:0;padding:0}
        nav a{display:inline-block;padding:.2rem 0}
        section{padding:1.25rem;margin-bottom:1rem}
        section>:last-child{margin-bottom:0}
        .scroll+p{margin-top:.75rem}
        article+article{border-top:1px solid var(--line);margin-top:1rem;padding-top:1rem}
        .chain{display:flex;gap:2rem;list-style:none;margin:.75rem 0 0;padding:0}
        .chain li{position:relative;flex:1 1 0;min-width:0;padding:.75rem .9rem;border:1px solid var(--line);border-radius:.6rem;background:var(--soft)}
        .chain li.leaf{border-color:var(--accent)}
        .chain li+li::before{content:"←";position:absolute;left:-1.5rem;top:50%;transform:translateY(-50%);color:var(--muted)}
        .chain dl{margin:0;font-size:.88rem}
        .chain dt{color:var(--muted);font-size:.8rem}
        .chain dd{margin:0 0 .35rem;overflow-wrap:anywhere}
        .scroll{overflow-x:auto;border-radius:.4rem}
        table{border-collapse:collapse;width:100%;font-size:.92rem}
        caption{text-align:left;color:var(--muted);font-size:.84rem;padding:.25rem 0 .4rem}
        th,td{text-align:left;vertical-align:top;padding:.5rem .8rem .5rem 0;border-top:1px solid var(--line);min-width:6rem}
        thead th{border-top:0;font-size:.84rem;color:var(--muted);font-weight:600;vertical-align:bottom}
        tbody th{font-weight:500;min-width:11rem}
        thead .code{color:var(--text);overflow-wrap:anywhere}
        time{white-space:nowrap}
        .line{display:block;width:100%;min-width:9rem;height:.8rem;margin-top:.35rem}
        .axis,.life{fill:var(--rest)}.over{fill:var(--over)}.now{fill:var(--text)}
        .plain{margin:0;padding:0 0 0 1.1rem;font-size:.92rem}
        form{margin:0 0 1rem}
        label{display:block;font-weight:600;margin-bottom:.3rem}
        .ask{display:flex;gap:.5rem;margin-bottom:.5rem;max-width:46rem}
        input,button{font:inherit;color:inherit;border:1px solid var(--muted);border-radius:.5rem;padding:.5rem .7rem;background:var(--card)}
        input{flex:1;min-width:0;font-family:ui-monospace,Menlo,"DejaVu Sans Mono",monospace;font-size:.92rem}
        input::placeholder{color:var(--muted);opacity:1}
        button{background:var(--accent);border-color:var(--accent);color:var(--card);font-weight:600;cursor:pointer}
        .result{padding:.6rem .8rem;background:var(--soft);border-radius:.5rem}
        :focus-visible{outline:3px solid var(--accent);outline-offset:2px}
        .skip{position:absolute;left:-99rem}
        .skip:focus{left:1rem;top:.5rem;padding:.4rem .8rem;background:var(--card)}
        .countdown{display:none}
        @supports (width:round(down,1px,1px)){@media (prefers-reduced-motion:no-preference){.countdown{display:inline;margin-left:.4rem;font-variant-numeric:tabular-nums;color:var(--muted)}}}
        .countdown::after{counter-reset:h calc(round(down,var(--left)/3600,1)) m calc(round(down,mod(var(--left),3600)/60,1)) s calc(mod(var(--left),60));content:"· " counter(h) ":" counter(m,decimal-leading-zero) ":" counter(s,decimal-leading-zero) " left"}
        @media (max-width:48rem){header,main{padding-left:.9rem;padding-right:.9rem}section{padding:1rem .9rem}.identity{font-size:1.25rem}
        .tiles{grid-template-columns:1fr 1fr}.tiles>div{padding:.6rem .75rem}.chain{flex-direction:column;gap:1.75rem}.chain li+li::before{content:"↑";left:50%;top:-1.6rem;transform:none}}
        @media print{nav,form,.skip,.countdown{display:none}section{break-inside:avoid}}
        """;
}
