# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=900 TIMEOUT=1500
# What it costs to watch idle processes in cgroups of their own, with ample memory.
# ARG is their number; summarize.py prints what it cost.
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
