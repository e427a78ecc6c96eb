# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: LIMIT=90 TIMEOUT=1200
# A master forks 250 workers that map and touch the same 256 MiB, on one processor: all
# of them take long to exit.
#   may die:   forker, hog
#   must live: db, java, sshd, beat
role db java sshd beat; settle
linger=5
watch storm-touch hog-touch:250
linger=1
judge_culprit storm-touch
