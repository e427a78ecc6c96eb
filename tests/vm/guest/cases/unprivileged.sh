# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# As an ordinary user: it audits, says what it cannot do, and does not pretend to
# guard.
as() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
as /usr/sbin/badnessd --once > "$out/once.txt" 2>&1
check 'unprivileged: it audits' "$(tail -n 3 "$out/once.txt")" grep -q '^decision  would kill' "$out/once.txt"
as timeout 5 /usr/sbin/badnessd > "$out/refused.txt" 2>&1; code=$?
check 'unprivileged: it does not run without CAP_KILL' "exit code $code: $(cat "$out/refused.txt")" [ $code = 77 ]
check 'unprivileged: it says why' "$(cat "$out/refused.txt")" grep -q CAP_KILL "$out/refused.txt"
as timeout -s TERM 5 /usr/sbin/badnessd --dry-run > "$out/dry-run.txt" 2>&1; code=$?
check 'unprivileged: a dry run runs until it is told to stop' "exit code $code: $(tail -n 3 "$out/dry-run.txt")" [ $code = 124 ]
