// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/poll_interval.h"

#include <algorithm>

namespace badnessd {
namespace {

// One CPU faults in fresh pages at 0.5 to 1 GiB/s with 4 KiB pages, and at
// twice that with huge pages. The rate grows with the number of CPUs until the
// memory bus is full, at about 16 GiB/s.
constexpr Kib kFaultRatePerCpu = Kib{1} << 20;
constexpr Kib kBusRate = Kib{16} << 20;
// Swap fills as fast as the device writes: about 2 GiB/s (NVMe disk, zram).
constexpr Kib kSwapRate = Kib{2} << 20;

// A PSI share grows slowly, even if all time from now on is stalled: two
// readings per second are enough.
constexpr Micros kStallLook = kSecond / 2;

Micros time_to_lose(Kib headroom, Kib rate) noexcept {
  return headroom * kSecond / std::max(rate, Kib{1});
}

// Twice the loss per second between two readings.
Kib twice_rate(Kib before, Kib now, Micros passed) noexcept {
  return passed == 0 ? 0 : 2 * above(before, now) * kSecond / passed;
}

// The shortest time until all conditions of `trigger` can hold.
Micros time_to_hold(const Trigger& trigger, const PressureReading& now,
                    const PressureHistory& history,
                    const FillRates& rates) noexcept {
  Micros time = stalls_hold(trigger, history) ? 0 : kStallLook;
  for (const AmountCondition& it : kAmountConditions) {
    time = std::max(
        time, time_to_lose(it.headroom_kib(trigger, now), rates.*it.rate));
  }
  return time;
}

}  // namespace

FillRates floor_rates(std::uint32_t cpus) noexcept {
  return {.memory = std::min(kFaultRatePerCpu * std::max(cpus, 1U), kBusRate),
          .swap = kSwapRate};
}

FillRates credible_rates(const FillRates& floor, const PressureReading& before,
                         const PressureReading& now) noexcept {
  const Micros passed = above(now.time_us, before.time_us);
  return {.memory =
              std::max(floor.memory, twice_rate(before.mem_available_kib,
                                                now.mem_available_kib, passed)),
          .swap = std::max(floor.swap, twice_rate(before.swap_free_kib,
                                                  now.swap_free_kib, passed))};
}

Micros time_to_fire_us(const Trigger& trigger, const TriggerState& state,
                       const PressureReading& now,
                       const PressureHistory& history,
                       const FillRates& rates) noexcept {
  if (trigger.action == Action::kLog) {
    return kLongestInterval;
  }
  Micros time = time_to_hold(trigger, now, history, rates);
  if (state.holds_since_us) {
    time = std::max(time,
                    above(trigger.for_us, now.time_us - *state.holds_since_us));
  }
  return std::min(time, kLongestInterval);
}

}  // namespace badnessd
