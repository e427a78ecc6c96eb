// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/reaper.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>

#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448  // the same on every architecture
#endif

namespace badnessd {

bool Reaper::available() {
  return ::syscall(SYS_process_mrelease, -1, 0) == 0 || errno == EBADF;
}

Expected<std::unique_ptr<Reaper>> Reaper::start() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    return tl::unexpected(Error{errno, "pipe for the reaper"});
  }
  std::unique_ptr<Reaper> reaper(
      new Reaper(UniqueFd(ends[0]), UniqueFd(ends[1])));
  // The thread waits in read, the loop must not wait in write.
  ::fcntl(ends[0], F_SETFL, 0);
  pthread_attr_t attributes{};
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes,
                              static_cast<std::size_t>(PTHREAD_STACK_MIN) * 2);
  // Signals are the loop's business.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const int code = ::pthread_create(&reaper->thread_, &attributes, &Reaper::run,
                                    reaper.get());
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::pthread_attr_destroy(&attributes);
  if (code != 0) {
    reaper->thread_ = {};
    return tl::unexpected(Error{code, "thread for the reaper"});
  }
  return reaper;
}

Reaper::~Reaper() {
  write_end_ = UniqueFd();  // ends the thread's read
  if (thread_ != pthread_t{}) {
    ::pthread_join(thread_, nullptr);
  }
}

void Reaper::release(int pidfd) noexcept {
  const int copy = ::fcntl(pidfd, F_DUPFD_CLOEXEC, 3);
  if (copy >= 0 &&
      ::write(write_end_.get(), &copy, sizeof(copy)) != sizeof(copy)) {
    ::close(copy);
  }
}

void* Reaper::run(void* self) {
  // The loop goes before everybody (Nice=-20), this must not: it works for as
  // long as the victim is large, and would hold up the whole machine. Where
  // that is forbidden it does.
  if (::getpriority(PRIO_PROCESS, 0) < 0) {
    static_cast<void>(::setpriority(PRIO_PROCESS, 0, 0));
  }
  const auto* reaper = static_cast<Reaper*>(self);
  int pidfd = -1;
  while (::read(reaper->read_end_.get(), &pidfd, sizeof(pidfd)) ==
         sizeof(pidfd)) {
    const UniqueFd owned(pidfd);
    // EAGAIN: somebody holds the mmap lock; the next try may find it free.
    // ESRCH: it is gone already. ENOSYS, EPERM: not to be had here.
    constexpr int kTries = 10;
    for (int i = 0; i < kTries; ++i) {
      if (::syscall(SYS_process_mrelease, owned.get(), 0) == 0 ||
          errno != EAGAIN) {
        break;
      }
      constexpr useconds_t kPause = 5'000;
      ::usleep(kPause);
    }
  }
  return nullptr;
}

}  // namespace badnessd
