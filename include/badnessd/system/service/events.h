// SPDX-License-Identifier: GPL-2.0-only
// What the loop waits for: time, signals, the kernel's PSI trigger, the exit of
// a victim.
#pragma once

#include <chrono>
#include <cstdint>

#include "badnessd/system/sys.h"

namespace badnessd {

// Wakes when the kernel sees somebody stalled for memory.
class PsiTrigger {
 public:
  // Asks for an event when tasks were stalled for `stall` within `window`. The
  // kernel drops the trigger when the descriptor is closed; one trigger per
  // open descriptor. Windows below 2 s need CAP_SYS_RESOURCE, without it they
  // are multiples of 2 s (Linux 6.4), so a refused `window` is tried as one of
  // 2 s.
  [[nodiscard]] static Expected<PsiTrigger> arm(
      int proc_root, std::chrono::microseconds stall,
      std::chrono::microseconds window);

  PsiTrigger() = default;
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  explicit PsiTrigger(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

// Holds back SIGINT, SIGTERM and SIGHUP from the moment it exists, so that a
// pass is never cut in two, and takes them while it waits.
class Events {
 public:
  [[nodiscard]] static Expected<Events> open();

  struct Woken {
    bool stop = false;     // SIGINT or SIGTERM
    bool reload = false;   // SIGHUP
    bool stalled = false;  // the PSI trigger
    bool exited = false;   // the victim
  };
  // Sleeps for at most `timeout`. A descriptor of -1 is not waited for.
  [[nodiscard]] Woken wait(std::chrono::microseconds timeout, int psi_fd,
                           int exit_fd);

 private:
  Events(UniqueFd signals, UniqueFd timer)
      : signals_(std::move(signals)), timer_(std::move(timer)) {}

  UniqueFd signals_;
  UniqueFd timer_;
};

}  // namespace badnessd
