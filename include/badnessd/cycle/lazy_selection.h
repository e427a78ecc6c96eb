// SPDX-License-Identifier: GPL-2.0-only
// From the cheap facts of all processes to the one that is chosen, reading the
// dear facts of as few as possible.
#pragma once

#include "badnessd/cycle/baselines.h"
#include "badnessd/cycle/decision.h"
#include "badnessd/cycle/identities.h"
#include "badnessd/engine/policy.h"
#include "badnessd/system/source.h"

namespace badnessd {

// A snapshot, where its dear facts come from, and what is made of them.
struct Inquiry {
  FactSource& source;
  Snapshot& snapshot;
  const Policy& policy;
  const Identities& identities;
  Kib swap_used_kib = 0;
  // With what the memory of the tasks is compared; without both with nothing.
  const Baselines* baselines = nullptr;
  std::optional<Loss> loss{};
};

// Scans anew; the rules of the policy are taken into account. Except in the
// bare order of 2.6.32 a process whose leader has exited counts with its first
// live thread, as later kernels have it (mm/oom_kill.c: find_lock_task_mm()).
[[nodiscard]] Expected<void> scan(const Inquiry& inquiry);

// Reads the dear facts of one task, unless they are known, and sets what
// follows from them.
void refine_one(const Inquiry& inquiry, std::uint32_t index);

// Reads the dear facts of those who die with the task, as far as its death is
// theirs too, so that what it gives back is known.
void refine_with_it(const Inquiry& inquiry, std::uint32_t index);

struct Choice {
  Selection selection;
  Blame blame = Blame::kNone;
  std::optional<Pool> pool{};  // kTook: together, as no process took enough
};

// Chooses by 2.6.32's order among the candidates that carry a fair part of the
// blame, and of those among the ones whose death gives back `needed_kib`.
//   The blame is fair if a process took at least half of what the candidate
//   took that took most, and that one took at least `needed_kib`. If none took
//   that much but a pool did (blame.h), the same holds among its members; else
//   the process is chosen whose score for what it holds is the greatest of
//   those that give back enough. If the death of none of them gives back
//   `needed_kib`, that bar is halved until it is met.
// With a `needed_kib` of 0 there is no guard: the bare order of 2.6.32. Refines
// only the processes that can still win: one that leads by an upper bound is
// refined until the leader is exact, which gives the result of refining all.
// `rules` comes back with the bars that were met.
[[nodiscard]] Choice select_victim(const Inquiry& inquiry, SelectRules& rules,
                                   Kib needed_kib);

// Refines the task and its relatives (for_relatives()), so that what it took is
// known. Returns whether there was anything left to read.
bool refine_with_relatives(const Inquiry& inquiry, std::uint32_t index);

// Makes a task more exact: refines it, else its relatives, else all tasks. If
// nothing is left to read, what is certain counts.
void sharpen(const Inquiry& inquiry, std::uint32_t index);

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
