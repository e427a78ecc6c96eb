# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: LIMIT=30
# 64 GiB reserved and 200 MiB used, beside a hog that runs as root. 2.6.32 divides
# the points of root by 4, so its order names the others first; what must hold is
# that the emergency ends, without the kernel, and that the record accounts for it.
role jvm:200; bystanders
override hog-leak:100 User=root
watch jvm-root hog-leak:100
info "jvm-root: died, in order: $(victims jvm-root)"
case " $(victims jvm-root) " in *' hog '*) end=dead ;; *) end=alive ;; esac
check 'jvm-root: the hog dies in the end' "it is $end" [ $end = dead ]
check 'jvm-root: sshd and beat live' "$(victims jvm-root)" eval 'alive sshd && alive beat'
no_kernel_kill jvm-root
