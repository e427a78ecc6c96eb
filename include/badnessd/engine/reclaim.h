// SPDX-License-Identifier: GPL-2.0-only
// What the death of a process gives back, and what a process has taken.
#pragma once

#include <cstdint>

#include "badnessd/engine/kernel26.h"
#include "badnessd/engine/task.h"

namespace badnessd {

// Sets what every task gives back and took. Certain are:
//   Anonymous memory and swap, without the pages that it may have in common
//   with its parent or a child, one of which has forked from the other and not
//   exec'ed: RssAnon counts those in each. That is at most the smaller of what
//   both hold.
//   Shared memory, as far as all that other processes map is not enough to be
//   the same. Processes of one name are assumed to map one segment: of them the
//   largest counts, of those with the task's own name each. A process
//   whose RssShmem is not known yet can map all that it has resident.
// Possible is, of a task that is kCheap, all that is resident and all swap that
// it can have, of which `swap_used_kib` is all there is.
// With the init of a pid namespace all processes in it die
// (kernel/pid_namespace.c: zap_pid_ns_processes()): its descendants count.
// What it took is what it holds beyond what it held at the baseline. One that
// is newer took all of it but what it has from its parent.
void estimate_reclaim(Snapshot& snapshot, Kib swap_used_kib) noexcept;

// The same for one task after it was refined, given how much shared memory
// other processes map (kUnknownKib: not known of all).
void estimate_reclaim(Task& task, const Snapshot& snapshot, Kib swap_used_kib,
                      Kib others_shmem_kib) noexcept;

// Calls visit(index) for the processes with which `task` may have pages in
// common: the parent, if the task has forked from it and not exec'ed; each
// child that has done so; and if the process that forked the task is gone, its
// other children, which have the task's name and its new parent.
template <class Visit>
void for_relatives(const Snapshot& snapshot, const Task& task, Visit visit) {
  constexpr std::int32_t kInitPid = 1;
  const auto forked_only = [&](const Task& it) {
    return it.has_mm && (it.flags & kPfForkNoExec) != 0 && !(it.id == task.id);
  };
  const bool forked = task.has_mm && (task.flags & kPfForkNoExec) != 0 &&
                      task.ppid != task.id.pid;
  const std::size_t parent = find_task(snapshot, task.ppid);
  if (forked && task.ppid > kInitPid && parent < snapshot.tasks.size() &&
      snapshot.tasks[parent].has_mm) {
    visit(static_cast<std::uint32_t>(parent));
  }
  for (std::uint32_t i = 0;
       forked && task.ppid == kInitPid && i < snapshot.tasks.size(); ++i) {
    const Task& other = snapshot.tasks[i];
    if (other.ppid == kInitPid && forked_only(other) &&
        other.comm == task.comm) {
      visit(i);
    }
  }
  for (std::uint32_t i = 0; i < task.child_count; ++i) {
    const Child& child = snapshot.children[task.first_child + i];
    if (!child.shares_mm && forked_only(snapshot.tasks[child.task])) {
      visit(child.task);
    }
  }
}

}  // namespace badnessd
