# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: ICOUNT=shift=2,sleep=off LIMIT=70
# Processes come and go for a minute while it scans: no error, and no descriptor
# is left behind.
bystanders
systemctl -q is-active badnessd && fds=$(find "/proc/$(main_pid)/fd" | wc -l)
role storm:60 sshd
/opt/lab/oomlab agent "$out/fork-storm" 65 &
agent=$!
scans=0 failed=0
for _ in $(seq 60); do
  sleep 0.7
  /usr/sbin/badnessd --once > /run/lab/once.txt 2>&1 || { failed=$((failed + 1)); cp /run/lab/once.txt "$out/"; }
  scans=$((scans + 1))
done
wait $agent
info "fork-storm: $(value fork-storm jobs) processes, $scans scans"
check 'fork-storm: no scan fails' "$failed of $scans" [ $failed = 0 ]
now=$(find "/proc/$(main_pid)/fd" | wc -l)
check 'fork-storm: no descriptor is lost' "$fds before, $now after" [ "$fds" = "$now" ]
check 'fork-storm: no error in the log' "$(journalctl -u badnessd -p warning --no-pager -o cat | tail -n 3)" \
  [ -z "$(journalctl -u badnessd -p err --no-pager -o cat -q)" ]
nobody fork-storm
