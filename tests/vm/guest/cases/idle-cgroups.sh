# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=900 TIMEOUT=1500
# What it costs to watch idle processes in cgroups of their own, with ample memory.
# ARG is their number.
many=${arg:-1000}
pods=/sys/fs/cgroup/pods
mkdir "$pods"
echo +memory > "$pods/cgroup.subtree_control"
for n in $(seq "$many"); do
  mkdir "$pods/$n"
  sleep infinity &
  echo $! > "$pods/$n/cgroup.procs"
done
sleep 300
watch idle ''
python3 -c 'import re, sys
before, after = [open(name).read() for name in sys.argv[1:]]
def of(text, key): return sum(int(it) for it in re.findall(key + r"(\d+)", text))
def seconds(text): return float(re.findall(r"^([\d.]+) [\d.]+$", text, re.M)[-1])
minutes = (seconds(after) - seconds(before)) / 60
print("%.1f ms of CPU and %.0f wakeups a minute, RSS %d KiB" % (
    (of(after, "CPUUsageNSec=") - of(before, "CPUUsageNSec=")) / 1e6 / minutes,
    (of(after, "\nvoluntary_ctxt_switches:\t") - of(before, "\nvoluntary_ctxt_switches:\t")) / minutes,
    of(after, r"Rss:\s+")))' "$out/idle.before" "$out/idle.after" > "$out/idle.txt"
info "idle-cgroups: beside $many cgroups: $(cat "$out/idle.txt")"
