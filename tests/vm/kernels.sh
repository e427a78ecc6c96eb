#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# usage: kernels.sh [SUITE...] > table.md
# The cases leak, took, fork, scope, thrash and sandbox with the cloud kernel of
# each of Debian's suites, in the guest of build-image.sh (Debian 12): a table, and
# on standard error what failed. About a quarter of an hour for each kernel. What
# has a result in VM/out/kernels is not run again.
# environment: VM=build/vm, and that of run.sh
here=$(cd "$(dirname "$0")" && pwd)
export VM="${VM:-$here/../../build/vm}"
[ $# -gt 0 ] || set -- bullseye bookworm trixie trixie-backports testing
"$here/build-image.sh" "$VM" >&2 || exit 1
all=$VM/out/kernels
failed=0
run() {  # CASES [VAR=VALUE...]
  cases=$1 out=$all/$suite/$1; shift
  [ -f "$out/cases.txt" ] ||
    env VMLINUZ="$all/$suite/kernel/vmlinuz" "$@" "$here/run.sh" "$cases" badnessd "$out" > /dev/null
  cat "$out/cases.txt"
}
cell() {  # CASE: passed checks of all, and what was measured
  awk -v name="$1" '
    $2 !~ "^" name "(-[0-9]+)?:$" { next }
    $1 == "PASS" { pass++ }
    $1 == "FAIL" { fail++ }
    $1 == "INFO" && match($0, /threshold to signal [0-9]+/) {
      times = times sprintf("%s%.1f", times ? ", " : "", substr($0, RSTART + 20, RLENGTH - 20) / 1000) }
    END { printf " %s%s |", fail || !pass ? pass + 0 " of " pass + fail : "all " pass, times ? "; " times " ms" : "" }'
}
echo '| suite, kernel | leak | took | fork | scope | thrash | sandbox |'
echo '|---|---|---|---|---|---|---|'
for suite; do
  if ! "$here/kernel.sh" "$suite" "$all/$suite/kernel" >&2; then failed=$((failed + 1)); continue; fi
  found=$({ run leak+fork+sandbox+scope LIMIT=30; run took; run thrash; } 2>&1)
  failed=$((failed + $(echo "$found" | grep -vcE '^(PASS|INFO)')))
  echo "$found" | grep -vE '^(PASS|INFO)' | sed "s/^/$suite: /" >&2
  printf '| %s, %s |' "$suite" "$(ls "$all/$suite/kernel/modules" | sed 's/-cloud.*//')"
  for c in leak took fork scope thrash sandbox; do echo "$found" | cell $c; done
  echo
done
[ $failed = 0 ]
