#!/usr/bin/env bash
# repeat.sh N [FILE…]: the end-to-end tests (or FILEs) N times, with a line for each run; what failed runs printed is kept.
# LOAD=K: beside K times two busy loops and a disk hog, which end by themselves after two hours.
set -uo pipefail
cd "$(dirname "$0")/../.."
runs=${1:?how many times}
shift
words=(e2e)
[ $# -eq 0 ] || words=(x "$@")
place=$(mktemp -d /var/tmp/tenrec-repeat.XXXXXX)
burden=() failed=0

# Each in a process group of its own, which timeout makes.
start_load() {
  local n
  for n in $(seq "${LOAD:-0}"); do
    timeout 7200 sh -c 'while :; do :; done' & burden+=($!)
    timeout 7200 sh -c 'while :; do :; done' & burden+=($!)
    timeout 7200 sh -c 'while :; do dd if=/dev/zero of="$0" bs=1M count=256 conv=fdatasync 2> /dev/null; done' "$place/hog$n" & burden+=($!)
  done
}
stop_load() {
  for pid in "${burden[@]}"; do kill -- "-$pid"; done
  wait "${burden[@]}" 2> /dev/null
  rm -f "$place"/hog*
  rmdir "$place" 2> /dev/null # where no run has failed
}
trap stop_load EXIT
trap 'exit 130' INT TERM
start_load

for n in $(seq "$runs"); do
  log=$place/run$n.log begin=$SECONDS
  if test/support/run.sh "${words[@]}" > "$log" 2>&1; then verdict=ok; else verdict="FAILED, see $log" failed=$((failed + 1)); fi
  read -r average _ < /proc/loadavg
  echo "run $n of $runs: $(tail -n 1 "$log") in $((SECONDS - begin)) s, load $average: $verdict"
  [ "$verdict" != ok ] || rm "$log"
done
echo "$runs runs, $failed failed"
[ "$failed" -eq 0 ]
