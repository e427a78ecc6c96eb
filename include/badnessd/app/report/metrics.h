// SPDX-License-Identifier: GPL-2.0-only
// The metrics of the daemon, in the text format of Prometheus. No text of a
// process is in them.
#pragma once

#include <cstdint>
#include <ctime>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "badnessd/app/config/text.h"
#include "badnessd/engine/trigger.h"

namespace badnessd {

// In $RUNTIME_DIRECTORY; any user may read it.
inline constexpr std::string_view kMetricsFile = "badnessd.prom";

// What can keep badnessd from what the settings ask for.
enum class Lack : std::uint8_t {
  kSamples,   // memory or processes cannot be read
  kClamped,   // what is read is absurd
  kTriggers,  // a trigger can never fire, or always does
  kRules,     // a rule is a mistake, or not known for some processes
  kCgroups,   // cgroups are not watched, or their accounts are not known
  kReads,     // a read does not end
  kKillers    // another OOM killer runs
};
template <>
struct Names<Lack> {
  static constexpr auto kAll =
      names_up_to<Lack::kKillers>({"samples", "clamped", "triggers", "rules",
                                   "cgroups", "reads", "killers"});
};

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
  std::set<Lack> degraded{};
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
