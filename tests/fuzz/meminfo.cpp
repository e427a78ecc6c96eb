// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/proc/pressure.h"
#include "fuzz.h"

void badnessd::fuzz::fuzz_one(std::string_view text) {
  // Other files of the kernel that share its form.
  static_cast<void>(parse_reclaimable_arc(text, 1 << 20, 1 << 19));
  static_cast<void>(badnessd::parse_vm_counters(text, 4096));
  const auto reading = parse_meminfo(text);
  if (!reading) {
    return;
  }
  // No absurd sample becomes a reading.
  require(reading->swap_free_kib <= reading->swap_total_kib);
  const auto has = [text](std::string_view line) {
    return text.find(line) != std::string_view::npos;
  };
  require(reading->mem_available_estimated || has("MemAvailable:"));
  require(reading->mem_available_kib <= reading->mem_total_kib ||
          has("Hugetlb:") || has("HugePages_Total:"));
  require(!reading->psi_some && !reading->psi_full);
}
