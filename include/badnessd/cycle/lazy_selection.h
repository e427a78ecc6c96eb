// SPDX-License-Identifier: GPL-2.0-only
// Chooses a process from the cheap facts of all processes, and reads the
// expensive facts of as few as possible.
#pragma once

#include "badnessd/cycle/census.h"
#include "badnessd/cycle/decision.h"
#include "badnessd/engine/policy.h"
#include "badnessd/system/source.h"

namespace badnessd {

// A snapshot, the source of its expensive facts, and the settings to judge it.
struct Inquiry {
  Sources sources;
  Snapshot& snapshot;
  const Policy& policy;
  const Census& census;
  Kib swap_used_kib = 0;
  std::optional<Loss> loss{};  // none: tasks are not compared with a note
};

// Scans again and applies the rules of the policy. If the leader of a process
// has exited, its first live thread counts, as in later kernels (mm/oom_kill.c:
// find_lock_task_mm()), except in the bare order of 2.6.32.
// `small_kib`: as in FactSource::scan().
[[nodiscard]] Expected<void> scan(const Inquiry& inquiry, Kib small_kib = 0);

// Applies the rules of the policy to a new snapshot: the second part of scan().
void begin_judging(const Inquiry& inquiry);

// Sets in_scope of every task: true if the task is in `cgroup` or below it.
void mark_scope(CgroupTree& cgroups, std::string_view cgroup,
                Snapshot& snapshot);

// Sets all that depends on the facts of all tasks.
void judge_all(const Inquiry& inquiry);

// Reads the expensive facts of one task, unless they are known, and updates
// what depends on them.
void refine_one(const Inquiry& inquiry, std::uint32_t index);

// Refines the task and, if it is the init of a pid namespace, the descendants
// that die with it, so that what its death gives back is known.
void refine_with_it(const Inquiry& inquiry, std::uint32_t index);

struct Choice {
  Selection selection;
  Blame blame = Blame::kNone;
  std::optional<Pool> pool{};  // kTook: took enough, but no process did
};

// Chooses in the order of 2.6.32 among the candidates that carry a fair part of
// the blame and whose death gives back `needed_kib`.
//   A fair part is at least half of the most that one candidate took, if that
//   is at least `needed_kib`. If no candidate took that much, but a pool did
//   (blame.h), the same holds among its members. Else the candidate with the
//   greatest held_points is chosen, of those that give back enough. If no
//   candidate gives back `needed_kib`, the bar is halved until one does.
// A `needed_kib` of 0 disables the guard: the bare order of 2.6.32. Refines
// only the processes that can still win, until the leader is exact: the result
// is the same as if all were refined. Returns the bars that were met in
// `rules`.
[[nodiscard]] Choice select_victim(const Inquiry& inquiry, SelectRules& rules,
                                   Kib needed_kib);

// Refines the task and its relatives (for_relatives()), so that what it took is
// known. Returns true if there was anything left to read.
bool refine_with_relatives(const Inquiry& inquiry, std::uint32_t index);

// Narrows the bounds of a task: refines it, else its relatives, else the
// largest kCheap task. If nothing is left to read, the certain amounts count.
void sharpen(const Inquiry& inquiry, std::uint32_t index);

// oom_kill_victim(), after the expensive facts that it depends on are read.
[[nodiscard]] std::uint32_t victim_of(const Inquiry& inquiry,
                                      std::uint32_t chosen,
                                      const SelectRules& rules);

// Reads the expensive facts of all tasks, and sets points and reclaims.
void refine_all(const Inquiry& inquiry);

// Lists the other candidates in `decision`. Refines the few that are listed,
// for their exact place; the points of the others may be upper bounds.
void list_others(const Inquiry& inquiry, const SelectRules& rules,
                 Decision& decision);

}  // namespace badnessd
