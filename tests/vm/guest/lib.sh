# shellcheck shell=sh disable=SC2012,SC2100,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# What the cases are made of.

say() { echo "$1" | tee -a "$out/cases.txt" > /dev/console; }  # a guest takes long: see how far it is
pass() { say "PASS $1"; }
fail() { say "FAIL $1: $(echo "$2" | tr '\n' ' ')"; }
info() { say "INFO $1"; }
check() {  # NAME WHY COMMAND...: passes if the command does
  checked=$1 why=$2; shift 2
  if "$@"; then pass "$checked"; else fail "$checked" "$why"; fi
}

is() { check "$1" "it is ${2:-empty}, not $3" [ "$2" = "$3" ]; }  # NAME GOT WANT
no_kernel_kill() { is "$1: no kernel OOM kill" "$(value "$1" kernel_oom_kills)" 0; }  # NAME

role() { for r; do systemctl start "lab-role@$r"; done; }
# Of a role before it starts: a directive like User=root.
override() {
  mkdir -p "/run/systemd/system/lab-role@$1.service.d"
  echo "[Service]
$2" > "/run/systemd/system/lab-role@$1.service.d/lab.conf"
  systemctl daemon-reload
}
alive() { systemctl -q is-active "lab-role@$1"; }
stop_roles() {
  systemctl stop 'lab-role@*' 2>/dev/null; systemctl kill -s KILL 'lab-role@*' 2>/dev/null
  # What they have forked is left (KillMode=process), also below a stopped unit.
  for all in /sys/fs/cgroup/system.slice/lab-role@*/cgroup.kill; do [ ! -f "$all" ] || echo 1 > "$all"; done
  systemctl reset-failed 'lab-role@*' 2>/dev/null
}
# A new board for roles and agent, and who stands by in every scenario.
fresh() {
  stop_roles
  rm -f /run/lab/shm; truncate -s 65536 /run/lab/shm; chmod 666 /run/lab/shm
  rm -f /run/badnessd/last-kill.json
}
bystanders() { role sshd db beat; sleep 2; }
available() { sed -n 's/^MemAvailable: *\([0-9]*\).*/\1/p' /proc/meminfo; }  # KiB
# Who stands by on a server: an old service with much CPU time that holds the most, a
# JVM and a Node.js service that reserve far more than they hold, a database with
# shared buffers, a preloaded family with copy-on-write. Waits until they have settled.
servers() {  # [DATABASE [FAMILY]]: roles in place of database and family:150
  role old:250
  /opt/lab/oomlab await
  role java node "${1:-database}" "${2:-family:150}" sshd beat
  settle
}
# The same without the old one and the family, which take a minute: 700 MiB.
neighbours() { role db java node database sshd beat; settle; }
settle() {
  sleep 5
  before=$(available)
  while sleep 2; after=$(available); [ $((before - after)) -gt 1024 ]; do before=$after; done
}
crowd() {  # COUNT: idle processes; waits until all are there
  role "sleepers:$1"
  until [ "$(systemctl show "lab-role@sleepers:$1" -p TasksCurrent --value)" -gt "$1" ]; do sleep 1; done
}
# NAME HOG: lets the hog go and watches, until $linger seconds after its death;
# NAME.json, NAME.died, NAME.csv.
watch() {
  [ -z "$2" ] || role "$2"
  sleep 1
  cost > "$out/$1.before"
  echo "lab: $1 begins" > /dev/console
  /opt/lab/oomlab agent "$out/$1" "$limit" "${linger:-1}"
  cost > "$out/$1.after"
  [ ! -f /run/badnessd/last-kill.json ] || cp /run/badnessd/last-kill.json "$out/$1.last-kill.json"
}
cost() {  # what the daemon has used so far
  [ -n "$unit" ] || return 0
  systemctl show "$unit" -p ActiveState,MainPID,NRestarts,CPUUsageNSec,MemoryCurrent
  pid=$(systemctl show "$unit" -p MainPID --value)
  cat /proc/"$pid"/task/*/status | grep ctxt
  grep -E '^(Rss|Pss|Locked):' /proc/"$pid"/smaps_rollup
  ls /proc/"$pid"/fd | wc -l | sed 's/^/Fds: /'
  echo "Processes: $(ls -d /proc/[0-9]* | wc -l)"
  cat /proc/uptime
  case $daemon in systemd-oomd*) oomctl > "$out/oomctl.txt" ;; esac
}
value() { sed -n "s/.*\"$2\":\(-\{0,1\}[0-9]*\).*/\1/p" "$out/$1.json"; }  # NAME KEY
# NAME: the worst ten seconds: the share in which some, and in which all, stalled.
worst_stalls() {
  python3 -c 'import csv, sys
rows = [[int(row[key]) for key in ("ms", "psi_some_us", "psi_full_us")] for row in csv.DictReader(open(sys.argv[1]))]
worst, first = [0, 0], 0
for last in rows:
    while last[0] - rows[first + 1][0] >= 10000: first += 1
    then = rows[first]
    if last[0] - then[0] >= 10000:
        worst = [max(worst[i], (last[i + 1] - then[i + 1]) / (last[0] - then[0]) / 10) for i in (0, 1)]
print("some %.0f %%, full %.0f %%" % tuple(worst))' "$out/$1.csv"
}
victims() { cut -d' ' -f1 "$out/$1.died" | uniq | paste -sd' '; }
main_pid() { systemctl show badnessd -p MainPID --value; }
log_has() { journalctl -u badnessd --no-pager -o cat | grep -q "$1"; }
record() {  # NAME KEY.KEY: of the last kill in NAME
  python3 -c 'import json, sys
value = json.load(open(sys.argv[1]))
for key in sys.argv[2].split("."): value = value[key]
print(value if isinstance(value, str) else json.dumps(value))' "$out/$1.last-kill.json" "$2" 2>/dev/null
}
# NAME [ROLES]: from the last look without the condition to the first signal for one
# of them (a hog), as the kernel saw it.
to_signal_us() {
  awk -v from="$(value "$1" trigger_before_us)" -v to="$(value "$1" t_end_us)" \
    -v victim="comm=($(echo "${2:-hog}" | tr ' ' '|')) " '
    /signal_generate/ && $0 ~ victim { t = $4 * 1e6; if (t >= from && t <= to) { printf "%d", t - from; exit } }' "$trace/trace"
}
# Only the hog died, by us, and it is written down.
judge() {
  [ "$(value "$1" trigger_before_us)" = 0 ] || info "$1: threshold to signal $(to_signal_us "$1") us"
  info "$1: 5 % to hog dead $(($(value "$1" all_dead_ms) - $(value "$1" cross5_ms))) ms, beat gap $(value "$1" beat_max_gap_ms) ms"
  died=$(victims "$1")
  check "$1: only the hog dies" "died: ${died:-nobody}" [ "$died" = hog ]
  no_kernel_kill "$1"
  check "$1: the record names the hog" "$(record "$1" sentence || echo no record)" [ "$(record "$1" victim.comm)" = hog ]
}
# NAME ROLES: only processes of these roles died, a hog if it is among them, all by
# us; and what the record says of it.
judge_only() {
  us=$(to_signal_us "$1" "$2")
  died=$(victims "$1")
  info "$1: died, in order: ${died:-none}; threshold to signal ${us:-none} us"
  info "$1: the last record: $(record "$1" victim.comm) took $(record "$1" victim.took_kib) KiB, culprit $(record "$1" culprit), loss $(record "$1" loss)"
  others=$(cut -d' ' -f1 "$out/$1.died" | grep -vxE "$(echo "$2" | tr ' ' '|')" | paste -sd' ')
  check "$1: only these die: $2" "died too: $others" [ -z "$others" ]
  case " $2 " in
  *' hog '*) check "$1: the hog dies" "died: ${died:-none}" grep -q '^hog ' "$out/$1.died" ;;
  esac
  no_kernel_kill "$1"
}
# NAME: the names of those that badnessd sent SIGKILL, in order, as the kernel saw it.
signalled() {
  sed -n 's/^ *badnessd-[0-9].* \([0-9.]*\): signal_generate: sig=9 .*comm=\(.*\) pid=.*/\1 \2/p' "$trace/trace" |
    awk -v from="$(value "$1" t_go_us)" -v to="$(value "$1" t_end_us)" '$1 * 1e6 >= from && $1 * 1e6 <= to { sub(/^[^ ]* /, ""); print }'
}
# NAME COMM: why the first with a name like COMM was signalled, else the last kill.
why() {
  journalctl -u badnessd --no-pager -o cat -q | grep -m 1 -E "SIGKILL to [0-9]+ \(($2)\)" ||
    python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["sentences"][0])' "$out/$1.last-kill.json" 2>/dev/null
}
counted() { uniq -c | sed 's/^ *1 //; s/^ *\([0-9]*\) \(.*\)/\1 x \2/' | paste -sd' '; }  # lines as one
# NAME [COMM]: only processes of the cgroup that took the memory died: hog, master and
# forker, and those with a name like COMM; all by us.
judge_culprit() {
  names="hog|master|forker${2:+|$2}"
  info "$1: signalled, in order: $(signalled "$1" | counted); died: $(cut -d' ' -f1 "$out/$1.died" | counted); MemAvailable at least $(value "$1" avail_min_kib) KiB"
  others=$(cut -d' ' -f1 "$out/$1.died" | grep -vxE 'hog|master|forker' | counted)
  others="$others $(signalled "$1" | grep -vxE "$names" | sort | counted)"
  check "$1: only the culprit dies" "also: $others; $(why "$1" "$(signalled "$1" | grep -vxE -m 1 "$names")")" [ "$others" = ' ' ]
  check "$1: the culprit dies" "died: $(victims "$1"); $(why "$1" none)" grep -qE '^(hog|forker) ' "$out/$1.died"
  no_kernel_kill "$1"
}
# The forker and all of its storm are gone, nobody else is.
judge_storm() {
  info "$1: below 5 % for $(value "$1" low_ms) ms, 5 % to storm gone $(($(value "$1" all_dead_ms) - $(value "$1" cross5_ms))) ms"
  others=$(cut -d' ' -f1 "$out/$1.died" | grep -vE '^(forker|hog)$' | paste -sd' ')
  check "$1: only the storm dies" "died too: $others" [ -z "$others" ]
  check "$1: the forker dies" "$(victims "$1")" grep -q '^forker ' "$out/$1.died"
  no_kernel_kill "$1"
  check "$1: memory is back within 3 s" "$(value "$1" low_ms) ms below 5 %" [ "$(value "$1" low_ms)" -le 3000 ]
}
nobody() {
  check "$1: nobody dies" "$(victims "$1"), kernel: $(value "$1" kernel_oom_kills)" \
    [ "$(victims "$1").$(value "$1" kernel_oom_kills)" = .0 ]
  info "$1: full stalls $(value "$1" psi_full_ms) of $(value "$1" end_ms) ms, below 5 % $(value "$1" low_ms) ms, MemAvailable at least $(value "$1" avail_min_kib) KiB, SwapFree $(value "$1" swap_min_kib) KiB"
}

scenario() {
  case $1 in
  leak|bigvirt) hog=hog-leak:${arg:-100} ;;
  stuck) hog=hog-stuck:${arg:-50} ;;
  fork) hog=hog-fork:${arg:-8} ;;
  thrash) hog=hog-thrash ;;
  burst) hog=hog-burst:0 ;;
  idle)
    crowd "${arg:-100}"
    role sshd
    sleep 300
    watch idle ''
    return ;;
  *) fail "$1" 'unknown scenario'; return ;;
  esac
  bystanders
  [ "$1" != bigvirt ] || role jvm
  watch "$1" "$hog"
  case $daemon.$1 in
  badnessd.fork) judge_storm fork ;;
  badnessd.*) judge "$1" ;;
  esac
}
