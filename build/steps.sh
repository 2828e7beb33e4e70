# The steps that build/test, build/check.sh and .ci/run share. They source this file and run from the root of the repository.
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
solution=AspNetSpiffe.sln
results=artifacts/test-results

title() { printf '\n== %s\n' "$*"; }

# Addresses of this machine's mirrors and feeds must not be in a published log.
without_hosts() { sed -E 's#(https?://)[^/ "'"'"']+#\1…#g'; }

restore() {
  title "Restore, as the lock files say"
  dotnet restore "$solution" --locked-mode | without_hosts
}

build() {
  title "Build"
  # One compiler for all projects, which knows the analyzers already. It ends with the build, or it would outlive this run.
  local outcome=0
  dotnet build "$solution" -c Release --no-restore -p:UseSharedCompilation=true || outcome=$?
  dotnet build-server shutdown --vbcscompiler
  return "$outcome"
}

# Style and analyzers are the build's, which has looked at them already; for white space, files are enough.
format() {
  title "Format"
  dotnet format whitespace . --folder --exclude artifacts --verify-no-changes
}

# Starts a number of busy loops, and ends exactly these when the script ends; the loops also end by themselves if the script is killed.
load_pids=()
start_load() {
  trap stop_load EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  local loop
  for ((loop = 0; loop < $1; loop++)); do
    (
      trap - EXIT INT TERM HUP
      while kill -0 "$$" 2> /dev/null; do for ((turn = 0; turn < 100000; turn++)); do :; done; done
    ) &
    load_pids+=("$!")
  done
}

stop_load() {
  ((${#load_pids[@]} == 0)) && return
  kill "${load_pids[@]}" 2> /dev/null || true
  wait "${load_pids[@]}" 2> /dev/null || true
  load_pids=()
}

# Runs all tests. A test that hangs for eight minutes ends its run and is named.
run_tests() {
  title "Test"
  rm -rf "$results"
  dotnet test "$solution" -c Release -p:WriteTestResults=true \
    --blame-hang --blame-hang-timeout 8m --blame-hang-dump-type none "$@"
}

# Every requirement of the standards has a test, listed in docs/conformance.md.
conformance() {
  title "Conformance"
  build/spec-coverage --require
}

# The pages as a site; a warning, and so a link that leads nowhere, is an error.
site() { build/site; }

quick_start() {
  title "Quick start"
  timeout --kill-after=10s 120s dotnet run --project samples/QuickStart -c Release --no-build
}

mesh() {
  title "Mesh"
  timeout --kill-after=10s 120s dotnet run --project samples/Mesh -c Release --no-build
}

# Sums one number of all result files: count_results passed
count_results() {
  find "$results" -name '*.trx' -exec grep -ho "<Counters [^>]*" {} + 2> /dev/null \
    | { grep -o " $1=\"[0-9]*\"" || true; } | tr -dc '0-9\n' | awk '{ sum += $1 } END { print sum + 0 }'
}

# Names the tests that failed: a log may be cut, and its end is read first.
failed_tests() {
  find "$results" -name '*.trx' -exec grep -h '<UnitTestResult ' {} + 2> /dev/null \
    | { grep -E ' outcome="(Failed|Error|Timeout|Aborted)"' || true; } | sed -E 's/.* testName="([^"]*)".*/Failed: \1/'
}

# Prints 'N passed, N failed'. Errors, timeouts and aborted tests have failed.
summary() {
  local failed=0 outcome
  for outcome in failed error timeout aborted; do failed=$((failed + $(count_results "$outcome"))); done
  echo "$(count_results passed) passed, $failed failed"
}
