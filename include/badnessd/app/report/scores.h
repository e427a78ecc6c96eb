// SPDX-License-Identifier: GPL-2.0-only
// The table of processes, for the terminal.
#pragma once

#include <cstddef>
#include <string>

#include "badnessd/app/config/text.h"
#include "badnessd/engine/policy.h"
#include "badnessd/engine/ranking.h"

namespace badnessd {

struct TableOptions {
  SortKey sort = SortKey::kPoints;
  std::size_t limit = 0;  // 0: all
  bool candidates_only = false;
};

// The table of processes of a refined snapshot. A line below it counts kernel
// threads and zombies.
[[nodiscard]] std::string scores_table(const Snapshot& snapshot,
                                       const Policy& policy,
                                       const TableOptions& options,
                                       const Style& style);

}  // namespace badnessd
