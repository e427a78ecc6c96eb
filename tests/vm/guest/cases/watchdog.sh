# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# badnessd hangs: systemd ends it when the watchdog is not fed, and starts it anew.
before=$(main_pid)
if [ "$before" = 0 ]; then fail watchdog 'badnessd does not run'; return; fi
kill -STOP "$before"
for _ in $(seq 30); do
  sleep 5
  now=$(main_pid)
  [ "$now" = "$before" ] || [ "$now" = 0 ] || break
done
check 'watchdog: a hung badnessd is replaced' "still $now" [ "$now" != "$before" ]
check 'watchdog: the new one is active' "$(systemctl is-active badnessd)" systemctl -q is-active badnessd
kill -CONT "$before" 2>/dev/null
