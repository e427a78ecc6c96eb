# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# Nobody reads the journal's sockets, and their queue is full: the kill comes as
# fast as ever.
bystanders
systemctl kill -s STOP systemd-journald
info "journald-stop: $(/opt/lab/oomlab fill-journal)"
watch journald-stop hog-leak:100
systemctl kill -s CONT systemd-journald
sleep 1
judge journald-stop
us=$(to_signal_us journald-stop)
check 'journald-stop: signalled within 5 ms' "$us us" [ "${us:-9999999}" -le 5000 ]
