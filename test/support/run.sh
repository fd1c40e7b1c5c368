#!/usr/bin/env bash
# run.sh [unit|e2e] [FILE…]: runs tests with node's own runner and closes with the plain line `N passed, N failed, N skipped`.
# End-to-end tests compare pictures of the whole machine, so they run one file at a time, after everything else.
set -uo pipefail
cd "$(dirname "$0")/../.."
node=$(echo node_modules/node-linux-*/bin/node)
which=${1:-all}
shift || true
report=$(mktemp) failures=$(mktemp)
trap 'rm -f "$report" "$failures"' EXIT
passed=0 failed=0 skipped=0 status=0

run() { # CONCURRENCY FILE…
  local concurrency=$1
  shift
  "$node" --disable-warning=ExperimentalWarning --test --test-concurrency="$concurrency" \
    --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=tap --test-reporter-destination="$report" "$@" || status=1
  passed=$((passed + $(count pass)))
  failed=$((failed + $(count fail) + $(count cancelled)))
  skipped=$((skipped + $(count skipped)))
  failed_tests >>"$failures"
}

count() { awk -v key="$1" '$1 == "#" && $2 == key { n = $3 } END { print n + 0 }' "$report"; }

# Each failed test with its place and error; not the suites around it, which only say that something in them failed.
failed_tests() {
  awk '
    /^ *not ok / { block = $0; inside = lines = 1; end = ""; next }
    inside && ++lines <= 40 { block = block "\n" $0 }
    # Values may have such a line too, further in.
    inside && end == "" && /^ *---$/ { end = $0; sub(/---/, "...", end) }
    inside && $0 == end {
      inside = 0
      if (block !~ /failureType: .subtestsFailed/) print block
    }' "$report"
}

if [ $# -gt 0 ]; then
  run 1 "$@"
else
  mapfile -t unit < <(find test -name '*.test.ts' -not -path 'test/e2e/*' -not -path '*/fixtures/*' | sort)
  mapfile -t e2e < <(find test/e2e -name '*.test.ts' | sort)
  case $which in all | unit) run "${TEST_CONCURRENCY:-2}" "${unit[@]}" ;; esac
  case $which in all | e2e) run 1 "${e2e[@]}" ;; esac
fi

if [ $((passed + failed)) -eq 0 ]; then
  echo "no test ran"
  exit 1
fi
# Once more, as the first half's are far above.
if [ -s "$failures" ]; then
  echo "failed tests:"
  cat "$failures"
fi
echo "$passed passed, $failed failed, $skipped skipped"
exit "$status"
