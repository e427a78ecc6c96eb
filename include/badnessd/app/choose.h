// SPDX-License-Identifier: GPL-2.0-only
// From the cheap facts of all processes to the one that is chosen, reading the
// dear facts of as few as possible.
#pragma once

#include "badnessd/app/decision.h"
#include "badnessd/engine/policy.h"
#include "badnessd/system/source.h"

namespace badnessd {

[[nodiscard]] inline Kib swap_used_kib(const PressureReading& reading) {
  return reading.swap_total_kib - reading.swap_free_kib;
}

// Reads the dear facts of one task, unless they are known, and sets what
// follows from them.
void refine_one(FactSource& source, Snapshot& snapshot, std::uint32_t index,
                const ScoreRules& score, Kib swap_used_kib);

// Chooses among those who can give back `need_kib`, or as much of it as anybody
// can: the bar is halved until somebody meets it, down to the bare order of
// 2.6.32. Reads the dear facts only of those that can still win: whoever leads
// by an upper bound is refined until the leader is exact, which gives the
// result of refining everybody. `rules` comes back with the bar that was met.
[[nodiscard]] Selection select_victim(FactSource& source, Snapshot& snapshot,
                                      const ScoreRules& score,
                                      SelectRules& rules, Kib need_kib,
                                      Kib swap_used_kib);

// Reads the dear facts of all tasks, and sets points and reclaims.
void refine_all(FactSource& source, Snapshot& snapshot,
                const ScoreRules& rules);

// Writes the other candidates into `decision`. Their points may be upper
// bounds; those few that are listed are read now and put in their exact place.
void list_others(FactSource& source, Snapshot& snapshot, const Policy& policy,
                 const SelectRules& rules, Decision& decision);

}  // namespace badnessd
