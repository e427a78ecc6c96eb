// SPDX-License-Identifier: GPL-2.0-only
// Whom to kill: select_bad_process() and oom_kill_process() of Linux 2.6.32
// (mm/oom_kill.c), over a scored snapshot.
#pragma once

#include <cstdint>
#include <span>

#include "badnessd/engine/task.h"

namespace badnessd {

// Why a task is no candidate. The first three are 2.6.32's.
enum class Skip : std::uint8_t {
  kNone,
  kNoMm,
  kInit,
  kOomDisabled,
  kSelf,
  kSetAside,  // it was signalled and did not die, or may not be signalled
  kOutOfScope
};

// Whose exit is worth waiting for. 2.6.32 aborts on a task that is PF_EXITING
// and still has its mm. A dying task drops its mm before the pages are free
// (FACTS: oom_kill_process), so badnessd waits for that one too; and it does
// not wait for ever, as 2.6.32 does, but passes to kNobody after a while.
enum class WaitFor : std::uint8_t { kNobody, kExitingWithMm, kExiting };

// Kernel threads and zombies have nothing left to give back.
[[nodiscard]] bool dying(const Task& task, WaitFor wait_for) noexcept;

// What a selection depends on besides the snapshot.
struct SelectRules {
  std::int32_t self_pid = 0;  // never a candidate; 0 on a foreign root
  WaitFor wait_for = WaitFor::kExiting;
  std::span<const TaskId> set_aside{};
  // Only tasks that are in_scope, as 2.6.32 did with those of a mem_cgroup.
  bool scoped = false;
  // The guard: whoever cannot give back this much is passed over, except for
  // PF_OOM_ORIGIN. 0 is 2.6.32's own order.
  Kib min_reclaim_kib = 0;
  // A process that carries less of the blame is passed over too; 0: the blame
  // does not count.
  Kib min_took_kib = 0;
  Points min_held_points = 0;
  // Only children of this process are eligible; 0: of any. See Pool in blame.h.
  std::int32_t pool_pid = 0;
};

[[nodiscard]] Skip skip_reason(const Task& task,
                               const SelectRules& rules) noexcept;

// Whether `a` is killed before `b`: the greater points, the earlier in the task
// list among equals.
[[nodiscard]] bool outranks(const Task& a, const Task& b) noexcept;

struct Selection {
  enum class Kind : std::uint8_t { kNone, kWait, kChosen };
  Kind kind = Kind::kNone;
  std::uint32_t task = 0;  // kChosen: who; kWait: who is dying. Index in tasks
};

// mm/oom_kill.c: select_bad_process(). The greatest points win, the earliest in
// the task list among equals; a candidate with 0 points can be chosen. It
// aborts (kWait) where a task is dying; kExitingWithMm is 2.6.32's own rule.
// There is no allocating task in user space, so its exception does not arise.
// Of a task the death of which does not give back a known amount the most that
// is possible counts.
[[nodiscard]] Selection select_bad_process(const Snapshot& snapshot,
                                           const SelectRules& rules) noexcept;

// kill.victim: the chosen process itself, or as 2.6.32 did its first child, or
// in a fork storm (storm.h) the forker with its young descendants and else the
// chosen process.
// Whom else: with kCgroup all that are in the cgroup of the chosen.
enum class VictimOrder : std::uint8_t { kAuto, kProcess, kChildFirst, kCgroup };

// mm/oom_kill.c: oom_kill_process(). The index of the one that dies if `chosen`
// is: with kChildFirst the first child on the list that has an mm of its own
// and whose oom_adj is not -17, whatever its score and
// reclaim; else `chosen`.
[[nodiscard]] std::uint32_t oom_kill_victim(const Snapshot& snapshot,
                                            std::uint32_t chosen,
                                            VictimOrder order,
                                            const SelectRules& rules) noexcept;

}  // namespace badnessd
