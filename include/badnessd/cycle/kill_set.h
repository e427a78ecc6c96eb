// SPDX-License-Identifier: GPL-2.0-only
// What dies with the victim: a storm, a cgroup, the sharers of its mm.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "badnessd/cycle/lazy_selection.h"
#include "badnessd/engine/incident.h"
#include "badnessd/system/kill/killer.h"

namespace badnessd {

// Sets kill_set and group of `decision`, whose victim and storm are set, and
// the cgroup if it is known already. Honours memory.oom.group only if the
// policy asks for it. `sharers` are the processes that share the victim's mm.
void decide_kill_set(const Inquiry& inquiry,
                     std::span<const std::uint32_t> sharers,
                     Decision& decision);

// Sets `sharers` (indices in tasks) to the candidates that share the victim's
// mm; none in the bare order of 2.6.32, or in a storm. Checks at most 64 tasks
// with the victim's total_vm. If there are any, the victim's reclaim_kib
// includes the memory that they share.
void find_sharers(const Inquiry& inquiry, const SelectRules& rules,
                  Decision& decision, std::vector<std::uint32_t>& sharers);

// The fork storm of the decision, if there is one. A forker that `incident`
// spared within the last minute is not spared again.
[[nodiscard]] std::optional<Storm> find_storm(const Inquiry& inquiry,
                                              const SelectRules& rules,
                                              StormFinder& storms,
                                              const Decision& decision,
                                              Incident& incident);

// Kills all processes of the kill_set except the victim, which was signalled
// already: first `members` (indices in tasks), then the processes that a new
// scan finds, until it finds none. A signalled process cannot fork any more. A
// task that is no candidate by `rules` survives. `swept` is a work buffer.
// Counts the kills in `decision`.
void sweep(const Inquiry& inquiry, Killer& killer, SelectRules rules,
           std::span<const std::uint32_t> members, Decision& decision,
           std::vector<TaskId>& swept);

// Sets cgroup and oom_group of a decision after the signal to its victim.
void note_cgroup(const Sources& sources, Decision& decision);

}  // namespace badnessd
