# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# The example path unit keeps a copy of the record.
systemctl start badnessd-on-kill.path
scenario burst
sleep 2
copies=$(find /var/lib/badnessd-on-kill/ -name '*.json' | wc -l)
check 'on-kill: the record is kept' "$(systemctl status -n 5 badnessd-on-kill.service | tail -n 5)" [ "$copies" -ge 1 ]
