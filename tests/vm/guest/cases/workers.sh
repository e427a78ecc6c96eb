# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=120 TIMEOUT=1200
# Four workers leak at 20 MB/s each. The death of one frees a quarter, which the
# others take again, so that in the end all four die.
#   may die:   hog, each of the four workers
#   must live: master, java, node, database, old, family, sshd, beat
servers
watch workers hog-workers:80
judge_only workers hog
info "workers: $(value workers hogs_dead) of $(value workers hogs) workers died"
