# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=40 TIMEOUT=1200
# badnessd starts when a hog has taken all but 4.8 % of memory, and goes on by 35 MB/s.
# What it was before, nothing tells; a JVM holds more than the hog.
#   may die:   hog, not before a second of notes or half of the limit (2.5 %)
#   must live: java, sshd, db, beat
systemctl stop badnessd
role java:900 db sshd beat; settle
rm -f /run/lab/started
role hog-late:35
/opt/lab/oomlab await
(sleep 5; systemctl start badnessd; : > /run/lab/started) &
watch started-late ''
wait $!
judge_culprit started-late
go=$(value started-late t_go_us)
start=$(systemctl show badnessd -p ExecMainStartTimestampMonotonic --value)
signal=$(sed -n 's/^ *badnessd-[0-9].* \([0-9]*\)\.\([0-9]*\): signal_generate: sig=9 .*/\1\2/p' "$trace/trace" | awk -v go="$go" '$1 > go' | head -n 1)
after=$((${signal:-0} - start))
short=$(awk -F, -v t="$(((${signal:-0} - go) / 1000))" 'NR > 1 && $1 <= t { kib = $2 } END { print kib + 0 }' "$out/started-late.csv")
info "started-late: first signal $((after / 1000)) ms after the start, at $short KiB"
check 'started-late: after a second of notes, or below half of the limit' "after $((after / 1000)) ms, at $short KiB" \
  [ $((after >= 1000000 || short * 40 < $(value started-late total_kib))) = 1 ]
