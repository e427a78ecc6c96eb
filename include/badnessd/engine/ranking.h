// SPDX-License-Identifier: GPL-2.0-only
// Where a task stands among the candidates, and what would move it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "badnessd/engine/policy.h"

namespace badnessd {

// The candidates of a scored snapshot in the order in which they would be
// chosen. Indices in snapshot.tasks.
[[nodiscard]] std::vector<std::uint32_t> rank_candidates(
    const Snapshot& snapshot, const SelectRules& rules);

// What oom_adj it takes to change who has the most points. If `index` leads,
// the highest that lets another take its place; else the lowest that makes it
// lead. None if no value from -17 to 15 does.
[[nodiscard]] std::optional<int> turning_oom_adj(const Snapshot& snapshot,
                                                 std::uint32_t index,
                                                 const Policy& policy);

enum class SortKey : std::uint8_t {
  kPoints,
  kReclaim,
  kRss,
  kSwap,
  kTotalVm,
  kCpu,
  kAge,
  kPid
};

// The tasks in the order of `key`, the greatest first and pids ascending;
// equals as in the kernel's task list. Indices in snapshot.tasks.
[[nodiscard]] std::vector<std::uint32_t> sorted_tasks(const Snapshot& snapshot,
                                                      SortKey key);

}  // namespace badnessd
