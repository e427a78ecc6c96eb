# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# The storm of the scenario fork beside a database that is hours old, which
# 2.6.32 would credit: a storm is judged by memory, so nothing changes.
role sshd db; sleep 16400
role beat; sleep 2
watch fork-old hog-fork:8
judge_storm fork-old
info "fork-old: the database is $(ps -o etimes= -p "$(systemctl show lab-role@db -p MainPID --value)") s old"
