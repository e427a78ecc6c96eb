// SPDX-License-Identifier: GPL-2.0-only
// How long badnessd can sleep before the next reading: the headroom above a
// trigger, divided by the highest rate at which memory can fill.
#pragma once

#include <span>

#include "badnessd/engine/trigger.h"

namespace badnessd {

// The rates to assume while nothing fills; poll_interval.cpp explains the
// values. `cpus` is the number of processors.
[[nodiscard]] FillRates floor_rates(std::uint32_t cpus) noexcept;

// Twice the rate between two readings, but at least the floor. This covers a
// rate that doubles from one reading to the next.
[[nodiscard]] FillRates credible_rates(const FillRates& floor,
                                       const PressureReading& before,
                                       const PressureReading& now) noexcept;

// The time until the first trigger can fire, from kShortestInterval to
// kLongestInterval. A trigger fires when its last condition becomes true.
inline constexpr Micros kShortestInterval = 2'000;
inline constexpr Micros kLongestInterval = 2 * kSecond;
[[nodiscard]] Micros poll_interval_us(std::span<const Trigger> triggers,
                                      std::span<const TriggerState> states,
                                      const PressureReading& now,
                                      const PressureHistory& history,
                                      const FillRates& rates) noexcept;

}  // namespace badnessd
