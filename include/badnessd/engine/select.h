// SPDX-License-Identifier: GPL-2.0-only
// The choice of the victim: select_bad_process() and oom_kill_process() of
// Linux 2.6.32 (mm/oom_kill.c), over a scored snapshot.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "badnessd/engine/badness.h"

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

// The dying tasks to wait for. 2.6.32 aborts on a PF_EXITING task that still
// has its mm (mm/oom_kill.c: select_bad_process()). badnessd waits also after
// the task drops its mm, which precedes the free of the pages (kernel/exit.c:
// exit_mm()). 2.6.32 waits forever; badnessd passes to kNone after a while.
enum class WaitFor : std::uint8_t { kNone, kExitingWithMm, kExiting };

// Kernel threads and zombies are not dying: they have nothing to give back.
[[nodiscard]] bool dying(Judged judged, WaitFor wait_for) noexcept;

// What a selection depends on besides the snapshot.
struct Bars {
  std::int32_t self_pid = 0;  // never a candidate; 0 on a foreign root
  WaitFor wait_for = WaitFor::kExiting;
  // Waits only for a task that can give back, or gives back, this much.
  Kib wait_kib = 0;
  std::span<const TaskId> set_aside{};
  // Considers only tasks that are in_scope, as 2.6.32 does for a mem_cgroup.
  bool scoped = false;
  // Considers only tasks in the cgroups that took the memory.
  bool suspects_only = false;
  // Passes over a task that cannot give back this much, except for
  // PF_OOM_ORIGIN. 0: the order of 2.6.32.
  Kib min_reclaim_kib = 0;
  // Also passes over a task that took less, or with a lesser score for what it
  // holds; 0: that does not count.
  Kib min_took_kib = 0;
  Points min_held_points = 0;
};

[[nodiscard]] Skip skip_reason(Judged judged, const Bars& bars) noexcept;
// Whether the task is one of those that the bars admit, and meets their
// amounts. Says nothing of skip_reason().
[[nodiscard]] bool meets(Judged judged, const Bars& bars) noexcept;
// Whether the task at `index` is a candidate.
[[nodiscard]] inline bool eligible(const Snapshot& snapshot, std::size_t index,
                                   const Bars& bars) noexcept {
  return skip_reason(snapshot.judged(index), bars) == Skip::kNone;
}

// Whether `a` is killed before `b`: it has more points, or the same points and
// an earlier place in the task list.
[[nodiscard]] bool outranks(Judged a, Judged b) noexcept;

struct Selection {
  enum class Kind : std::uint8_t { kNone, kWait, kChosen };
  Kind kind = Kind::kNone;
  std::uint32_t task = 0;  // kChosen: the chosen, kWait: the dying task

  [[nodiscard]] bool operator==(const Selection&) const = default;
};

// The first task that is dying and gives back bars.wait_kib: it is waited for.
[[nodiscard]] std::optional<std::uint32_t> find_dying(
    const Snapshot& snapshot, const Bars& bars) noexcept;

// mm/oom_kill.c: select_bad_process(). The most points win; among equals, the
// earliest in the task list. A candidate with 0 points can win. A dying task
// aborts the selection (kWait); kExitingWithMm is the rule of 2.6.32. User
// space has no allocating task, so its exception does not apply.
[[nodiscard]] Selection select_bad_process(const Snapshot& snapshot,
                                           const Bars& bars) noexcept;

// kill.victim. kProcess: the chosen process. kChildFirst: its first child, as
// in 2.6.32. kCgroup: all processes in its cgroup. kAuto: in a fork storm
// (storm.h) all of the storm, else the chosen process.
enum class VictimOrder : std::uint8_t { kAuto, kProcess, kChildFirst, kCgroup };

// mm/oom_kill.c: oom_kill_process(). The index of the victim. With kChildFirst:
// the first child with an mm of its own and an oom_adj other than -17, whatever
// its score and reclaim; else `chosen`.
[[nodiscard]] std::uint32_t oom_kill_victim(const Snapshot& snapshot,
                                            std::uint32_t chosen,
                                            VictimOrder order,
                                            const Bars& bars) noexcept;

// The candidates of a scored snapshot, the first choice first. Indices in
// snapshot.tasks.
[[nodiscard]] std::vector<std::uint32_t> rank_candidates(
    const Snapshot& snapshot, const Bars& bars);

// The oom_adj of the task at `index` that changes the leader. If the task
// leads: the highest value with which it does not; else the lowest value with
// which it does. None if no value from -17 to 15 changes the leader.
[[nodiscard]] std::optional<int> turning_oom_adj(const Snapshot& snapshot,
                                                 std::uint32_t index,
                                                 const Bars& bars,
                                                 const ScoreModel& model);

}  // namespace badnessd
