#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# usage: matrix.sh [OUT] > table.md      OUT: default VM/out/matrix
# Everything: the scenarios three times, the percentile, the cases, the daemon's
# own cost; then the table beside the peers. One guest at a time, about two hours.
# What has a result in OUT is not run again. DAEMONS="badnessd earlyoom" measures
# peers anew, instead of taking their figures from peers.csv; REPEAT=3.
here=$(cd "$(dirname "$0")" && pwd)
: "${VM:=$here/../../build/vm}" "${DAEMONS:=badnessd}" "${REPEAT:=3}"
export VM
out=${1:-$VM/out/matrix}
failed=0
run() {  # NAME SCENARIO DAEMON [VAR=VALUE...]
  name=$1 scenario=$2 daemon=$3; shift 3
  if [ ! -f "$out/$name/cases.txt" ]; then
    env "$@" "$here/run.sh" "$scenario" "$daemon" "$out/$name" > /dev/null
  fi
  sed "s/^/$name: /" "$out/$name/cases.txt" >&2 || echo "$name: FAIL no result" >&2
  if ! grep -q . "$out/$name/cases.txt" || grep -q ^FAIL "$out/$name/cases.txt"; then failed=$((failed + 1)); fi
}
mkdir -p "$out"
"$here/build-image.sh" "$VM" >&2
for daemon in $DAEMONS; do
  for n in $(seq "$REPEAT"); do
    for s in leak burst stuck; do run "$s.none.$daemon.$n" "$s" "$daemon"; done
    run "bigvirt.none.$daemon.$n" bigvirt "$daemon" ARG=200
    run "fork.none.$daemon.$n" fork "$daemon" LIMIT=12
    run "leak.disk.$daemon.$n" leak "$daemon" SWAP=disk
    run "thrash.disk.$daemon.$n" thrash "$daemon"
  done
  for n in 100 5000; do run "idle$n.none.$daemon" idle "$daemon" ARG=$n LIMIT=60 MEM=2048; done
done
case " $DAEMONS " in *' badnessd '*)
  run kills kills badnessd TIMEOUT=3600
  for c in "$here"/guest/cases/*.sh; do
    c=$(basename "$c" .sh)
    [ "$c" = kills ] || run "$c" "$c" badnessd TIMEOUT=1200
  done ;;
esac
"$here/summarize.py" "$out"
echo
echo "$failed runs with a failure"
[ $failed = 0 ]
