# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: LIMIT=30 MEM=2048 TIMEOUT=2400
# ARG=MINUTES:SEED[:BESIDE[:EMERGENCY]]. Emergencies one after the other, each with a
# disturbance, all chosen at random from the seed; a row of torture.csv for each.
IFS=: read -r minutes seed beside only <<ARG
$arg
ARG
state=$seed
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
# Who is there all the time beside those who stand by.
accompany() {  # WHAT
  case $1 in
  0) ;;
  cgroups) override cgroups:20000 Delegate=yes; role cgroups:20000; /opt/lab/oomlab await ;;
  cmdlines) systemd-run -q --unit=cmdlines --uid=nobody -p TasksMax=infinity -p SupplementaryGroups=disk /opt/lab/oomlab cmdlines 3000; /opt/lab/oomlab await ;;
  execs) systemd-run -q --unit=execs --uid=nobody /opt/lab/oomlab execs ;;
  container) override cgloop MemoryMax=8M; role cgloop ;;
  stalls)  # in two of five seconds; a counter that begins again with each start
    systemd-run -q --unit=stalls --uid=nobody -p MemoryHigh=16M -p Restart=always -p RestartSec=3 -p StartLimitIntervalSec=0 /opt/lab/oomlab stall
    printf '[[trigger]]\nname = "stalls"\nscope = "system.slice/stalls.service"\npsi_full_above = "60%%"\npsi_window = "10s"\n' >> /etc/badnessd/badnessd.toml
    systemctl reload badnessd ;;
  *) crowd "$1" ;;
  esac
}
kernel_kills() {  # NAME: those that are not in the container, whose limit is its own
  echo $(($(value "$1" kernel_oom_kills) - ($(container_kills) - contained)))
}
container_kills() { sed -n 's/^oom_kill //p' /sys/fs/cgroup/system.slice/lab-role@cgloop.service/memory.events 2>/dev/null || echo 0; }

# Results and the board must not lie on the /run that is filled.
results=$out
out=/var/torture
mkdir -p $out
ln -sf "$results/cases.txt" $out/cases.txt
systemctl set-property --runtime badnessd.service StartLimitBurst=1000 2>/dev/null
mount -o remount,size=100% /dev/shm
choose 4194304 4194304 9000 && echo "$chosen" > /proc/sys/kernel/pid_max
rm -f /run/lab/shm; head -c 262144 /dev/zero > /run/lab/shm; chmod 666 /run/lab/shm
choose 0 0 1500 5000 cgroups cmdlines execs container stalls
[ -z "$beside" ] || chosen=$beside
accompany "$chosen"
cp /etc/badnessd/badnessd.toml /run/lab/good.toml
info "torture: seed $seed, pid_max $(cat /proc/sys/kernel/pid_max), beside $chosen, swap $swap, PSI $([ -e /proc/pressure ] && echo on || echo off)"
echo round,emergency,disturbance,died,wrong,kernel_kills,low_ms,restarts > "$results/torture.csv"
until=$(($(seconds) + minutes * 60))
round=0
while [ "$(seconds)" -lt "$until" ]; do
  round=$((round + 1))
  name=torture-$round
  stand_by
  /opt/lab/oomlab again
  choose leak:50 leak:300 burst:0 stuck:100 fork:8 orphans:8 memfd:100 vm:100 vfork:100 thread:100 \
    backend:100 workers:200 copies:250 save:400 pool:60 tmpfs-low:200 frozen stopped traced \
    shm:50 shm:50 shell sockets:50 pagetables:80 unmapped:50 buffers:60 named:50 exempt:37
  emergency=${only:-$chosen}
  # With swap it stops where MemAvailable is least, long before memory is short.
  [ "$swap$emergency" = noneexempt:37 ] || emergency=$(echo "$emergency" | sed 's/^exempt.*/leak:50/')
  choose none none killed reloaded misconfigured journal-stopped run-full few-descriptors clock-back clock-ahead
  disturbance=$chosen
  may_die='hog forker' linger=3
  case $emergency in
  tmpfs*) hog=$emergency may_die=filler ;;
  exempt*) hog=$emergency may_die=none; override "$hog" OOMScoreAdjust=-1000 ;;
  shell) hog=hog-$emergency may_die='hog sh head sleep' ;;
  named*) hog=hog-$emergency may_die='hog master worker-[0-9]*' ;;
  copies* | pool* | workers* | pagetables* | buffers*) hog=hog-$emergency may_die='hog master' ;;
  frozen | stopped | traced) hog='hog-leak:200'; stop_one "$emergency" & ;;
  *) hog=hog-$emergency ;;
  esac
  before=$(systemctl show badnessd -p NRestarts --value) contained=$(container_kills)
  disturb "$disturbance" &
  watch "$name" "$hog"
  undo "$disturbance"
  end "$hog" hog-leak:60
  rm -f /dev/shm/fill /dev/shm/hog-*
  wait $! 2>/dev/null
  # Of those that have no role only the kernel tells.
  others=$( (cut -d' ' -f1 "$out/$name.died"; signalled "$name") | grep -vxE "$(echo "$may_die" | tr ' ' '|')" | sort | counted)
  kernel=$(kernel_kills "$name")
  restarts=$(($(systemctl show badnessd -p NRestarts --value) - before))
  [ "$disturbance" != killed ] || restarts=$((restarts - 1))
  echo "$round,$emergency,$disturbance,$(victims "$name"),$others,$kernel,$(value "$name" low_ms),$restarts" >> "$results/torture.csv"
  if [ "$others.$kernel.$restarts" != .0.0 ]; then
    cp "$out/$name".* "$results/" 2>/dev/null
    fail "torture: round $round, $emergency, $disturbance" "died too: ${others:-none}, kernel $kernel, restarts $restarts; $(why "$name" none)"
  fi
  rm -f "$out/$name".*
done
out=$results
check 'torture: emergencies' 'none' [ "$round" -ge 1 ]
