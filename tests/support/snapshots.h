// SPDX-License-Identifier: GPL-2.0-only
// Snapshots for tests of the engine.
#pragma once

#include <cstdint>
#include <vector>

#include "badnessd/engine/badness.h"
#include "badnessd/engine/task.h"

namespace badnessd::test {

// A process of one thread, fully known, with nothing that changes its score. It
// starts `pid` ticks after boot and has no parent.
[[nodiscard]] Task user_task(std::int32_t pid, Pages total_vm);

// A thread of the kernel.
[[nodiscard]] Task kernel_thread(std::int32_t pid);

// The tasks in order of their pids and linked by ppid.
[[nodiscard]] Snapshot snapshot_of(std::vector<Task> tasks,
                                   std::uint64_t uptime_s = 0);

// The same with their scores.
[[nodiscard]] Snapshot scored(std::vector<Task> tasks,
                              std::uint64_t uptime_s = 0,
                              const ScoreRules& rules = {});

// The task with `pid`, which must be there.
[[nodiscard]] Task& task_of(Snapshot& snapshot, std::int32_t pid);

// The pids of a task's children in the order of its list.
[[nodiscard]] std::vector<std::int32_t> children_of(const Snapshot& snapshot,
                                                    const Task& task);

}  // namespace badnessd::test
