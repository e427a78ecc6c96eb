// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/proc/pressure.h"
#include "fuzz.h"

namespace {

bool shares_are_possible(const badnessd::PsiLine& line) {
  // Hundredths of a percent; a whole of 100 may still have a fraction.
  constexpr std::uint32_t kMost = 10'099;
  return line.avg10 <= kMost && line.avg60 <= kMost && line.avg300 <= kMost;
}

}  // namespace

void badnessd::fuzz::fuzz_one(std::string_view text) {
  PressureReading reading;
  reading.mem_total_kib = text.size();
  const bool parsed = parse_psi(text, reading).has_value();
  require(reading.mem_total_kib == text.size());
  if (parsed) {
    require(reading.psi_some && shares_are_possible(*reading.psi_some));
    require(!reading.psi_full || shares_are_possible(*reading.psi_full));
  }
}
