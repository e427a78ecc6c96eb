# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# The unit as it is: user, capabilities, locked memory, and every call through the
# filter.
pid=$(main_pid)
status() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$pid/status"; }
user=$(stat -c %U "/proc/$pid")
is 'sandbox: runs as badnessd' "$user" badnessd
is 'sandbox: four capabilities' "$(status CapEff)" 0000000001084020
is 'sandbox: filtered' "$(status Seccomp)" 2
check 'sandbox: memory is locked' "$(status VmLck)" [ "$(status VmLck | tr -dc 0-9)" -gt 1000 ]
is 'sandbox: the kernel leaves it alone' "$(cat "/proc/$pid/oom_score_adj")" -1000
check 'sandbox: a PSI trigger is open' "$(ls -l "/proc/$pid/fd")" eval 'ls -l /proc/$pid/fd | grep -q /proc/pressure/memory'
denied=$(journalctl -u badnessd --no-pager -o cat -q | grep -iE 'EPERM|not permitted|denied|forbidden')
check 'sandbox: it does not complain of a refusal' "$denied" [ -z "$denied" ]
check 'sandbox: exposure' "$(systemd-analyze security badnessd 2>&1 | tail -n 1)" \
  eval 'systemd-analyze security --threshold=12 badnessd > /dev/null 2>&1'
# Without the daemon's word for it: the same unit around a program that tries each
# call, on a process of another user.
role sshd
sed -e "s,^ExecStart=.*,ExecStart=/opt/lab/oomlab probe $(systemctl show lab-role@sshd -p MainPID --value)," \
  -e 's/^Type=.*/Type=oneshot/' -e '/^Restart/d; /^Watchdog/d; /^NotifyAccess/d; /^ExecReload/d; /^Conflicts/d' \
  -e 's/^RuntimeDirectoryPreserve=.*/RuntimeDirectoryPreserve=yes/' \
  /usr/lib/systemd/system/badnessd.service > /run/systemd/system/probe.service
systemctl daemon-reload
systemctl start probe
found=$(journalctl -u probe --no-pager -o cat -q)
check 'sandbox: each call that it needs is permitted' "$found" eval 'echo "$found" | grep -q "all permitted"'
