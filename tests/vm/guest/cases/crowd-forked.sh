# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: MEM=2048 LIMIT=40 TIMEOUT=2400
# Beside ARG children that one process has forked without exec, each of which seems to
# hold its heap, as those of a Python service: first a leak that is older than all of
# them, then a burst.
#   may die:   hog
#   must live: preload and its children, db, sshd, beat
many=${arg:-1500}
tasks() { systemctl show "lab-role@preload:$many" -p TasksCurrent --value; }
role hog-leak:100 db; sleep 10
role "preload:$many" sshd beat
/opt/lab/oomlab await
settle; sleep 60
before=$(tasks)
for kind in leak:100 burst:0; do
  name=crowd-forked-${kind%:*}
  watch "$name" "hog-$kind"
  judge_culprit "$name"
  us=$(to_signal_us "$name")
  check "$name: within 5 ms" "$us us" [ "${us:-9999999}" -le 5000 ]
  info "$name: threshold to signal ${us:-none} us, ruled out $(record "$name" ruled_out)"
  systemctl stop "lab-role@hog-$kind" 2>/dev/null; systemctl reset-failed 'lab-role@*' 2>/dev/null
  /opt/lab/oomlab again
  sleep 60
done
is 'crowd-forked: no child dies' "$(tasks)" "$before"
