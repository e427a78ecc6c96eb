// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/trigger.h"

#include <algorithm>
#include <limits>

namespace badnessd {

Kib amount_kib(const Amount& amount, Kib total_kib) noexcept {
  constexpr Kib kNoLimit = std::numeric_limits<Kib>::max();
  constexpr Kib kWhole = 10000;
  // Divided first where the product would not fit.
  const Kib share = amount.basis_points
                        ? total_kib / kWhole * *amount.basis_points +
                              total_kib % kWhole * *amount.basis_points / kWhole
                        : kNoLimit;
  return std::min(share, amount.kib.value_or(kNoLimit));
}

bool fires(const Trigger& trigger, const PressureReading& reading) noexcept {
  const bool memory_low =
      reading.mem_available_kib <
      amount_kib(trigger.mem_available_below, reading.mem_total_kib);
  const bool swap_low =
      reading.swap_total_kib == 0 ||
      reading.swap_free_kib <
          amount_kib(trigger.swap_free_below, reading.swap_total_kib);
  return memory_low && swap_low;
}

}  // namespace badnessd
