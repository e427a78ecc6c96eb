// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/killer.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "badnessd/engine/kernel26.h"
#include "badnessd/system/proc_text.h"

namespace badnessd {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

KillOutcome failed(int code, const char* what) {
  return {KillOutcome::Kind::kFailed, Error{code, what}, {}};
}

// A pidfd is readable once the process has exited.
KillOutcome wait_for_exit(int pidfd, milliseconds timeout) {
  const Clock::time_point sent = Clock::now();
  for (;;) {
    const auto waited =
        std::chrono::duration_cast<milliseconds>(Clock::now() - sent);
    const milliseconds left = std::max(timeout - waited, milliseconds(0));
    pollfd poll_fd{.fd = pidfd, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&poll_fd, 1, static_cast<int>(left.count()));
    if (ready < 0 && errno == EINTR) {
      continue;
    }
    return {
        ready > 0 ? KillOutcome::Kind::kExited : KillOutcome::Kind::kStillAlive,
        {},
        std::chrono::duration_cast<milliseconds>(Clock::now() - sent)};
  }
}

}  // namespace

PidfdKiller::PidfdKiller(int proc_root, std::int32_t self_pid,
                         milliseconds exit_timeout)
    : proc_root_(proc_root), self_pid_(self_pid), exit_timeout_(exit_timeout) {}

Expected<bool> PidfdKiller::same_process(const Task& victim) {
  return reader_.read(proc_root_, path_.of(victim.id.pid, "stat"))
      .and_then(parse_stat)
      .map([&victim](const StatFields& stat) {
        return stat.start_time_ticks == victim.id.start_time;
      });
}

KillOutcome PidfdKiller::kill(const Task& victim) {
  if (victim.id.pid <= 1 || victim.id.pid == self_pid_ ||
      (victim.flags & kPfKthread) != 0) {
    return {KillOutcome::Kind::kRefused, {}, {}};
  }
  const UniqueFd pidfd(
      static_cast<int>(::syscall(SYS_pidfd_open, victim.id.pid, 0)));
  if (!pidfd.valid()) {
    return errno == ESRCH ? KillOutcome{KillOutcome::Kind::kVanished, {}, {}}
                          : failed(errno, "pidfd_open");
  }
  const Expected<bool> same = same_process(victim);
  if (!same && !vanished(same.error())) {
    return failed(same.error().code, "compare the start time");
  }
  if (!same || !*same) {
    return {KillOutcome::Kind::kVanished, {}, {}};
  }
  if (::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0) != 0) {
    return errno == ESRCH ? KillOutcome{KillOutcome::Kind::kVanished, {}, {}}
                          : failed(errno, "pidfd_send_signal");
  }
  return wait_for_exit(pidfd.get(), exit_timeout_);
}

KillOutcome DryRunKiller::kill(const Task& /*victim*/) {
  return {KillOutcome::Kind::kNotSent, {}, {}};
}

}  // namespace badnessd
