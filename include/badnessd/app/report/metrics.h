// SPDX-License-Identifier: GPL-2.0-only
// The metrics of the daemon, in the text format of Prometheus. No text of a
// process is in them.
#pragma once

#include <cstdint>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "badnessd/engine/trigger.h"

namespace badnessd {

// In $RUNTIME_DIRECTORY; any user may read it.
inline constexpr std::string_view kMetricsFile = "badnessd.prom";

struct Summary {
  std::uint64_t count = 0;
  std::uint64_t sum = 0;

  void add(std::uint64_t value) noexcept {
    ++count;
    sum += value;
  }
};

// Counters begin at 0 with the daemon.
struct Metrics {
  bool degraded = false;
  std::time_t start_s = 0;                       // since the Epoch
  std::map<std::string, std::uint64_t> kills{};  // by trigger
  std::time_t last_kill_s = 0;                   // since the Epoch
  std::uint64_t spared = 0;
  Summary latency_us{};
  Summary reclaimed_kib{};
  std::optional<PressureReading> reading{};  // of the system
  std::uint64_t lost_lines = 0;              // of log and journal
};

[[nodiscard]] std::string metrics_text(const Metrics& metrics);

}  // namespace badnessd
