// SPDX-License-Identifier: GPL-2.0-only
// How long badnessd can sleep before the next reading: the headroom above a
// trigger, divided by the highest rate at which memory can fill.
#pragma once

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

inline constexpr Micros kShortestInterval = 2'000;
inline constexpr Micros kLongestInterval = 2 * kSecond;

// The time until the trigger can fire: until its last condition can be true,
// kLongestInterval at most. A trigger that only logs sets no pace: while it
// holds, it would do so for ever.
[[nodiscard]] Micros time_to_fire_us(const Trigger& trigger,
                                     const TriggerState& state,
                                     const PressureReading& now,
                                     const PressureHistory& history,
                                     const FillRates& rates) noexcept;

}  // namespace badnessd
