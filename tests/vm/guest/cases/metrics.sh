# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: LIMIT=30
# The file for node_exporter: who can read it, what it shows of a kill, and after a
# restart.
file=/run/badnessd/badnessd.prom
# The line of the manual, with the directory of Debian's package.
dir=/var/lib/prometheus/node-exporter
mkdir -p $dir && ln -s $file $dir/
metric() { setpriv --reuid=65534 --regid=65534 --clear-groups sed -n "s/^badnessd_$1 //p" "$dir/badnessd.prom"; }
status() { badnessd status > "$out/status.txt" 2>&1; echo $?; }
kills() {  # NAME COUNT: what the file shows after a kill
  sleep 3
  is "$1: kills" "$(metric 'kills_total{trigger="exhausted"}')" "$2"
  is "$1: none of another trigger" "$(metric 'kills_total{trigger="stalled"}')" 0
  is "$1: one latency for each" "$(metric signal_latency_seconds_count)" "$2"
  is "$1: one amount for each" "$(metric reclaimed_bytes_count)" "$2"
}
bystanders
is 'metrics: all may read the file' "$(stat -c %a.%U $file)" 644.badnessd
is 'metrics: it alone' "$(setpriv --reuid=65534 --regid=65534 --clear-groups cat /run/badnessd/status.json /run/badnessd/state 2>&1 | grep -c 'Permission denied')" 2
is 'metrics: the daemon is not degraded' "$(status).$(metric 'degraded{.*}' | sort -u)" 0.0
is 'metrics: it is up' "$(metric up)" 1
kills 'metrics: before a kill' 0

watch metrics hog-leak:100
judge metrics
kills 'metrics: after a kill' 1
now=$(date +%s) last=$(metric last_kill_timestamp_seconds)
check 'metrics: when it was' "$last, now $now" [ $((now - last)) -lt 60 ]
cp $file "$out/metrics.prom"

started=$(metric start_time_seconds)
systemctl restart badnessd
sleep 5
kills 'metrics: after a restart' 0
check 'metrics: a restart shows' "$started, now $(metric start_time_seconds)" [ "$started" -lt "$(metric start_time_seconds)" ]
systemctl stop badnessd
is 'metrics: the file goes with the daemon' "$(metric up 2>&1 | grep -c 'No such file')" 1
systemctl start badnessd
