# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=40 TIMEOUT=5400
# Leaks and bursts beside many idle processes: from threshold to signal, and how far
# memory sinks below the threshold. A minute between two, for the budget. ARG is the
# number of idle processes, and of leaks and of bursts: 1500:10.
many=${arg%%:*}; many=${many:-1500}
repeat=${arg#*:}; [ "$repeat" != "$arg" ] || repeat=2
idle=sleepers:$many
crowd "$many"
sleep 60
tasks() { systemctl show "lab-role@$idle" -p TasksCurrent --value; }
before=$(tasks)
for n in $(seq "$repeat"); do
  for kind in leak:100 burst:0; do
    name=${kind%:*}-$n
    # A new board for the roles; the idle ones need none.
    truncate -s 0 /run/lab/shm; truncate -s 65536 /run/lab/shm
    bystanders
    watch "$name" "hog-$kind"
    died=$(victims "$name")
    us=$(to_signal_us "$name")
    info "crowd: $name beside $many: threshold to signal ${us:-none} us, MemAvailable at least $(value "$name" avail_min_kib) KiB, ruled out $(record "$name" ruled_out)"
    check "crowd: $name: only the hog dies" "died: ${died:-none}" [ "$died.$(value "$name" kernel_oom_kills)" = hog.0 ]
    case $daemon in
    badnessd) check "crowd: $name: within 5 ms" "$us us" [ "${us:-9999999}" -le 5000 ] ;;
    esac
    systemctl stop "lab-role@hog-$kind" lab-role@sshd lab-role@db lab-role@beat 2>/dev/null
    systemctl reset-failed 'lab-role@*' 2>/dev/null
    rm -f /run/badnessd/last-kill.json
    sleep 60
  done
done
is 'crowd: no idle process dies' "$(tasks)" "$before"
