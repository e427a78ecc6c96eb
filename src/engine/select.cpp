// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/select.h"

#include "badnessd/engine/kernel26.h"

namespace badnessd {

Skip skip_reason(const Task& task, std::int32_t self_pid) noexcept {
  if (!task.has_mm) {
    return Skip::kNoMm;
  }
  if (task.id.pid == 1) {
    return Skip::kInit;
  }
  if (task.id.pid == self_pid) {
    return Skip::kSelf;
  }
  return task.oom_adj == kOomDisable ? Skip::kOomDisabled : Skip::kNone;
}

bool dying(const Task& task, WaitFor wait_for) noexcept {
  if (wait_for == WaitFor::kNobody || (task.flags & kPfExiting) == 0) {
    return false;
  }
  // include/linux/sched.h: a task that has nothing left but its entry in the
  // table is Z, or X for the moment before that goes too.
  const bool gone = task.state == 'Z' || task.state == 'X';
  return task.has_mm || (wait_for == WaitFor::kExiting && !gone &&
                         (task.flags & kPfKthread) == 0);
}

Selection select_bad_process(const Snapshot& snapshot, std::int32_t self_pid,
                             WaitFor wait_for) noexcept {
  Selection selection;
  const Task* chosen = nullptr;
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    const Task& task = snapshot.tasks[i];
    const Skip skip = skip_reason(task, self_pid);
    // The kernel looks at init and at tasks without an mm no further.
    if (skip != Skip::kInit && dying(task, wait_for)) {
      return {Selection::Kind::kWait, i};
    }
    if (skip != Skip::kNone || (task.flags & kPfExiting) != 0) {
      continue;
    }
    if (chosen == nullptr || task.points > chosen->points ||
        (task.points == chosen->points &&
         earlier_in_task_list(task, *chosen))) {
      chosen = &task;
      selection = {Selection::Kind::kChosen, i};
    }
  }
  return selection;
}

std::uint32_t oom_kill_victim(const Snapshot& snapshot, std::uint32_t chosen,
                              VictimOrder order,
                              std::int32_t self_pid) noexcept {
  if (order == VictimOrder::kProcess) {
    return chosen;
  }
  const Task& task = snapshot.tasks[chosen];
  for (std::uint32_t i = 0; i < task.child_count; ++i) {
    const Child& child = snapshot.children[task.first_child + i];
    const Task& candidate = snapshot.tasks[child.task];
    if (!child.shares_mm && candidate.mm_threads != 0 &&
        candidate.oom_adj != kOomDisable && candidate.id.pid != self_pid) {
      return child.task;
    }
  }
  return chosen;
}

}  // namespace badnessd
