# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: LIMIT=30
# A tenant's memory is that tenant's problem: a leak in a user slice with a limit
# of 300 MiB. The shell that started it lives, in the same cgroup, and so does the
# neighbour in the next slice; the machine has plenty all the time, and the kernel
# has nothing to do.
cat >> /etc/badnessd/badnessd.toml <<'TOML'
[[trigger]]
name = "tenant"
scope = "user.slice/user-*.slice"
mem_available_below = "10%"
TOML
for user in 1000 1001; do
  mkdir -p "/run/systemd/system/user-$user.slice.d"
  printf '[Slice]\nMemoryMax=%s\n' 300M > "/run/systemd/system/user-$user.slice.d/lab.conf"
done
override sshd 'Slice=user-1000.slice'
override hog-leak:50 'Slice=user-1000.slice
ExecStart=
ExecStart=/bin/sh -c "/opt/lab/oomlab %i; exec sleep infinity"'
override jvm:100 'Slice=user-1001.slice'
role sshd jvm:100 beat; sleep 7
systemctl reload badnessd; sleep 7
watch scope hog-leak:50
died=$(victims scope)
check 'scope: only the hog dies' "died: ${died:-nobody}" [ "$died" = hog ]
check 'scope: shell and neighbour live' "died: $died" eval 'alive sshd && alive hog-leak:50 && alive jvm:100'
no_kernel_kill scope
events=$(cat /sys/fs/cgroup/user.slice/user-1000.slice/memory.events | tr '\n' ' ')
info "scope: memory.events of the tenant: $events"
check 'scope: the limit was not reached' "$events" eval 'case $events in *"max 0 "*) ;; *) false ;; esac'
is 'scope: the record names the scope' "$(record scope scope)" /user.slice/user-1000.slice
is 'scope: by the trigger tenant' "$(record scope trigger)" tenant
is 'scope: nobody elsewhere was a candidate' "$(record scope candidates)" 3
low=$(value scope avail_min_kib)
check 'scope: the machine was never short' "$low KiB" [ "$low" -gt 300000 ]
info "scope: $(record scope sentence)"
