// SPDX-License-Identifier: GPL-2.0-only
// The metrics of the daemon, in the text format of Prometheus. No text of a
// process is in them.
#pragma once

#include <array>
#include <cstdint>
#include <ctime>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "badnessd/engine/trigger.h"

namespace badnessd {

struct Histogram {
  std::array<std::uint64_t, 6> bounds;
  std::array<std::uint64_t, 6> at_most{};  // values up to each bound
  std::uint64_t count = 0;
  std::uint64_t sum = 0;

  void add(std::uint64_t value) noexcept;
};

// Counters begin at 0 with the daemon.
struct Metrics {
  bool degraded = false;
  std::time_t start_s = 0;  // since the Epoch
  std::string settings_hash{};
  std::map<std::string, std::uint64_t> kills{};  // by trigger
  std::time_t last_kill_s = 0;                   // since the Epoch
  std::uint64_t spared = 0;
  Histogram latency_us{{500, 1'000, 5'000, 20'000, 100'000, 1'000'000}};
  Histogram reclaimed_kib{{1U << 16, 1U << 18, 1U << 20,  // 64 MiB to 64 GiB
                           1U << 22, 1U << 24, 1U << 26}};
  std::optional<PressureReading> reading{};  // of the system
  std::uint64_t lost_lines = 0;              // of log and journal
};

struct Metric {
  std::string_view name, type, help;  // also for the user
  // Its lines in the file; empty: it is not known here.
  std::string (*lines)(std::string_view name, const Metrics& from);
};
[[nodiscard]] std::span<const Metric> metrics_table();

[[nodiscard]] std::string metrics_text(const Metrics& metrics);

}  // namespace badnessd
