# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=40 TIMEOUT=1200
# Two processes share one memory (CLONE_VM), and one of them leaks: the death of one
# alone gives nothing back.
#   may die:   hog, both
#   must live: java, node, database, old, family, sshd, beat
servers
watch shared-mm hog-vm:100
judge_only shared-mm hog
check 'shared-mm: both die' "$(value shared-mm hogs_dead) of $(value shared-mm hogs)" \
  [ "$(value shared-mm hogs).$(value shared-mm hogs_dead)" = 2.2 ]
