# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: LIMIT=20
# What `badnessd history` finds of a kill in the journal and, where the daemon has no
# journal, in its file; who may see it; that entries of other users do not count.
as() {  # GROUP COMMAND...: as an ordinary user who is a member
  group=$1; shift
  setpriv --reuid=65534 --regid=65534 --groups="$(getent group "$group" | cut -d: -f3)" "$@"
}
ask() {  # COMMAND...: its exit code; what it printed is in $out/history.txt
  "$@" > "$out/history.txt" 2>&1; echo $?
}
says() { check "history: $1" "$(cat "$out/history.txt")" grep -q "$2" "$out/history.txt"; }
hogs() { badnessd history "$@" 2>/dev/null | grep -c '(hog)'; }
no_journal() {  # COMMAND...: where no journal is kept
  unshare -m sh -c 'for d in /var/log/journal /run/log/journal; do [ ! -d $d ] || mount -t tmpfs none $d; done; exec "$@"' sh "$@"
}
is 'history: before any kill' "$(ask badnessd history)" 0
says 'there is none' '^no decision is recorded$'
bystanders
watch history hog-leak:100
judge history
is 'history: for root' "$(ask badnessd history)" 0
info "history: $(tail -n 1 "$out/history.txt")"
says 'a line has it all' '^[0-9a-f]*-1  20..-..-.. ..:..:..  [0-9]* (hog) .*iB .*iB .* ms .* ms .* ms  exhausted$'
for group in systemd-journal adm; do
  is "history: for a member of $group" "$(ask as $group badnessd history)" 0
  says "shows it to a member of $group" '(hog)'
done
is 'history: for an ordinary user' "$(ask as nogroup badnessd history)" 77
says 'names who may' 'for root and the groups systemd-journal and adm'
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
for since in 1h '2 days ago' today "$(date -d '-1 hour' '+%F %H:%M')"; do
  is "history: since $since" "$(hogs --since "$since")" 1
done
is 'history: since a time to come' "$(hogs --since "$(date -d '+1 day' +%F)")" 0

# An entry that a user has sent.
sed 's/(hog)/(forged)/g; s/"hog"/"forged"/g' "$out/one.json" | tr -d '\n' | sed 's/^/MESSAGE=forged\nMESSAGE_ID=b6d2c1f4a3ce4b0e9f1d7a5c88e04f62\nBADNESSD_RECORD=/' > "$out/forged.txt"
as nogroup logger --journald < "$out/forged.txt"
journalctl --sync
is 'history: the journal has a forged entry' "$(journalctl -q -o cat MESSAGE_ID=b6d2c1f4a3ce4b0e9f1d7a5c88e04f62 | grep -c '^forged$')" 1
is 'history: but that is none of ours' "$(badnessd history -n 0 | grep -c forged)" 0
is 'history: not by its id either' "$(badnessd history "$id" | grep -c forged)" 0

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
file=/var/lib/badnessd/decisions.jsonl
is 'history: the file has a record' "$(grep -c '"hog"' $file)" 1
is 'history: the file is for the group' "$(stat -c '%U:%G %a' $file)" 'badnessd:badnessd 640'
is 'history: both kills are in the list' "$(hogs)" 2
is 'history: the newest is last' "$(badnessd history | sed -n '$s/ .*//p')" "$(record history-file id)"
is 'history: of the file, for a member of the group' "$(ask no_journal setpriv --reuid=65534 --regid=65534 --groups="$(getent group badnessd | cut -d: -f3)" badnessd history)" 0
is 'history: there is one' "$(grep -c '(hog)' "$out/history.txt")" 1
is 'history: of the file, for an ordinary user' "$(ask no_journal setpriv --reuid=65534 --regid=65534 --clear-groups badnessd history)" 77
says 'names who may read the file' 'for root and the group badnessd'
is 'history: without journalctl' "$(ask env PATH=/nonexistent /usr/sbin/badnessd history)" 0
is 'history: then the file alone' "$(grep -c '(hog)' "$out/history.txt")" 1
# A record that a power loss has cut.
size=$(stat -c %s $file)
cp $file "$out/decisions.jsonl"
printf '\n%s' "$(head -c $((size / 2)) "$out/decisions.jsonl")" >> $file
is 'history: with a cut record' "$(ask badnessd history)" 0
says 'counts it' '^badnessd: 1 damaged record is left out$'
is 'history: and shows the others' "$(grep -c '(hog)' "$out/history.txt")" 2
rm -r /run/systemd/system/badnessd.service.d/history.conf
systemctl daemon-reload
