// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/policy.h"

#include <algorithm>

namespace badnessd {

Kib needed_kib(const Policy& policy, const Trigger& trigger,
               const PressureReading& reading) noexcept {
  if (policy.min_reclaim) {
    return amount_kib(*policy.min_reclaim, policy.machine.mem_total_kib);
  }
  const Kib floor = reading.mem_total_kib / 64;
  if (!trigger.mem_available_below) {
    return floor;
  }
  // The limit cannot exceed the total.
  const Kib limit =
      std::min(amount_kib(*trigger.mem_available_below, reading.mem_total_kib),
               reading.mem_total_kib);
  const Kib wanted = std::min(limit + limit / 2, reading.mem_total_kib);
  // --once can run above the limit: it assumes memory at the limit.
  return wanted - std::min(limit, reading.mem_available_kib);
}

std::size_t once_trigger(const Policy& policy) noexcept {
  std::optional<std::size_t> first;
  for (std::size_t i = 0; i < policy.triggers.size(); ++i) {
    const Trigger& trigger = policy.triggers[i];
    if (trigger.action != Action::kKill) {
      continue;
    }
    if (!trigger.scope) {
      return i;
    }
    first = first.value_or(i);
  }
  return first.value_or(0);
}

}  // namespace badnessd
