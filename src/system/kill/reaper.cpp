// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/kill/reaper.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448  // the same on every architecture
#endif

namespace badnessd {

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

bool Reaper::available() {
  return ::syscall(SYS_process_mrelease, -1, 0) == 0 || errno == EBADF;
}

void Reaper::release(int pidfd) {
  if (worker_.busy_with() == 0) {
    const int copy = ::fcntl(pidfd, F_DUPFD_CLOEXEC, 3);
    worker_.ask({&copy, 1});
  }
}

}  // namespace badnessd
