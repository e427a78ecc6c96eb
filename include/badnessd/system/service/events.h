// SPDX-License-Identifier: GPL-2.0-only
// The events of the loop: timeouts, signals, the kernel's PSI trigger and the
// exit of a victim.
#pragma once

#include <chrono>
#include <cstdint>

#include "badnessd/system/sys.h"

namespace badnessd {

// Wakes the loop when tasks stall for memory.
class PsiTrigger {
 public:
  // Requests an event when tasks stall for `stall` within `window`. The kernel
  // accepts one trigger per open descriptor and drops it on close. Without
  // CAP_SYS_RESOURCE a window must be a multiple of 2 s (Linux 6.4), so a
  // refused `window` is retried with 2 s. Fails where `proc_root` is no procfs:
  // nothing is written to a stored tree.
  [[nodiscard]] static Expected<PsiTrigger> arm(
      int proc_root, std::chrono::microseconds stall,
      std::chrono::microseconds window);

  PsiTrigger() = default;
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  explicit PsiTrigger(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

// Blocks SIGINT, SIGTERM and SIGHUP while it exists, so that they never
// interrupt a pass. wait() receives them.
class Events {
 public:
  [[nodiscard]] static Expected<Events> open();

  struct Woken {
    bool stop = false;    // SIGINT or SIGTERM
    bool reload = false;  // SIGHUP
    // The PSI descriptor has an error: it would end each wait at once.
    bool psi_failed = false;
  };
  // Sleeps for at most `timeout`. Ignores a descriptor of -1.
  [[nodiscard]] Woken wait(std::chrono::microseconds timeout, int psi_fd,
                           int exit_fd);

 private:
  explicit Events(UniqueFd signals) : signals_(std::move(signals)) {}

  UniqueFd signals_;
};

}  // namespace badnessd
