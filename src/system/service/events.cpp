// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/service/events.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>

namespace badnessd {
namespace {

using std::chrono::microseconds;

// "some 70000 1000000" and a NUL, as Documentation/accounting/psi.rst has it.
bool write_trigger(int fd, microseconds stall, microseconds window) {
  std::array<char, 64> text{};
  const int length = std::snprintf(text.data(), text.size(), "some %lld %lld",
                                   static_cast<long long>(stall.count()),
                                   static_cast<long long>(window.count()));
  return length > 0 &&
         ::write(fd, text.data(), static_cast<std::size_t>(length) + 1) > 0;
}

}  // namespace

Expected<PsiTrigger> PsiTrigger::arm(int proc_root, microseconds stall,
                                     microseconds window) {
  constexpr microseconds kUnprivileged{2'000'000};
  struct statfs file_system {};
  if (::fstatfs(proc_root, &file_system) != 0 ||
      file_system.f_type != PROC_SUPER_MAGIC) {
    return tl::unexpected(Error{EOPNOTSUPP, "set a PSI trigger elsewhere"});
  }
  for (const microseconds tried : {window, kUnprivileged}) {
    UniqueFd fd(::openat(proc_root, "pressure/memory",
                         O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (!fd.valid()) {
      return tl::unexpected(Error{errno, "open pressure/memory for writing"});
    }
    if (write_trigger(fd.get(), stall * (tried / window), tried)) {
      return PsiTrigger(std::move(fd));
    }
  }
  return tl::unexpected(Error{errno, "set a PSI trigger"});
}

Expected<Events> Events::open() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGINT);
  ::sigaddset(&set, SIGTERM);
  ::sigaddset(&set, SIGHUP);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) {
    return tl::unexpected(Error{errno, "sigprocmask"});
  }
  UniqueFd signals(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!signals.valid()) {
    return tl::unexpected(Error{errno, "signalfd"});
  }
  return Events(std::move(signals));
}

Events::Woken Events::wait(microseconds timeout, int psi_fd, int exit_fd) {
  constexpr std::int64_t kMicrosPerSecond = 1'000'000;
  const timespec most{.tv_sec = timeout.count() / kMicrosPerSecond,
                      .tv_nsec = timeout.count() % kMicrosPerSecond * 1000};
  // poll(2) ignores negative descriptors.
  std::array<pollfd, 3> fds{{{signals_.get(), POLLIN, 0},
                             {psi_fd, POLLPRI, 0},
                             {exit_fd, POLLIN, 0}}};
  Woken woken;
  if (::ppoll(fds.data(), fds.size(), &most, nullptr) <= 0) {
    return woken;
  }
  woken.psi_failed = (fds[1].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof(info)) == sizeof(info)) {
    (info.ssi_signo == SIGHUP ? woken.reload : woken.stop) = true;
  }
  return woken;
}

}  // namespace badnessd
