// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/kill/reaper.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "badnessd/system/thread.h"

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
  // The thread blocks in read(2); the loop must not block in write(2).
  ::fcntl(ends[0], F_SETFL, 0);
  const auto thread = start_thread(&Reaper::run, reaper.get());
  if (!thread) {
    return tl::unexpected(thread.error());
  }
  reaper->thread_ = *thread;
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
  take_ordinary_priority();
  const auto* reaper = static_cast<Reaper*>(self);
  int pidfd = -1;
  while (::read(reaper->read_end_.get(), &pidfd, sizeof(pidfd)) ==
         sizeof(pidfd)) {
    const UniqueFd owned(pidfd);
    // EAGAIN: another task holds the mmap lock; the next try may find it free.
    // ESRCH: the process is gone. ENOSYS, EPERM: the call is not available.
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
