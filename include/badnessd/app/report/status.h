// SPDX-License-Identifier: GPL-2.0-only
// What the running daemon is doing: the object that it writes to
// /run/badnessd/status.json, and the text that `badnessd status` makes of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "badnessd/app/config/text.h"
#include "badnessd/app/report/report.h"
#include "badnessd/cycle/cycle.h"

namespace badnessd {

// The daemon writes its status this often while memory is not short, and after
// each decision. A status older than kStatusStale is not that of a daemon that
// works.
inline constexpr Micros kStatusInterval = 30 * kSecond;
inline constexpr Micros kStatusStale = 100 * kSecond;
inline constexpr std::string_view kStatusFile = "status.json";

// All that the daemon tells. Times are on the monotonic clock.
struct Status {
  const CycleState& state;
  const Policy& policy;
  std::string_view settings;  // their origin
  Micros started_us = 0;
  Micros now_us = 0;
  const std::vector<std::string>& lacks;  // what does not work on this machine
  const KillTimes& kills;                 // of all domains
  const Json& choice;         // the sentences of a decision, if there were one
  const Json& last_decision;  // its record; null: none since the start
  std::uint64_t lost_lines = 0;  // of log and journal
};

[[nodiscard]] Json status_json(const Status& status);

// How `badnessd status` ends.
enum class Health : std::uint8_t {
  kWatching = 0,
  kNotRunning = 1,  // or its status is stale
  kDegraded = 2     // something of what the settings ask for does not work
};

template <>
struct Names<Health> {
  static constexpr auto kAll =
      names_up_to<Health::kDegraded>({"watching", "not running", "degraded"});
};

// The status of a daemon as text. `running`: its process exists.
[[nodiscard]] Health health_of(const Json& status, bool running, Micros now_us);
[[nodiscard]] std::string status_text(const Json& status, Health health,
                                      Micros now_us);

}  // namespace badnessd
