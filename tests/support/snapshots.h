// SPDX-License-Identifier: GPL-2.0-only
// Snapshots for tests of the engine.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "badnessd/engine/badness.h"
#include "badnessd/engine/policy.h"
#include "badnessd/engine/task.h"
#include "badnessd/engine/trigger.h"

namespace badnessd::test {

inline constexpr Kib kMib = 1024;
inline constexpr Kib kGib = 1024 * kMib;
inline constexpr Points kMostPoints = std::numeric_limits<Points>::max();

// A process of one thread with nothing that changes its score. It starts `pid`
// ticks after boot and has no parent.
[[nodiscard]] Task user_task(std::int32_t pid, Pages total_vm);

// One that is called `comm`.
[[nodiscard]] Task named_task(std::int32_t pid, Pages total_vm,
                              std::string_view comm);

// One that holds `kib` of its own.
[[nodiscard]] Task holding(std::int32_t pid, Pages total_vm, Kib kib);

// 1,000,000 KiB of memory of which this much is available.
[[nodiscard]] PressureReading with_available(Kib kib);

// 100,000 KiB of memory of which this much is available at `time_us`.
[[nodiscard]] PressureReading reading_at(Micros time_us, Kib available_kib);

// The trigger "low" acts below 10 % of the memory.
[[nodiscard]] Policy acts_below_a_tenth();

// A thread of the kernel.
[[nodiscard]] Task kernel_thread(std::int32_t pid);

// The tasks in order of their pids and linked by ppid, with the verdicts on
// their facts alone.
[[nodiscard]] Snapshot snapshot_of(std::vector<Task> tasks,
                                   std::uint64_t uptime_s = 0);

// The same with their scores.
[[nodiscard]] Snapshot scored(std::vector<Task> tasks,
                              std::uint64_t uptime_s = 0,
                              const ScoreModel& model = {});

// The task with `pid`, which must be there, and the verdict on it.
[[nodiscard]] Task& task_of(Snapshot& snapshot, std::int32_t pid);
[[nodiscard]] Verdict& verdict_of(Snapshot& snapshot, std::int32_t pid);

// The task with the verdict on its facts alone.
[[nodiscard]] JudgedTask judged(const Task& task);

// The pids of a task's children in the order of its list.
[[nodiscard]] std::vector<std::int32_t> children_of(const Snapshot& snapshot,
                                                    const Task& task);

}  // namespace badnessd::test
