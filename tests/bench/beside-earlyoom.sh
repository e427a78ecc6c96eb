#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: beside-earlyoom.sh [BUILD] > results.csv
# CPU time of one decision beside 100 to 10,000 idle processes: earlyoom, a
# read of all with selection, and a decision from the census. In turn, the least of
# three rounds each. Run it as an ordinary user, with Debian's earlyoom and a Release
# build with tests: cmake --build BUILD --target badnessd_bench badnessd_crowd
set -euo pipefail
build=${1:-$(dirname "$0")/../../build}
bench=$build/tests/badnessd_bench crowd=$build/tests/badnessd_crowd
earlyoom=$(command -v earlyoom || command -v /usr/bin/earlyoom)

# Microseconds of CPU time for each decision in 3 s with a threshold that always holds.
earlyoom_us() {
  log=$(mktemp)
  "$earlyoom" --dryrun -m 99 -s 100 -r 0 >"$log" 2>&1 &
  pid=$!
  sleep 3
  ticks=$(sed 's/.*) //' "/proc/$pid/stat" | cut -d' ' -f12,13 | tr ' ' +)
  kill "$pid"; wait "$pid" 2>/dev/null || true
  decisions=$(grep -c 'low memory' "$log")
  rm "$log"
  echo $((($ticks) * 1000000 / $(getconf CLK_TCK) / decisions))
}
bench_us() {  # NAME
  "$bench" --benchmark_filter="^$1" --benchmark_min_time=1 --benchmark_format=csv 2>/dev/null |
    awk -F, -v name="\"$1" 'index($1, name) == 1 { printf "%d\n", $4 / ($5 == "ns" ? 1000 : 1) }'
}
least() { sort -n | head -1; }

if [ "${1:-}" = --one-round ]; then
  build=$2 bench=$build/tests/badnessd_bench
  for _ in 1 2 3; do
    earlyoom_us >>"$3/earlyoom"
    bench_us read_all_and_select >>"$3/scan"
    bench_us decide_from_census >>"$3/census"
  done
  exit
fi
echo 'idle,processes,earlyoom_us,scan_us,census_us,scan_ratio,census_ratio'
for idle in ${IDLE:-100 1000 5000 10000}; do
  dir=$(mktemp -d)
  sleep 3  # what ran before has ended
  processes=$(("$(ls -d /proc/[0-9]* | wc -l)" + idle))
  "$crowd" "$idle" "$(realpath "$0")" --one-round "$build" "$dir"
  awk -v OFS=, -v idle="$idle" -v processes="$processes" -v a="$(least <"$dir/earlyoom")" \
    -v b="$(least <"$dir/scan")" -v c="$(least <"$dir/census")" \
    'BEGIN { print idle, processes, a, b, c, sprintf("%.2f", b / a), sprintf("%.3f", c / a) }'
  rm -r "$dir"
done
