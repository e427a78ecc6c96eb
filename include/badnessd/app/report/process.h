// SPDX-License-Identifier: GPL-2.0-only
// What the reports show of a process. One table in process.cpp makes the object
// in JSON, the columns of `scores` and the keys of --sort.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "badnessd/app/config/text.h"
#include "badnessd/app/report/report.h"
#include "badnessd/engine/policy.h"

namespace badnessd {

struct Process {
  Judged of;
  const Policy& policy;
  const Snapshot* snapshot = nullptr;  // null: in the record of a decision
};

[[nodiscard]] Json process_json(const Process& process);

[[nodiscard]] std::vector<std::string> sort_keys();

// The tasks sorted by `key`, one of sort_keys(): the greatest first, but pids
// ascending. Equal tasks have the order of the kernel's task list. Indices in
// snapshot.tasks.
[[nodiscard]] std::vector<std::uint32_t> sorted_tasks(const Snapshot& snapshot,
                                                      const Policy& policy,
                                                      std::string_view key);

struct TableOptions {
  std::string_view sort = "points";
  std::size_t limit = 0;  // 0: all
  bool candidates_only = false;
};

// The table of processes of a refined snapshot. It has the column that it is
// sorted by. In place of its points, a process that is no candidate has the
// reason. A line below counts kernel threads and zombies.
[[nodiscard]] std::string scores_table(const Snapshot& snapshot,
                                       const Policy& policy,
                                       const TableOptions& options,
                                       const Style& style);

// The ledger of the task at `index` of a refined snapshot, its children, its
// rank, and the oom_adj that would change the rank.
[[nodiscard]] std::string explain_text(const Snapshot& snapshot,
                                       std::uint32_t index,
                                       const Policy& policy,
                                       const Style& style);

}  // namespace badnessd
