// SPDX-License-Identifier: GPL-2.0-only
// How long one may sleep before the next reading without coming too late: the
// headroom above a trigger, divided by the rate at which it could go.
#pragma once

#include <span>

#include "badnessd/engine/trigger.h"

namespace badnessd {

// In KiB per second.
struct FillRates {
  Kib memory = 0;
  Kib swap = 0;
};

// The rates that must be reckoned with while nothing is seen to fill: see
// pace.cpp for where they come from. `cpus` is the number of processors.
[[nodiscard]] FillRates floor_rates(std::uint32_t cpus) noexcept;

// Twice what was seen between two readings, and never below the floor: a rate
// that doubles from one reading to the next is still met in time.
[[nodiscard]] FillRates credible_rates(const FillRates& floor,
                                       const PressureReading& before,
                                       const PressureReading& now) noexcept;

// The longest sleep after which no trigger can have fired for long. All of a
// trigger's conditions must hold, so its latest counts; of the triggers the
// first. Between kShortestInterval and kLongestInterval.
inline constexpr Micros kShortestInterval = 2'000;
inline constexpr Micros kLongestInterval = 2'000'000;
[[nodiscard]] Micros poll_interval_us(std::span<const Trigger> triggers,
                                      std::span<const TriggerState> states,
                                      const PressureReading& now,
                                      const PressureHistory& history,
                                      const FillRates& rates) noexcept;

}  // namespace badnessd
