# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: LIMIT=20
# What `badnessd history` finds of a kill, with a journal and without one; who may
# see it; that a cut record does no harm.
as() {  # GROUP COMMAND...: as an ordinary user who is a member
  group=$1; shift
  setpriv --reuid=65534 --regid=65534 --groups="$(getent group "$group" | cut -d: -f3)" "$@"
}
ask() {  # COMMAND...: its exit code; what it printed is in $out/history.txt
  "$@" > "$out/history.txt" 2>&1; echo $?
}
says() { check "history: $1" "$(cat "$out/history.txt")" grep -q "$2" "$out/history.txt"; }
hogs() { badnessd history "$@" 2>/dev/null | grep -c '(hog)'; }
is 'history: before any kill' "$(ask badnessd history)" 0
says 'there is none' '^no decision is recorded$'
bystanders
watch history hog-leak:100
judge history
sleep 3
file=/var/lib/badnessd/decisions.jsonl
is 'history: the file is for the group' "$(stat -c '%U:%G %a' $file)" 'badnessd:badnessd 640'
is 'history: for root' "$(ask badnessd history)" 0
info "history: $(tail -n 1 "$out/history.txt")"
says 'a line has it all' '^[0-9a-f]*-1  20..-..-.. ..:..:..  [0-9]* (hog) .*iB .*iB .* ms .* ms .* ms  exhausted$'
is 'history: for a member of the group' "$(ask as badnessd badnessd history)" 0
says 'shows it to a member of the group' '(hog)'
is 'history: for an ordinary user' "$(ask as nogroup badnessd history)" 77
says 'names who may' 'for root and the group badnessd'
id=$(badnessd history | sed -n 's/^\([^ ]*\) .*(hog).*/\1/p')
is 'history: of one id' "$(ask badnessd history "$id")" 0
says 'one decision is sentences' '^decision  sent SIGKILL to [0-9]* (hog)'
says 'up to the end' 'the signal went [0-9.]* ms after the trigger fired'
is 'history: of an unknown id' "$(ask badnessd history 65a-1)" 66
badnessd history "$id" --json > "$out/one.json"
is 'history: the record is that of the last kill' \
  "$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1])) == json.load(open(sys.argv[2])))' "$out/one.json" "$out/history.last-kill.json")" True
is 'history: as JSON' "$(badnessd history --json | python3 -c 'import json, sys
print([it["victim"]["comm"] for it in json.load(sys.stdin)])')" "['hog']"
is 'history: the journal has its copy' "$(journalctl -q -o cat MESSAGE_ID=b6d2c1f4a3ce4b0e9f1d7a5c88e04f62 | grep -c "$id")" 1

# A daemon without a journal.
mkdir -p /run/systemd/system/badnessd.service.d
printf '[Service]\nInaccessiblePaths=/run/systemd/journal/socket\n' > /run/systemd/system/badnessd.service.d/history.conf
systemctl daemon-reload
systemctl restart badnessd
fresh
bystanders
watch history-file hog-leak:100
judge history-file
sleep 3
is 'history: the file has both records' "$(grep -c '"hog"' $file)" 2
is 'history: both kills are in the list' "$(hogs)" 2
is 'history: the newest is last' "$(badnessd history | sed -n '$s/ .*//p')" "$(record history-file id)"
# A record that a power loss has cut.
size=$(stat -c %s $file)
cp $file "$out/decisions.jsonl"
printf '\n%s' "$(head -c $((size / 2)) "$out/decisions.jsonl")" >> $file
is 'history: with a cut record' "$(ask badnessd history)" 0
says 'counts it' '^badnessd: 1 damaged record is left out$'
is 'history: and shows the others' "$(grep -c '(hog)' "$out/history.txt")" 2
rm -r /run/systemd/system/badnessd.service.d/history.conf
systemctl daemon-reload
