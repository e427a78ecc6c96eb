// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/killer.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "badnessd/engine/kernel26.h"

namespace badnessd {
namespace {

using Kind = KillOutcome::Kind;

KillOutcome failed(int code, const char* what) {
  return {Kind::kFailed, Error{code, what}};
}

KillOutcome outcome_of(long result, const char* what) {
  if (result == 0) {
    return {Kind::kSent, {}};
  }
  return errno == ESRCH ? KillOutcome{Kind::kVanished, {}}
                        : failed(errno, what);
}

}  // namespace

PidfdKiller::PidfdKiller(int proc_root, std::int32_t self_pid,
                         std::int32_t parent_pid,
                         std::unique_ptr<Reaper> reaper)
    : proc_root_(proc_root),
      self_pid_(self_pid),
      parent_pid_(parent_pid),
      reaper_(std::move(reaper)) {}

bool PidfdKiller::available() {
  const UniqueFd self(
      static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
  return self.valid() &&
         ::syscall(SYS_pidfd_send_signal, self.get(), 0, nullptr, 0) == 0;
}

Expected<bool> PidfdKiller::pin(const TaskId& victim) {
  victim_ = victim;
  killed_ = false;
  pidfd_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, victim.pid, 0)));
  if (!pidfd_.valid() && errno == ESRCH) {
    return false;
  }
  // Only now is it certain whose start time this is.
  const auto stat = reader_.read(proc_root_, path_.of(victim.pid, "stat"))
                        .and_then(parse_stat);
  if (stat) {
    return stat->start_time_ticks == victim.start_time;
  }
  if (vanished(stat.error())) {
    return false;
  }
  return tl::unexpected(Error{stat.error().code, "compare the start time"});
}

KillOutcome PidfdKiller::send(const Task& victim, Signal signal_to_send) {
  if (victim.id.pid <= 1 || victim.id.pid == self_pid_ ||
      victim.id.pid == parent_pid_ || (victim.flags & kPfKthread) != 0) {
    return {Kind::kRefused, {}};
  }
  const Expected<bool> pinned = pin(victim.id);
  if (!pinned) {
    return {Kind::kFailed, pinned.error()};
  }
  return *pinned ? signal(signal_to_send) : KillOutcome{Kind::kVanished, {}};
}

void PidfdKiller::adopt(const TaskId& victim) {
  const Expected<bool> pinned = pin(victim);
  if (!pinned || !*pinned) {
    pidfd_ = UniqueFd();  // exited() finds it gone
  }
}

KillOutcome PidfdKiller::escalate() {
  return signal(Signal::kKill);
}

KillOutcome PidfdKiller::signal(Signal signal_to_send) {
  const int number = signal_to_send == Signal::kTerm ? SIGTERM : SIGKILL;
  KillOutcome outcome = failed(ENOSYS, "pidfd_send_signal");
  if (pidfd_.valid()) {
    outcome = outcome_of(
        ::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0),
        "pidfd_send_signal");
  }
  // Not in this kernel, or not allowed by a filter: the older call may be. What
  // is not allowed for this victim fails there as well.
  if (outcome.kind == Kind::kFailed) {
    outcome = outcome_of(::kill(victim_.pid, number), "kill");
  }
  killed_ = outcome.kind == Kind::kSent && signal_to_send == Signal::kKill;
  return outcome;
}

void PidfdKiller::release_memory() {
  if (killed_ && reaper_ != nullptr && pidfd_.valid()) {
    reaper_->release(pidfd_.get());
  }
}

bool PidfdKiller::exited() {
  if (pidfd_.valid()) {
    pollfd poll_fd{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&poll_fd, 1, 0) > 0;
  }
  const auto stat = reader_.read(proc_root_, path_.of(victim_.pid, "stat"))
                        .and_then(parse_stat);
  return !stat || stat->start_time_ticks != victim_.start_time ||
         stat->state == 'Z' || stat->state == 'X';
}

KillOutcome DryRunKiller::send(const Task& /*victim*/, Signal /*signal*/) {
  return {Kind::kNotSent, {}};
}

KillOutcome DryRunKiller::escalate() {
  return {Kind::kNotSent, {}};
}

}  // namespace badnessd
