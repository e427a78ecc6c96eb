// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/kill/killer.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "badnessd/engine/kernel26.h"

#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448  // the same on every architecture
#endif

namespace badnessd {
namespace {

using Kind = KillOutcome::Kind;

KillOutcome outcome_of(const Error& error) {
  return error.code == ESRCH ? KillOutcome{Kind::kVanished, {}}
                             : KillOutcome{Kind::kFailed, error};
}

KillOutcome outcome_of(long result, const char* what) {
  return result == 0 ? KillOutcome{Kind::kSent, {}}
                     : outcome_of(Error{errno, what});
}

// Signals by pidfd, if valid. If that fails (old kernel, seccomp filter), tries
// kill(2). A missing permission for this process makes kill(2) fail as well.
KillOutcome signal(int pidfd, std::int32_t pid, Signal signal_to_send) {
  const int number = signal_to_send == Signal::kTerm ? SIGTERM : SIGKILL;
  if (pidfd >= 0) {
    const KillOutcome outcome =
        outcome_of(::syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0),
                   "pidfd_send_signal");
    if (outcome.kind != Kind::kFailed) {
      return outcome;
    }
  }
  return outcome_of(::kill(pid, number), "kill");
}

}  // namespace

PidfdKiller::PidfdKiller(int proc_root, StatReader& stats,
                         std::int32_t self_pid, std::int32_t parent_pid)
    : proc_root_(proc_root),
      self_pid_(self_pid),
      parent_pid_(parent_pid),
      stats_(stats) {
  constexpr int kNone = -1;
  releaser_.ask({&kNone, 1});  // starts the thread
}

bool PidfdKiller::available() {
  const UniqueFd self(
      static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
  return self.valid() &&
         ::syscall(SYS_pidfd_send_signal, self.get(), 0, nullptr, 0) == 0;
}

bool PidfdKiller::refused(const Task& task) const noexcept {
  return task.id.pid <= 1 || task.id.pid == self_pid_ ||
         task.id.pid == parent_pid_ || (task.flags & kPfKthread) != 0;
}

// The kernel gives an inode number of /proc to one process, so that the process
// whose row it is in still lives, and has been pinned. No lock is waited for.
Expected<UniqueFd> PidfdKiller::pin(const TaskId& id, std::uint64_t inode) {
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, id.pid, 0)));
  if (!pidfd.valid() && errno == ESRCH) {
    return tl::unexpected(Error{ESRCH, "pidfd_open"});
  }
  struct stat directory {};
  if (inode != 0 &&
      ::fstatat(proc_root_, path_.of(id.pid, ""), &directory, 0) == 0 &&
      directory.st_ino == inode) {
    return pidfd;
  }
  // The pidfd pins the process, so this stat cannot be that of another one.
  const auto stat = stats_.stat(id.pid);
  if (stat && stat->start_time_ticks == id.start_time) {
    return pidfd;
  }
  const bool gone = stat || vanished(stat.error());
  return tl::unexpected(
      Error{gone ? ESRCH : stat.error().code, "compare the start time"});
}

KillOutcome PidfdKiller::send(const Task& victim, Signal signal_to_send) {
  if (refused(victim)) {
    return {Kind::kRefused, {}};
  }
  killed_ = false;
  victim_ = victim.id;
  Expected<UniqueFd> pinned = pin(victim.id, victim.inode);
  if (!pinned) {
    return outcome_of(pinned.error());
  }
  pidfd_ = std::move(*pinned);
  const KillOutcome outcome = signal(pidfd_.get(), victim_.pid, signal_to_send);
  killed_ = outcome.kind == Kind::kSent && signal_to_send == Signal::kKill;
  return outcome;
}

KillOutcome PidfdKiller::kill_also(const Task& task) {
  if (refused(task)) {
    return {Kind::kRefused, {}};
  }
  const Expected<UniqueFd> pinned = pin(task.id, task.inode);
  return pinned ? signal(pinned->get(), task.id.pid, Signal::kKill)
                : outcome_of(pinned.error());
}

void PidfdKiller::adopt(const TaskId& victim) {
  victim_ = victim;
  killed_ = false;
  // A process that is gone has no pidfd; exited() then reads its stat.
  pidfd_ = pin(victim, 0).value_or(UniqueFd());
}

KillOutcome PidfdKiller::escalate() {
  const KillOutcome outcome = signal(pidfd_.get(), victim_.pid, Signal::kKill);
  killed_ = outcome.kind == Kind::kSent;
  return outcome;
}

void PidfdKiller::release_memory() {
  if (killed_ && pidfd_.valid() && releaser_.busy_with() == 0) {
    const int copy = ::fcntl(pidfd_.get(), F_DUPFD_CLOEXEC, 3);
    releaser_.ask({&copy, 1});
  }
}

bool PidfdKiller::exited() {
  if (pidfd_.valid()) {
    pollfd poll_fd{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&poll_fd, 1, 0) > 0;
  }
  const auto stat = stats_.stat(victim_.pid);
  if (!stat) {
    return stat.error().code != ETIMEDOUT;
  }
  return stat->start_time_ticks != victim_.start_time || stat->state == 'Z' ||
         stat->state == 'X';
}

std::uint32_t PidfdKiller::count_alive(std::span<const TaskId> tasks) {
  return static_cast<std::uint32_t>(
      std::ranges::count_if(tasks, [](const TaskId& task) {
        return ::kill(task.pid, 0) == 0 || errno != ESRCH;
      }));
}

// EAGAIN: another task holds the mmap lock; the next try may find it free.
// ESRCH: the process is gone. ENOSYS, EPERM: the call is not available.
MemoryReleaser::Answer MemoryReleaser::read(int pidfd) {
  constexpr int kTries = 10;
  constexpr useconds_t kPause = 5'000;
  const UniqueFd owned(pidfd);
  for (int i = 0; i < kTries; ++i) {
    if (::syscall(SYS_process_mrelease, pidfd, 0) == 0 || errno != EAGAIN) {
      break;
    }
    ::usleep(kPause);
  }
  return {};
}

MemoryReleaser::Answer MemoryReleaser::unknown(int pidfd) {
  const UniqueFd owned(pidfd);
  return {};
}

bool MemoryReleaser::available() {
  return ::syscall(SYS_process_mrelease, -1, 0) == 0 || errno == EBADF;
}

}  // namespace badnessd
