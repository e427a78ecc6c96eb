#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC1090,SC1091,SC2013,SC2154
# Runs inside the guest: takes scenarios and daemon from the kernel command line,
# runs them, writes a tar of the results to the second namespace, powers off.
for w in $(cat /proc/cmdline); do case $w in lab.*) eval "$(echo "${w#lab.}" | sed 's/=/="/; s/$/"/')";; esac; done
out=/run/lab/out
mkdir -p $out && cd /run/lab || exit 1
. /opt/lab/lib.sh
: > $out/cases.txt
namespace() { echo "/dev/$(grep -lx "$1" /sys/block/nvme*/nsid | cut -d/ -f4)"; }  # as lab.service
systemctl daemon-reload

# The kernel's own account of every signal that matters, in the agent's clock.
trace=/sys/kernel/tracing
mountpoint -q $trace || mount -t tracefs tracefs $trace
echo mono > $trace/trace_clock
echo 512 > $trace/buffer_size_kb
echo 'sig==9 || sig==15' > $trace/events/signal/signal_generate/filter
echo 1 > $trace/events/signal/signal_generate/enable
echo 'comm=="hog"' > $trace/events/sched/sched_process_exit/filter
echo 1 > $trace/events/sched/sched_process_exit/enable

case $swap in
disk) mkswap -q "$(namespace 3)"; swapon "$(namespace 3)" ;;
zram) modprobe zram; echo 512M > /sys/block/zram0/disksize; mkswap -q /dev/zram0; swapon -p 100 /dev/zram0 ;;
esac

unit=${daemon%-fast}.service
case $daemon in none) unit= ;; badnessd) systemd-sysusers ;; esac
if [ -n "$unit" ]; then
  systemctl start "$unit"
  check "$daemon starts" "$(systemctl status -n 5 "$unit" 2>&1 | tail -n 5)" systemctl -q is-active "$unit"
fi

for part in $(echo "$scenario" | tr + ' '); do
  echo "lab: $part" > /dev/console
  fresh
  if [ -f "/opt/lab/cases/$part.sh" ]; then . "/opt/lab/cases/$part.sh"; else scenario "$part"; fi
  stop_roles
done

cat $trace/trace > $out/trace.txt
dmesg > $out/dmesg.txt
journalctl -b -o short-monotonic --no-pager > $out/journal.txt
# -a: longer fields would be null.
journalctl -b -a -o json --no-pager -u badnessd --output-fields=MESSAGE,MESSAGE_ID,PRIORITY,BADNESSD_ID,BADNESSD_VICTIM_PID,BADNESSD_POINTS,BADNESSD_RECORD > $out/badnessd.json
cp -r /run/badnessd $out/run 2>/dev/null
tar -cf "$(namespace 2)" -C $out .
sync
echo o > /proc/sysrq-trigger
sleep 10
