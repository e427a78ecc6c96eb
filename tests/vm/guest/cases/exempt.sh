# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=25 TIMEOUT=1200
# A hog with oom_score_adj -1000 takes all but 3.7 % of memory, and in the second run
# all but 1.5 %: half of the limit is 2.5 %.
#   may die:   in the second run bystanders, once less than 2.5 % are available
#   must live: exempt, and in the first run all others too
for permille in 37 15; do
  fresh
  override exempt:$permille 'OOMScoreAdjust=-1000'
  neighbours
  name=exempt-$permille
  watch "$name" "exempt:$permille"
  info "$name: signalled, in order: $(signalled "$name" | counted); MemAvailable at least $(value "$name" avail_min_kib) KiB"
  check "$name: memory was short" "$(value "$name" avail_min_kib) KiB" [ "$(value "$name" cross5_ms)" -gt 0 ]
  check "$name: exempt lives" "$(why "$name" exempt)" eval '! grep -q ^exempt "$out/$name.died"'
  first=$(sed -n '1s/.* //p' "$out/$name.died")
  least=$(awk -F, -v t="${first:-0}" 'NR > 1 && $1 <= t && (!least || $2 < least) { least = $2 } END { print least + 0 }' "$out/$name.csv")
  [ $permille = 15 ] || is "$name: no process dies" "$(signalled "$name" | counted)" ''
  check "$name: none dies above half of the limit" "at $least KiB: $(signalled "$name" | counted); $(why "$name" "$(signalled "$name" | head -n 1)")" \
    [ "$((least * 40))" -lt "$(value "$name" total_kib)" ]
  no_kernel_kill "$name"
done
check 'exempt: the log names it' "$(journalctl -u badnessd --no-pager -o cat -q | tail -n 3)" log_has exempt
