// SPDX-License-Identifier: GPL-2.0-only
// What is killed with the victim: a storm, a cgroup, those that share its mm.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "badnessd/cycle/lazy_selection.h"
#include "badnessd/system/kill/killer.h"

namespace badnessd {

// Sets kill_set and group of `decision`, whose victim and storm are set, and
// the cgroup as far as it is known without asking. What memory.oom.group says
// is only followed where the policy asks for it. `sharers` are the processes
// that share the victim's mm.
void decide_kill_set(const Inquiry& inquiry,
                     std::span<const std::uint32_t> sharers,
                     Decision& decision);

// The candidates that share the mm of the decision's victim, in `sharers`,
// indices in tasks; none in the bare order of 2.6.32, or in a storm. Asks only
// about processes of the same size. What the victim's death gives back is set
// to what it has in common with them too.
void find_sharers(const Inquiry& inquiry, const SelectRules& rules,
                  Decision& decision, std::vector<std::uint32_t>& sharers);

// The fork storm that the decision is about, if there is one. A forker that was
// spared in `state` within the last minute is not spared again.
[[nodiscard]] std::optional<Storm> find_storm(const Inquiry& inquiry,
                                              const SelectRules& rules,
                                              StormFinder& storms,
                                              const Decision& decision,
                                              PolicyState& state);

// Kills, besides the victim of `decision`, which was signalled, all others of
// its kill_set: `members` (indices in tasks) first, then whoever a new scan
// finds to belong to them, until none does. One who was signalled cannot fork
// any more. Nobody who is no candidate by `rules` is killed. `swept` is memory
// to work with. Counts them in `decision`.
void sweep(const Inquiry& inquiry, Killer& killer, SelectRules rules,
           std::span<const std::uint32_t> members, Decision& decision,
           std::vector<TaskId>& swept);

// Sets cgroup and oom_group of a decision whose victim has its signal.
void note_cgroup(FactSource& source, Decision& decision);

}  // namespace badnessd
