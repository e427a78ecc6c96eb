// SPDX-License-Identifier: GPL-2.0-only
// The pace of the loop and the way to end it.
#pragma once

#include <chrono>
#include <csignal>

namespace badnessd {

// Holds back SIGINT and SIGTERM from the moment it exists, so that a pass is
// never cut in two, and takes them while it waits.
class StopSignals {
 public:
  StopSignals() noexcept;

  // Sleeps for `interval`. True if it was ended by a signal.
  [[nodiscard]] bool wait(std::chrono::milliseconds interval) const noexcept;

 private:
  sigset_t set_{};
};

}  // namespace badnessd
