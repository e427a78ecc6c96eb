// SPDX-License-Identifier: GPL-2.0-only
// The choice of a decision: from the census, or from a scan of all processes.
#pragma once

#include <optional>

#include "badnessd/cycle/cycle.h"
#include "badnessd/cycle/lazy_selection.h"

namespace badnessd {

// Reads the processes that can be the victim (suspects.h) and chooses among
// them; if that cannot tell, scans all processes and chooses again. The choice
// is the same. Sets the bars in `rules`, and what state.decision records about
// them. `faulted_kib`: as in VmCounters, now. Fails if /proc cannot be read.
[[nodiscard]] Expected<Selection> choose(const Inquiry& inquiry,
                                         SelectRules& rules, CycleState& state,
                                         std::optional<Kib> faulted_kib);

// For the record of a decision that left processes out: scans all, if that
// takes less than about 50 ms. A scan takes three times as long as a note.
void read_the_others(const Inquiry& inquiry, const SelectRules& rules,
                     const CycleState& state);

}  // namespace badnessd
