# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 ICOUNT=shift=3,sleep=off LIMIT=90
# badnessd is killed when the signal is sent and the victim still has most of its
# memory (125 MIPS, so that the exit takes longer than the restart). The one that
# systemd starts anew must not kill again. Without process_mrelease: a thread that
# is in it keeps the dead daemon from being reaped until the victim's memory is free.
mkdir -p /run/systemd/system/badnessd.service.d
printf '[Service]\nSystemCallFilter=~process_mrelease\n' > /run/systemd/system/badnessd.service.d/lab.conf
systemctl daemon-reload
systemctl restart badnessd
check 'killed-between: it says that process_mrelease is denied' "$(journalctl -u badnessd --no-pager -o cat -q)" log_has 'no process_mrelease'
bystanders
/opt/lab/oomlab sniper "$(main_pid)" > "$out/sniper.txt" &
sniper=$!
watch killed-between hog-leak:40
kill $sniper 2>/dev/null
sleep 2
info "killed-between: $(cat "$out/sniper.txt")"
check 'killed-between: badnessd was killed' 'the hog went too fast' [ -s "$out/sniper.txt" ]
shot=$(sed -n 's/.* at \([0-9]*\) us.*/\1/p' "$out/sniper.txt")
back=$(systemctl show badnessd -p ActiveEnterTimestampMonotonic --value)
check 'killed-between: the new one ran before the hog was gone' "shot at ${shot:-never}, back at $back, hog dead at $(value killed-between all_dead_us)" \
  [ "$back" -lt "$(value killed-between all_dead_us)" ]
is 'killed-between: only the hog dies' "$(victims killed-between)" hog
no_kernel_kill killed-between
check 'killed-between: badnessd is back' "$(systemctl show badnessd -p ActiveState,NRestarts)" \
  eval 'systemctl -q is-active badnessd && [ "$(systemctl show badnessd -p NRestarts --value)" = 1 ]'
