# shellcheck shell=sh disable=SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# One row of the table that servers.sh prints: real servers in calm, then lab.arg
# takes the memory. Who dies stands in died.txt, in order.
files=/opt/lab/cases/servers
say() { echo "lab: $arg: $1" > /dev/console; }

service() {  # UNIT USER COMMAND...
  name=$1 user=$2; shift 2
  systemd-run -q --unit="$name" -p User="$user" -p Slice=system.slice -p WorkingDirectory=$files "$@"
}
debian() {  # UNIT...: of Debian's packages; a death must stay visible
  for u; do
    mkdir -p "/run/systemd/system/$u.service.d"
    printf '[Service]\nRestart=no\n' > "/run/systemd/system/$u.service.d/lab.conf"
  done
  systemctl daemon-reload
  for u; do say "starts $u"; systemctl start "$u" || fail "$arg: $u starts" "$(systemctl status -n 5 "$u" 2>&1 | tail -n 5)"; done
}
session() {  # NAME SQL-OPTIONS...: a session of PostgreSQL
  service "$1" postgres --setenv=PGAPPNAME="$1" psql -q "$2" "$3"
}
available() { awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo; }
# PID COMM UNIT TITLE of every process of the servers.
processes() {
  for p in /proc/[0-9]*; do
    group=$(cat "$p/cgroup" 2>/dev/null) || continue
    case $group in */system-postgresql.slice/*|0::/system.slice/*.service) ;; *) continue ;; esac
    case ${group##*/} in systemd-*|dbus.*|badnessd.*|earlyoom.*|nohang.*|oomd.*) continue ;; esac
    title=$(tr '\0' ' ' < "$p/cmdline" 2>/dev/null)
    [ -z "$title" ] || echo "${p##*/} $(tr ' ' _ < "$p/comm") ${group##*/} $title"
  done 2>/dev/null
}

debian postgresql@15-main redis-server nginx
service java nobody java -Xmx1g -cp /opt/lab Service 110
service node daemon node service.js
service gunicorn www-data gunicorn --preload --workers 4 --bind 127.0.0.1:8000 app:app
[ "$arg" != php ] || debian mariadb prometheus
session idle1 -c 'SELECT pg_sleep(1e6)'
session idle2 -c 'SELECT pg_sleep(1e6)'
# Calm for two minutes, as a server mostly is.
sleep 120
say "calm, $(available) MiB available"
processes > "$out/before.txt"
for p in $(cut -d' ' -f1 "$out/before.txt"); do
  echo "$p $(tr ' ' _ < "/proc/$p/comm") $(awk '/^(VmSize|RssAnon|RssShmem):/ { printf "%s %d  ", $1, $2 / 1024 }' "/proc/$p/status")$(awk '/^Pss:/ { print $1, int($2 / 1024) }' "/proc/$p/smaps_rollup")"
done > "$out/held.txt"

from=$(cut -d' ' -f1 /proc/uptime)
case $arg in
python) service leak nobody $files/leak.py 100 ;;
python-root) service leak root $files/leak.py 50 ;;
shm|sockets)
  mount -o remount,size=100% /dev/shm
  service leak nobody -p LimitNOFILE=65536 $files/leak.py 50 "$arg" ;;
shm-shell)
  mount -o remount,size=100% /dev/shm
  service leak nobody $files/leak.sh ;;
query) session leak -f leak.sql ;;
java) service leak nobody java -Xmx1500m -cp /opt/lab Service 40 1300 100 ;;
php) service leak www-data $files/leak.php 50 ;;
make) service leak nobody make -j10 ;;
worker) leak=$(python3 -c 'import urllib.request as r; print(r.urlopen("http://127.0.0.1:8000/leak").read().decode().strip())') ;;
esac
sleep 1
# What may die: the unit of the leak, or one process of a server.
case $arg in
query) leak=$(runuser -u postgres -- psql -Atc "SELECT pid FROM pg_stat_activity WHERE application_name = 'leak'") ;;
worker) ;;
*) leak=$(systemctl show leak -p MainPID --value) ;;
esac
say "leak is process $leak"
least=$(available) t=0
while [ $t -lt "$limit" ] && { [ -e "/proc/${leak:-none}" ] || [ $t -lt 5 ]; }; do
  sleep 1; t=$((t + 1)); now=$(available)
  [ "$now" -ge "$least" ] || least=$now
done
ended=$([ -e "/proc/${leak:-none}" ] && echo alive || echo gone)
sleep 10
processes > "$out/after.txt"

# Every SIGKILL and SIGTERM since, as the kernel saw it: SENDER PID COMM.
sed -n 's/^ *\(.*\)-[0-9]* *\[.* \([0-9.]*\): signal_generate: sig=\([0-9]*\) errno=[0-9-]* code=\([0-9-]*\) comm=\(.*\) pid=\([0-9]*\) .*/\2|\1|\3|\4|\6|\5/p' $trace/trace |
  awk -F'|' -v from="$from" '$1 > from' > "$out/signals.txt"
awk -F'|' -v leak="$leak" -v arg="$arg" '
  FILENAME ~ /before/ { split($0, f, " "); unit[f[1]] = f[3]; sub(/\.service$/, "", unit[f[1]]); title[f[1]] = $0; next }
  FILENAME ~ /after/ { split($0, f, " "); lives[f[1]] = 1; next }
  seen[$5]++ { next }
  {
    pid = $5; name = $6
    if (pid == leak || (arg == "make" && name ~ /^(cc1|make)$/) || (arg == "shm-shell" && name ~ /^(sh|head|sleep)$/)) name = (arg == "make" ? name : "the leak")
    else if (name == "postgres" && title[pid] ~ /postgres -D/) name = "INNOCENT postmaster"
    else name = "INNOCENT " name (pid in unit && unit[pid] != name ? " of " unit[pid] : "")
    by = $4 == 128 ? " (kernel)" : $2 ~ /^(systemd|make|gunicorn|postgres)/ ? " (by " $2 ")" : ""
    name = name by
    if (name != last) { if (last != "") list = list (list == "" ? "" : ", ") last (n > 1 ? " ×" n : ""); last = name; n = 0 }
    n++; killed[pid] = 1
  }
  END {
    if (last != "") list = list (list == "" ? "" : ", ") last (n > 1 ? " ×" n : "")
    for (pid in unit) if (!(pid in lives) && !(pid in killed) && pid != leak && title[pid] !~ /autovacuum worker/) gone[unit[pid]]++
    for (u in gone) with = with (with == "" ? "" : ", ") u " ×" gone[u]
    print (list == "" ? "nobody" : list) (with == "" ? "" : "; went with it: " with)
  }' "$out/before.txt" "$out/after.txt" "$out/signals.txt" > "$out/died.txt"
info "$arg: the leak is $ended after $t s, at least $least MiB available; killed: $(cat "$out/died.txt")"
check "$arg: it ends the leak" "$(cat "$out/died.txt")" grep -qE 'the leak|make|cc1' "$out/died.txt"
check "$arg: only the leak dies" "$(cat "$out/died.txt")" eval '! grep -q INNOCENT "$out/died.txt"'
check "$arg: no kernel OOM kill" "$(dmesg | grep 'Killed process')" eval '! dmesg | grep -q "Killed process"'
for u in java node gunicorn redis-server nginx postgresql@15-main; do
  systemctl -q is-active "$u" || fail "$arg: $u runs" "$(systemctl show "$u" -p Result --value)"
done
