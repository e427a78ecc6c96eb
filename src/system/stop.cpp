// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/stop.h"

namespace badnessd {

StopSignals::StopSignals() noexcept {
  ::sigemptyset(&set_);
  ::sigaddset(&set_, SIGINT);
  ::sigaddset(&set_, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &set_, nullptr);
}

bool StopSignals::wait(std::chrono::milliseconds interval) const noexcept {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(interval);
  const timespec timeout{
      .tv_sec = seconds.count(),
      .tv_nsec = std::chrono::nanoseconds(interval - seconds).count()};
  // Another signal's handler cuts the wait short, which does no harm.
  return ::sigtimedwait(&set_, nullptr, &timeout) > 0;
}

}  // namespace badnessd
