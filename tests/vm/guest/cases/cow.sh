# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=40 TIMEOUT=1200
# A preloaded parent with 300 MiB and its eight children, which map the same pages
# copy-on-write: the death of one of them gives back almost nothing.
#   may die:   hog
#   must live: family (all nine), java, node, database, old, sshd, beat
servers database family:300
/usr/sbin/badnessd scores -n 0 --json > "$out/cow.scores.json"
most=$(python3 -c 'import json, sys
print(max(t["reclaim_kib"] for t in json.load(open(sys.argv[1]))["tasks"] if t["comm"] == "family"))' "$out/cow.scores.json")
check 'cow: the death of one gives back at most 30 MiB' "${most:-unknown} KiB" [ "${most:-99999}" -le 30720 ]
watch cow hog-leak:100
judge_only cow hog
