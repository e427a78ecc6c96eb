// SPDX-License-Identifier: GPL-2.0-only
// What dies with the victim: a storm, a cgroup, the sharers of its mm.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "badnessd/cycle/cycle.h"
#include "badnessd/cycle/judge.h"

namespace badnessd {

// Sets kill_set and group of state.decision, whose victim and storm are set,
// and the cgroup if it is known already. Honours memory.oom.group only if the
// policy asks for it. A cgroup that the victim has left since is not killed.
void decide_kill_set(const Context& context, CycleState& state);

// Sets state.sharers (indices in tasks) to the candidates that share the
// victim's mm; none in the bare order of 2.6.32, or in a storm. If there are
// any, the victim's reclaim_kib includes the memory that they share.
void find_sharers(const Context& context, const Bars& bars, CycleState& state);

// The fork storm among those that `bars` admit, if several processes took the
// memory together. A forker that was spared within the last minute is not
// spared again.
[[nodiscard]] std::optional<Storm> find_storm(const Context& context,
                                              const Bars& bars,
                                              CycleState& state);

// Kills all processes of the kill_set except the victim, which was signalled
// already: first the members that are known, then the newer processes that
// belong to them, until there are none. A signalled process cannot fork any
// more. A task that is no candidate by `bars` survives. Counts the kills in the
// decision.
void sweep(const Context& context, Killer& killer, Bars bars,
           CycleState& state);

// Sets cgroup and oom_group of a decision after the signal to its victim.
void record_cgroup(const Sources& sources, Decision& decision);

}  // namespace badnessd
