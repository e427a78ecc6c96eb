# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# The example path unit: it keeps a copy of the record, and with each of the
# drop-ins it sends a mail, calls a web hook and writes to the terminals.
has() { check "$1" "$(cat "$2")" grep -q "$3" "$2"; }  # NAME FILE PATTERN
systemctl -q enable --now badnessd-on-kill.path
scenario burst
sleep 2
copies=$(find /var/lib/badnessd-on-kill/ -name '*.json' | wc -l)
check 'on-kill: the record is kept' "$(systemctl status -n 5 badnessd-on-kill.service | tail -n 5)" [ "$copies" -ge 1 ]

# NAME SINK: the record is replaced, as after a kill; the command fills SINK.
told() {
  rm -rf /etc/systemd/system/badnessd-on-kill.service.d
  install -D -m 644 -t /etc/systemd/system/badnessd-on-kill.service.d "/opt/lab/on-kill/$1.conf"
  systemctl daemon-reload
  cp -p /run/badnessd/last-kill.json /run/badnessd/again
  mv /run/badnessd/again /run/badnessd/last-kill.json
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    sleep 1
    ! systemctl show badnessd-on-kill.service -p ActiveState --value | grep -qx 'inactive\|failed' || break
  done
  sleep 1
  has "on-kill: $1" "$2" 'sent SIGKILL to .* (hog)'
  is "on-kill: $1 succeeds" "$(systemctl show badnessd-on-kill.service -p Result --value)" success
}
grep -q localhost /etc/hosts || echo 127.0.0.1 localhost >> /etc/hosts
(cd /tmp && python3 -W ignore -u -m smtpd -n -c DebuggingServer localhost:25 > "$out/mail.txt" 2>&1) &
python3 -u -c 'import http.server
class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        print(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(200); self.end_headers()
http.server.HTTPServer(("localhost", 8080), Hook).serve_forever()' > "$out/webhook.txt" 2>&1 &
(umask 077; echo 'WEBHOOK=http://localhost:8080/' > /etc/default/badnessd-webhook)
sleep 60 | script -q -f -c 'login -f root' "$out/wall.txt" > /dev/null 2>&1 &
sleep 2
told mail "$out/mail.txt"
told webhook "$out/webhook.txt"
told wall "$out/wall.txt"
kill %1 %2 %3 2>/dev/null
