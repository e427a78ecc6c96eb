# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
# needs: LIMIT=40 TIMEOUT=2400
# 12 leaks and 12 bursts in one guest, for the 99th percentile from threshold to
# signal. A minute between two, for the budget.
for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
  for kind in leak:100 burst:0; do
    fresh; bystanders
    watch "${kind%:*}-$n" "hog-$kind"
    died=$(victims "${kind%:*}-$n")
    us=$(to_signal_us "${kind%:*}-$n")
    info "kills: ${kind%:*} $n: threshold to signal $us us"
    check "kills: ${kind%:*} $n: within 5 ms" "$us us" [ "${us:-9999999}" -le 5000 ]
    check "kills: ${kind%:*} $n: only the hog dies" "died: ${died:-nobody}" [ "$died.$(value "${kind%:*}-$n" kernel_oom_kills)" = hog.0 ]
    stop_roles; sleep 60
  done
done
