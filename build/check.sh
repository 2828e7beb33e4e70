#!/usr/bin/env bash
# All checks before a commit is pushed; CI runs the same. Its last line is 'N passed, N failed'.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source build/steps.sh

outcome=0
step() { "$@" || { outcome=1; echo "FAILED: $*" >&2; }; }

# Runs steps at the same time, for most of each is of one thread; what they print comes in their order.
together() {
  local step logs pids=()
  logs="$(mktemp -d)"
  for step in "$@"; do
    "$step" > "$logs/$step" 2>&1 &
    pids+=("$!")
  done
  for step in "$@"; do
    wait "${pids[0]}" || { outcome=1; echo "FAILED: $step" >> "$logs/$step"; }
    pids=("${pids[@]:1}")
    cat "$logs/$step"
  done
  rm -rf "$logs"
}

# Results of an earlier run must not be counted when the build fails.
rm -rf "$results"

# Without a build there is nothing to test; a wrong format or a failed test must not hide the rest.
if restore && build; then
  together format site conformance quick_start
  # It installs the router of the mesh.
  step build/test --no-build
  step mesh
else
  outcome=1
  echo "FAILED: restore or build" >&2
fi

# For the count of the last line: a failed step other than tests counts as one failed test.
line="$(summary)"
if [[ $outcome -ne 0 && $line == *", 0 failed" ]]; then line="${line%, 0 failed}, 1 failed"; fi
echo
failed_tests
echo "$line"
exit "$outcome"
