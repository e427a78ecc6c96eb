# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: LIMIT=30 MEM=2048 TIMEOUT=2400
# ARG=MINUTES:SEED. Emergencies one after the other, each with a disturbance, all
# chosen at random from the seed; a row of torture.csv for each.
minutes=${arg%%:*} state=${arg#*:}
pick() {  # N: r is one of 0 ... N - 1
  state=$(((state * 1103515245 + 12345) % 2147483648))
  r=$((state / 65536 % $1))
}
choose() { pick $#; shift "$r"; chosen=$1; }  # WORD...
seconds() { cut -d. -f1 /proc/uptime; }
unit_of() { echo "lab-role@$1.service"; }
standing='sshd db beat jvm:20 java:100 node:60 database family:60'
# Those who stand by, again if they died; notes of what they hold are made.
stand_by() {
  missing=
  for r in $standing; do alive "$r" || missing="$missing $r"; done
  [ -n "$missing" ] || return 0
  systemctl reset-failed 'lab-role@*' 2>/dev/null
  # shellcheck disable=SC2086
  role $missing
  sleep 60
}
end() {  # ROLE...
  for r; do
    systemctl thaw "$(unit_of "$r")" 2>/dev/null
    systemctl kill -s KILL "$(unit_of "$r")" 2>/dev/null
    systemctl stop "$(unit_of "$r")" 2>/dev/null
    [ ! -d "/sys/fs/cgroup/system.slice/$(unit_of "$r")" ] || echo 1 > "/sys/fs/cgroup/system.slice/$(unit_of "$r")/cgroup.kill"
    systemctl reset-failed "$(unit_of "$r")" 2>/dev/null
  done
}
half_gone() {  # waits until memory runs short
  for _ in $(seq 150); do
    [ $(($(available) * 4)) -ge "$(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo)" ] || return
    sleep 0.1
  done
}
# A process that has taken much stops, and another one goes on.
stop_one() {  # HOW
  half_gone
  pid=$(systemctl show "$(unit_of hog-leak:200)" -p MainPID --value)
  case $1 in
  frozen) systemctl freeze "$(unit_of hog-leak:200)" ;;
  stopped) kill -STOP "$pid" ;;
  traced) timeout 20 strace -f -o /dev/null -p "$pid" & ;;
  esac
  systemctl start "$(unit_of hog-leak:60)"
}
disturb() {  # WHAT, while the emergency comes
  case $1 in
  killed) pick 40; sleep "$((r / 10)).$((r % 10))"; [ "$(main_pid)" = 0 ] || kill -9 "$(main_pid)" ;;
  reloaded) systemctl reload badnessd ;;
  misconfigured) echo 'no such thing' >> /etc/badnessd/badnessd.toml; systemctl reload badnessd ;;
  journal-stopped) systemctl kill -s STOP systemd-journald; /opt/lab/oomlab fill-journal > /dev/null ;;
  run-full) dd if=/dev/zero of=/run/fill bs=64k 2>/dev/null ;;
  few-descriptors) fds=$(find "/proc/$(main_pid)/fd" | wc -l); prlimit --pid "$(main_pid)" --nofile=$((fds + 3)) ;;
  clock-back) date -s '1 hour ago' > /dev/null ;;
  clock-ahead) date -s '3 days' > /dev/null ;;
  esac
}
undo() {
  case $1 in
  misconfigured) cp /run/lab/good.toml /etc/badnessd/badnessd.toml; systemctl reload badnessd ;;
  journal-stopped) systemctl kill -s CONT systemd-journald ;;
  run-full) rm -f /run/fill ;;
  few-descriptors) prlimit --pid "$(main_pid)" --nofile=1024 ;;
  esac
}

# Results and the board must not lie on the /run that is filled.
results=$out
out=/var/torture
mkdir -p $out
ln -sf "$results/cases.txt" $out/cases.txt
cp /etc/badnessd/badnessd.toml /run/lab/good.toml
systemctl set-property --runtime badnessd.service StartLimitBurst=1000 2>/dev/null
mount -o remount,size=100% /dev/shm
choose 4194304 4194304 9000 && echo "$chosen" > /proc/sys/kernel/pid_max
choose 0 0 1500 5000
[ "$chosen" = 0 ] || crowd "$chosen"
info "torture: seed ${arg#*:}, pid_max $(cat /proc/sys/kernel/pid_max), beside $chosen, swap $swap, PSI $([ -e /proc/pressure ] && echo on || echo off)"
echo round,emergency,disturbance,died,wrong,kernel_kills,low_ms,restarts > "$results/torture.csv"
until=$(($(seconds) + minutes * 60))
round=0
rm -f /run/lab/shm; head -c 262144 /dev/zero > /run/lab/shm; chmod 666 /run/lab/shm
while [ "$(seconds)" -lt "$until" ]; do
  round=$((round + 1))
  name=torture-$round
  stand_by
  /opt/lab/oomlab again
  choose leak:50 leak:300 burst:0 stuck:100 fork:8 orphans:8 memfd:100 vm:100 vfork:100 thread:100 \
    backend:100 workers:200 copies:250 save:400 pool:60 tmpfs-low:200 frozen stopped traced
  emergency=$chosen
  choose none none killed reloaded misconfigured journal-stopped run-full few-descriptors clock-back clock-ahead
  disturbance=$chosen
  may_die='hog forker'
  case $emergency in
  tmpfs*) hog=$emergency may_die='filler db' ;;
  copies* | pool* | workers*) hog=hog-$emergency may_die='hog master' ;;
  frozen | stopped | traced) hog='hog-leak:200'; stop_one "$emergency" & ;;
  *) hog=hog-$emergency ;;
  esac
  before=$(systemctl show badnessd -p NRestarts --value)
  disturb "$disturbance" &
  watch "$name" "$hog"
  undo "$disturbance"
  end "$hog" hog-leak:60
  rm -f /dev/shm/fill
  wait $! 2>/dev/null
  others=$(cut -d' ' -f1 "$out/$name.died" | grep -vxE "$(echo "$may_die" | tr ' ' '|')" | paste -sd' ')
  restarts=$(($(systemctl show badnessd -p NRestarts --value) - before))
  [ "$disturbance" != killed ] || restarts=$((restarts - 1))
  echo "$round,$emergency,$disturbance,$(victims "$name"),$others,$(value "$name" kernel_oom_kills),$(value "$name" low_ms),$restarts" >> "$results/torture.csv"
  if [ "$others.$(value "$name" kernel_oom_kills).$restarts" != .0.0 ]; then
    cp "$out/$name".* "$results/" 2>/dev/null
    fail "torture: round $round, $emergency, $disturbance" "died too: ${others:-none}, kernel $(value "$name" kernel_oom_kills), restarts $restarts"
  fi
  rm -f "$out/$name".*
done
out=$results
check 'torture: emergencies' 'none' [ "$round" -ge 1 ]
