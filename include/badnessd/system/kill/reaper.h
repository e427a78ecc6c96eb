// SPDX-License-Identifier: GPL-2.0-only
// process_mrelease(2) of a killed process (Linux 5.15): frees its memory before
// it gets to run. The call takes the victim's mmap lock and does the freeing in
// the caller, seconds for a huge one, so it has a thread of its own.
#pragma once

#include <pthread.h>

#include <memory>

#include "badnessd/system/sys.h"

namespace badnessd {

class Reaper {
 public:
  // Whether the kernel, and whatever filters calls, has the call.
  [[nodiscard]] static bool available();

  // Starts the thread.
  [[nodiscard]] static Expected<std::unique_ptr<Reaper>> start();

  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;
  Reaper(Reaper&&) = delete;
  Reaper& operator=(Reaper&&) = delete;
  ~Reaper();

  // Hands over a pidfd, which is copied. Does not block: with the queue full,
  // or no call to make, nothing happens, for the process dies all the same.
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
