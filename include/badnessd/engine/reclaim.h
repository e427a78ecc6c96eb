// SPDX-License-Identifier: GPL-2.0-only
// What the death of a process gives back, and what a process has taken.
#pragma once

#include <cstdint>

#include "badnessd/engine/kernel26.h"
#include "badnessd/engine/task.h"

namespace badnessd {

// Sets what every task gives back and took: for certain and at most. Certain
// are:
//   Anonymous memory and swap, less the pages shared with a parent or a child
//   after a fork without exec (RssAnon counts them in both): at most the
//   smaller of the two amounts.
//   Shared memory beyond what all other processes map. Processes with the same
//   name are assumed to share one segment: count only the largest, but every
//   process with the task's own name. A process whose RssShmem is not known
//   counts with all its resident memory.
// For a kCheap task, the most is all resident memory plus all swap that it can
// have, at most `swap_used_kib`.
// The death of the init of a pid namespace kills all processes in it
// (kernel/pid_namespace.c: zap_pid_ns_processes()): its descendants count.
// A task took what it holds beyond the baseline. A task newer than the baseline
// took everything except what it inherited from its parent.
void estimate_reclaim(Snapshot& snapshot, Kib swap_used_kib) noexcept;

// The same for one task after a refine. `others_shmem_kib` is the shared memory
// that other processes map (kUnknownKib: not known for all).
void estimate_reclaim(Snapshot& snapshot, std::uint32_t index,
                      Kib swap_used_kib, Kib others_shmem_kib) noexcept;

// Smaller amounts that a process and its parent share are not looked into.
inline constexpr Kib kWorthUnsharing = Kib{16} << 10;

// Whether the task has forked without exec, and can have copied much since the
// census measured what it shares.
[[nodiscard]] bool may_have_copied(const Snapshot& snapshot,
                                   const Task& task) noexcept;

// For want of a measurement: assumes that each of these tasks that is kFull, as
// its parent, has copied as much of the memory they share as it has faulted in.
// False, and nothing is assumed, if all of that is less than `least_kib`.
[[nodiscard]] bool assume_copies(Snapshot& snapshot, Kib least_kib) noexcept;

// Calls visit(relative) for each process that can share pages with the task at
// `index`: the parent, if the task has forked without exec; each child that has
// forked without exec; and, if the original parent is gone, so that init is the
// parent, the other forked children of init with the task's name.
template <class Visit>
void for_relatives(const Snapshot& snapshot, std::uint32_t index, Visit visit) {
  const Task& task = snapshot.tasks[index];
  const auto forked_only = [&](std::uint32_t it) {
    return snapshot.verdicts[it].has_mm &&
           (snapshot.tasks[it].flags & kPfForkNoExec) != 0;
  };
  const bool forked = forked_only(index) && task.ppid != task.id.pid;
  const std::size_t parent = find_task(snapshot, task.ppid);
  if (forked && task.ppid > kInitPid && parent < snapshot.tasks.size() &&
      snapshot.verdicts[parent].has_mm) {
    visit(static_cast<std::uint32_t>(parent));
  }
  for (std::uint32_t i = 0;
       forked && is_orphan(task) && i < snapshot.tasks.size(); ++i) {
    if (i != index && forked_only(i) && are_siblings(task, snapshot.tasks[i])) {
      visit(i);
    }
  }
  for (std::uint32_t i = 0; i < task.child_count; ++i) {
    const Child& child = snapshot.children[task.first_child + i];
    if (!child.shares_mm && child.task != index && forked_only(child.task)) {
      visit(child.task);
    }
  }
}

}  // namespace badnessd
