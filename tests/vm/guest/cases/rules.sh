# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: LIMIT=30
# The order of jvm-root, with the administrator's word: the jvm and the database
# live, by unit and by command line, and the record says by which rule. The hog,
# which root runs under an own unit, is named with its unit in the record.
cat >> /etc/badnessd/badnessd.toml <<'TOML'
[[rule]]
name = "must live"
unit = ["lab-role@db.service", "lab-role@beat.service"]
protect = true
[[rule]]
name = "jvm"
cmdline = "*oomlab jvm*"
user = "nobody"
oom_adj = -16
TOML
role jvm:200; bystanders
override hog-leak:100 'User=root
Restart=on-failure
RestartSec=infinity
OOMPolicy=kill'
systemctl reload badnessd; sleep 12
/usr/sbin/badnessd check > "$out/rules.check.txt"
check 'rules: check finds whom they match' "$(grep 'must live' "$out/rules.check.txt")" \
  grep -q 'must live, protects, matches 2 processes' "$out/rules.check.txt"
watch rules hog-leak:100
died=$(victims rules)
check 'rules: only the hog dies' "died: ${died:-nobody}" [ "$died" = hog ]
no_kernel_kill rules
is 'rules: the record names the unit' "$(record rules sets_off.unit)" lab-role@hog-leak:100.service
is 'rules: and memory.oom.group' "$(record rules sets_off.oom_group)" /system.slice/lab-role@hog-leak:100.service
info "rules: threshold to signal $(to_signal_us rules) us"
