// SPDX-License-Identifier: GPL-2.0-only
// Calls process_mrelease(2) on a killed process (Linux 5.15): this frees its
// memory before the process runs again. The call takes the victim's mmap lock
// and can last seconds for a huge process, so a worker makes it.
#pragma once

#include <string_view>

#include "badnessd/system/worker.h"

namespace badnessd {

// A Worker's Reader of pidfds, which it closes. It answers nothing.
struct MemoryReleaser {
  using Question = int;
  using Answer = std::string_view;
  [[nodiscard]] static Answer read(int pidfd);
  [[nodiscard]] static Answer unknown(int pidfd);
};

class Reaper {
 public:
  // Whether the kernel has the call, and no seccomp filter forbids it.
  [[nodiscard]] static bool available();

  // Asks about no process: this starts the thread.
  Reaper() { release(-1); }

  // Hands over a copy of `pidfd`. Does not block. Without the system call, or
  // while the last call has not ended, the process dies all the same.
  void release(int pidfd);

 private:
  Worker<MemoryReleaser> worker_;
};

}  // namespace badnessd
