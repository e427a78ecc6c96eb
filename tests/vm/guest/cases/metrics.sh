# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: LIMIT=30
# The file for node_exporter: refused by sandbox and directory, then as the manual
# has it, on a disk that hangs, and after a restart.
dir=/var/lib/prometheus/node-exporter  # as Debian's package makes it
file=$dir/badnessd.prom
metric() { sed -n "s/^badnessd_$1 //p" "$file"; }
refused() { journalctl -u badnessd --no-pager -o cat | grep -c "metrics.textfile: cannot write $file: $1"; }
status() { badnessd status > "$out/status.txt" 2>&1; echo $?; }
kills() {  # NAME COUNT: what the file shows after a kill
  sleep 3
  is "$1: kills" "$(metric 'kills_total{trigger="exhausted"}')" "$2"
  is "$1: none of another trigger" "$(metric 'kills_total{trigger="stalled"}')" 0
  is "$1: one latency for each" "$(metric signal_latency_seconds_count)" "$2"
  is "$1: one amount for each" "$(metric reclaimed_bytes_count)" "$2"
  is "$1: all are in the last bucket" "$(metric 'reclaimed_bytes_bucket{le="+Inf"}')" "$2"
}
bystanders
# A disk of its own, which can be frozen later.
mkdir -p $dir && mkfs.ext4 -q /dev/nvme0n3 && mount /dev/nvme0n3 $dir
sed -i "s,^textfile = .*,textfile = \"$file\"," /etc/badnessd/badnessd.toml
systemctl restart badnessd
sleep 65
is 'metrics: the sandbox refuses, said once' "$(refused 'Read-only file system')" 1
is 'metrics: the daemon is degraded' "$(status)" 2
check 'metrics: the status says why' "$(cat "$out/status.txt")" grep -q "lacks *metrics.textfile: cannot write $file" "$out/status.txt"

mkdir -p /etc/systemd/system/badnessd.service.d
printf '[Service]\nReadWritePaths=-%s\n' $dir > /etc/systemd/system/badnessd.service.d/metrics.conf
systemctl daemon-reload
systemctl restart badnessd
sleep 5
is 'metrics: the directory refuses' "$(refused 'Permission denied')" 1
check 'metrics: so says a check as the user of the service' "$(cat "$out/check.txt")" eval \
  'setpriv --reuid=badnessd --regid=badnessd --init-groups badnessd check > "$out/check.txt"; grep -q "metrics.textfile: uid [0-9]* cannot write to $dir/: Permission denied" "$out/check.txt"'
chgrp badnessd $dir
chmod g+w $dir
sleep 35
check 'metrics: written as soon as it can be' "$(journalctl -u badnessd -n 5 --no-pager -o cat)" log_has 'metrics.textfile: written again'
is 'metrics: the daemon is not degraded any more' "$(status).$(metric degraded)" 0.0
is 'metrics: all may read the file' "$(stat -c %a.%U $file)" 644.badnessd
is 'metrics: it is up' "$(metric up)" 1
kills 'metrics: before a kill' 0

watch metrics hog-leak:100
judge metrics
kills 'metrics: after a kill' 1
now=$(date +%s) last=$(metric last_kill_timestamp_seconds)
check 'metrics: when it was' "$last, now $now" [ $((now - last)) -lt 60 ]
cp $file "$out/metrics.prom"

fsfreeze -f $dir
sleep 35  # a write that does not end
fresh
bystanders
watch frozen hog-leak:100
judge frozen
is 'metrics: a disk that hangs stops no watching' "$(status)" 0
fsfreeze -u $dir
sleep 35
kills 'metrics: after a disk that hung' 2

started=$(metric start_time_seconds)
systemctl restart badnessd
sleep 5
kills 'metrics: after a restart' 0
check 'metrics: a restart shows' "$started, now $(metric start_time_seconds)" [ "$started" -lt "$(metric start_time_seconds)" ]
is 'metrics: nothing is left over' "$(ls $dir)" "badnessd.prom
lost+found"
