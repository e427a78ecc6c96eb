// SPDX-License-Identifier: GPL-2.0-only
// From the cheap facts of all processes to the one that is chosen, reading the
// dear facts of as few as possible.
#pragma once

#include "badnessd/app/decision.h"
#include "badnessd/app/identities.h"
#include "badnessd/engine/policy.h"
#include "badnessd/system/source.h"

namespace badnessd {

[[nodiscard]] inline Kib swap_used_kib(const PressureReading& reading) {
  return reading.swap_total_kib - reading.swap_free_kib;
}

// A snapshot, where its dear facts come from, and what is made of them.
struct Inquiry {
  FactSource& source;
  Snapshot& snapshot;
  const Policy& policy;
  const Identities& identities;
  Kib swap_used_kib = 0;
};

// Scans anew; the rules of the policy are taken into account.
[[nodiscard]] Expected<void> scan(const Inquiry& inquiry);

// Reads the dear facts of one task, unless they are known, and sets what
// follows from them.
void refine_one(const Inquiry& inquiry, std::uint32_t index);

// Reads the dear facts of those who die with the task, as far as its death is
// theirs too, so that what it gives back is known.
void refine_with_it(const Inquiry& inquiry, std::uint32_t index);

// Chooses among those whose death gives back `need_kib`, or as much of it as
// anybody's can: the bar is halved until somebody meets it, down to the bare
// order of 2.6.32. Reads the dear facts only of those that can still win:
// whoever leads by an upper bound is refined until the leader is exact, which
// gives the result of refining everybody. `rules` comes back with the bar that
// was met.
[[nodiscard]] Selection select_victim(const Inquiry& inquiry,
                                      SelectRules& rules, Kib need_kib);

// oom_kill_victim(), with the dear facts of those read on whom it depends.
[[nodiscard]] std::uint32_t victim_of(const Inquiry& inquiry,
                                      std::uint32_t chosen,
                                      const SelectRules& rules);

// Reads the dear facts of all tasks, and sets points and reclaims.
void refine_all(const Inquiry& inquiry);

// Writes the other candidates into `decision`. Their points may be upper
// bounds; those few that are listed are read now and put in their exact place.
void list_others(const Inquiry& inquiry, const SelectRules& rules,
                 Decision& decision);

}  // namespace badnessd
