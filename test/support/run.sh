#!/usr/bin/env bash
# run.sh [all|unit|e2e]: the project's tests, by node's own runner. run.sh x FILE…: these. At the end: failed tests, the time of each
# file, what was skipped and why, and the plain line `N passed, N failed, N skipped`.
# End-to-end tests run after everything else, and those that compare pictures of the whole machine one file at a time.
set -uo pipefail
cd "$(dirname "$0")/../.."
node="$(echo node_modules/node-linux-*/bin/node) --disable-warning=ExperimentalWarning"
which=${1:-all}
shift || true
tally=$(mktemp -d)
trap 'rm -rf "$tally"' EXIT
status=0

run() { # CONCURRENCY NAME FILE…
  # What waits sees to its own end (patience.ts); this is for what hangs.
  $node --test --test-timeout=3600000 --test-concurrency="$1" \
    --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=./test/support/tally.ts --test-reporter-destination="$tally/$2" "${@:3}" || status=1
}

if [ $# -gt 0 ]; then
  run 1 these "$@"
else
  # Once, before all who boot guests; as anybody else they cannot. Where it cannot be built, they say why.
  [ "$(id -u)" -ne 0 ] || $node test/support/guest-image.ts
  concurrency=${TEST_CONCURRENCY:-2}
  mapfile -t unit < <(find test -name '*.test.ts' -not -path 'test/e2e/*' -not -path '*/fixtures/*' | sort)
  mapfile -t together < <(grep -L hostPicture test/e2e/*.test.ts)
  mapfile -t alone < <(grep -l hostPicture test/e2e/*.test.ts)
  case $which in all | unit) run "$concurrency" unit "${unit[@]}" ;; esac
  case $which in all | e2e)
    run "$concurrency" together "${together[@]}"
    run 1 alone "${alone[@]}"
    ;;
  esac
fi
$node test/support/closing.ts "$tally"/* || status=1
exit "$status"
