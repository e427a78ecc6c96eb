# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# A broken file and SIGHUP: the daemon runs on with what it had, and says why; a
# good one is taken over.
before=$(main_pid)
cp /etc/badnessd/badnessd.toml /run/lab/good.toml
echo 'no such thing' >> /etc/badnessd/badnessd.toml
systemctl reload badnessd; sleep 1
check 'reload: a broken file is refused and said so' "$(journalctl -u badnessd -n 3 --no-pager -o cat)" log_has 'keeping the running settings'
check 'reload: the same process runs on' "$before, now $(main_pid)" [ "$before" = "$(main_pid)" ]
cp /run/lab/good.toml /etc/badnessd/badnessd.toml
systemctl reload badnessd; sleep 1
check 'reload: active after a good file' "$(systemctl is-active badnessd)" systemctl -q is-active badnessd
check 'reload: the same process runs on after a good file' "$before, now $(main_pid)" [ "$before" = "$(main_pid)" ]
