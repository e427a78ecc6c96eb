// SPDX-License-Identifier: GPL-2.0-only
// When to act: memory and pressure readings, and the condition on them.
#pragma once

#include <cstdint>
#include <optional>

#include "badnessd/engine/task.h"

namespace badnessd {

// One line of /proc/pressure/memory. avg in hundredths of a percent.
struct PsiLine {
  std::uint32_t avg10 = 0;
  std::uint32_t avg60 = 0;
  std::uint32_t avg300 = 0;
  std::uint64_t total_us = 0;
};

struct PressureReading {
  Kib mem_total_kib = 0;  // without hugetlb pages: nobody else can have those
  Kib mem_available_kib = 0;
  bool mem_available_estimated = false;  // the kernel (before 3.14) has none
  Kib swap_total_kib = 0;
  Kib swap_free_kib = 0;
  std::optional<PsiLine> psi_some;  // none: no PSI on this system
  std::optional<PsiLine> psi_full;
};

// A share of a total and/or a size; where both are given the lower one counts,
// so that "5 %, at most 1 GiB" can be said for any machine.
struct Amount {
  std::optional<std::uint32_t>
      basis_points;  // hundredths of a percent, 0..10000
  std::optional<Kib> kib;

  friend bool operator==(const Amount&, const Amount&) = default;
};

[[nodiscard]] Kib amount_kib(const Amount& amount, Kib total_kib) noexcept;

// All conditions must hold.
struct Trigger {
  Amount mem_available_below;
  Amount swap_free_below;
};

// Whether MemAvailable is below its amount and SwapFree below its own. The swap
// condition holds where there is no swap.
[[nodiscard]] bool fires(const Trigger& trigger,
                         const PressureReading& reading) noexcept;

}  // namespace badnessd
