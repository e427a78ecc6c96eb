// SPDX-License-Identifier: GPL-2.0-only
// The rank of a task among the candidates, and the oom_adj that changes it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "badnessd/engine/policy.h"

namespace badnessd {

// The candidates of a scored snapshot, the first choice first. Indices in
// snapshot.tasks.
[[nodiscard]] std::vector<std::uint32_t> rank_candidates(
    const Snapshot& snapshot, const Bars& bars);

// The oom_adj of the task at `index` that changes the leader. If the task
// leads: the highest value with which it does not; else the lowest value with
// which it does. None if no value from -17 to 15 changes the leader.
[[nodiscard]] std::optional<int> turning_oom_adj(const Snapshot& snapshot,
                                                 std::uint32_t index,
                                                 const Policy& policy);

}  // namespace badnessd
