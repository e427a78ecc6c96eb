#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# usage: torture.sh MINUTES [SEED]
# Emergencies with disturbances at random, in guests of five minutes each: with and
# without swap and PSI, a crowd of processes, few pids, a user with 20,000 cgroups or
# with long command lines, a process that executes for ever, a container that dies at
# its limit again and again, a unit that restarts with stalls. Prints each guest's
# result and a Markdown table of all. The same seed gives the same choices. By hand:
# an hour shows more than any case. environment: that of run.sh
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 1 ] || { sed -n 's/^# \{0,1\}//; 3,9p' "$0"; exit 2; }
seed=${2:-$(date +%s)}
top=$(realpath "$here/../..")
results=${VM:-$top/build/vm}/out/torture-$seed
echo "seed $seed, results in $results"
each=5 left=$1
[ "$left" -ge $each ] || each=$left
while [ "$left" -gt 0 ]; do
  case $((seed % 4)) in 0) SWAP=zram ;; 1) SWAP=disk ;; *) SWAP=none ;; esac
  PSI=$((seed % 5 != 0))
  export SWAP PSI
  ARG=$each:$seed "$here/run.sh" torture badnessd "$results/$seed" | grep -v '^PASS'
  seed=$((seed + 1)) left=$((left - each))
done
cat "$results"/*/torture.csv | awk -F, '
  $1 == "round" { next }
  { n += $7 > 0; wrong += $5 != ""; missed += $6 > 0; if ($7 > low && $2 !~ /^(shm|shell|tmpfs|exempt)/) low = $7; restarts += $8 }
  END { print "| emergencies | rounds with a wrong kill | kernel kills | restarts | longest time below 5 % |"
        print "|---|---|---|---|---|"
        printf "| %d | %d | %d | %d | %d ms |\n", n, wrong, missed, restarts, low }'
