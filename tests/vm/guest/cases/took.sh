# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=90 TIMEOUT=1200
# A leak beside servers that took nothing, first at 100 and then at 20 MB/s.
#   may die:   hog
#   must live: java, node, database, old, family, sshd, beat
for rate in 100 20; do
  fresh; servers
  watch "took-$rate" "hog-leak:$rate"
  judge_only "took-$rate" hog
done
