// SPDX-License-Identifier: GPL-2.0-only
// Calls process_mrelease(2) on a killed process (Linux 5.15): this frees its
// memory before the process runs again. The call takes the victim's mmap lock
// and can last seconds for a huge process, so it has a thread of its own.
#pragma once

#include <pthread.h>

#include <memory>

#include "badnessd/system/sys.h"

namespace badnessd {

class Reaper {
 public:
  // Whether the kernel has the call, and no seccomp filter forbids it.
  [[nodiscard]] static bool available();

  // Starts the thread.
  [[nodiscard]] static Expected<std::unique_ptr<Reaper>> start();

  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;
  Reaper(Reaper&&) = delete;
  Reaper& operator=(Reaper&&) = delete;
  ~Reaper();

  // Hands over a copy of `pidfd`. Does not block. With a full queue or without
  // the system call it has no effect: the process dies all the same.
  void release(int pidfd) noexcept;

 private:
  Reaper(UniqueFd read_end, UniqueFd write_end)
      : read_end_(std::move(read_end)), write_end_(std::move(write_end)) {}
  static void* run(void* self);

  UniqueFd read_end_;
  UniqueFd write_end_;
  pthread_t thread_{};
};

}  // namespace badnessd
