# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: LIMIT=30
# What `badnessd status` says of a daemon that watches, that has killed, and that is
# stopped, and to whom.
status() {  # [COMMAND...]: its exit code; what it printed is in $out/status.txt
  "$@" badnessd status > "$out/status.txt" 2>&1; echo $?
}
says() { check "status: says $1" "$(cat "$out/status.txt")" grep -q "$1" "$out/status.txt"; }
bystanders
sleep 35  # a status that is written while it watches
is 'status: of a daemon that watches' "$(status)" 0
says "watching: process $(main_pid)"
says 'exhausted acts when MemAvailable < '
says '0 since the start'
is 'status: for an ordinary user' "$(status setpriv --reuid=65534 --regid=65534 --clear-groups)" 77
says 'for root and the group badnessd'
is 'status: for a member of the group' \
  "$(status setpriv --reuid=65534 --regid=65534 --groups="$(getent group badnessd | cut -d: -f3)")" 0
watch status hog-leak:100
judge status
is 'status: after a kill' "$(status)" 0
says '1 since the start'
says 'sent SIGKILL to [0-9]* (hog)'
is 'status: as JSON' "$(badnessd status --json | python3 -c '
import json, sys
status = json.load(sys.stdin)
print(status["health"], status["kills"]["since_start"], status["last_decision"]["victim"]["comm"])')" 'watching 1 hog'
systemctl stop badnessd
is 'status: of a daemon that is stopped' "$(status)" 1
says 'not running'
systemctl start badnessd
sleep 2
is 'status: after a start' "$(status)" 0
