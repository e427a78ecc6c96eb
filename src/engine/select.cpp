// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/select.h"

#include <algorithm>

#include "badnessd/engine/kernel26.h"

namespace badnessd {

namespace {

bool is_set_aside(const Task& task, const SelectRules& rules) noexcept {
  return std::find(rules.set_aside.begin(), rules.set_aside.end(), task.id) !=
         rules.set_aside.end();
}

// What the end of a dying task gives back, at most. Without its mm it no longer
// shows that.
Kib gives_back_most(Judged judged) noexcept {
  return judged.verdict.has_mm ? judged.verdict.reclaim_most_kib
                               : judged.task.noted_kib;
}

bool out_of_scope(const Verdict& verdict, const SelectRules& rules) noexcept {
  return rules.scoped && !verdict.in_scope;
}

}  // namespace

Skip skip_reason(Judged judged, const SelectRules& rules) noexcept {
  const auto& [task, verdict] = judged;
  if (out_of_scope(verdict, rules)) {
    return Skip::kOutOfScope;
  }
  if (!verdict.has_mm) {
    return Skip::kNoMm;
  }
  if (task.id.pid == kInitPid) {
    return Skip::kInit;
  }
  if (verdict.oom_adj == kOomDisable) {
    return Skip::kOomDisabled;
  }
  if (task.id.pid == rules.self_pid) {
    return Skip::kSelf;
  }
  return is_set_aside(task, rules) ? Skip::kSetAside : Skip::kNone;
}

bool outranks(Judged a, Judged b) noexcept {
  return a.verdict.points != b.verdict.points
             ? a.verdict.points > b.verdict.points
             : earlier_in_task_list(a.task, b.task);
}

bool dying(Judged judged, WaitFor wait_for) noexcept {
  const Task& task = judged.task;
  if (wait_for == WaitFor::kNone || (task.flags & kPfExiting) == 0) {
    return false;
  }
  // include/linux/sched.h: a task with only its table entry left is Z, or X
  // just before the entry is freed.
  const bool gone = task.state == 'Z' || task.state == 'X';
  return judged.verdict.has_mm || (wait_for == WaitFor::kExiting && !gone &&
                                   (task.flags & kPfKthread) == 0);
}

Selection select_bad_process(const Snapshot& snapshot,
                             const SelectRules& rules) noexcept {
  Selection selection;
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    const Judged judged = snapshot.judged(i);
    const auto& [task, verdict] = judged;
    // The kernel skips init and tasks of other cgroups before it checks for
    // exit. badnessd does not wait for a task that was set aside.
    const Skip skip = skip_reason(judged, rules);
    if (skip != Skip::kInit && skip != Skip::kOutOfScope &&
        skip != Skip::kSetAside && dying(judged, rules.wait_for) &&
        gives_back_most(judged) >= rules.wait_kib) {
      return {Selection::Kind::kWait, i};
    }
    const bool worth_it =
        task.pf_oom_origin ||
        ((rules.pool_pid == 0 ||
          (task.ppid == rules.pool_pid && task.comm == rules.pool_comm)) &&
         verdict.death_most_kib() >= rules.min_reclaim_kib &&
         verdict.took_most_kib >= rules.min_took_kib &&
         verdict.held_points >= rules.min_held_points);
    if (skip != Skip::kNone || (task.flags & kPfExiting) != 0 || !worth_it) {
      continue;
    }
    if (selection.kind == Selection::Kind::kNone ||
        outranks(judged, snapshot.judged(selection.task))) {
      selection = {Selection::Kind::kChosen, i};
    }
  }
  return selection;
}

std::uint32_t oom_kill_victim(const Snapshot& snapshot, std::uint32_t chosen,
                              VictimOrder order,
                              const SelectRules& rules) noexcept {
  if (order != VictimOrder::kChildFirst) {
    return chosen;
  }
  const Task& task = snapshot.tasks[chosen];
  for (std::uint32_t i = 0; i < task.child_count; ++i) {
    const Child& child = snapshot.children[task.first_child + i];
    const auto [candidate, verdict] = snapshot.judged(child.task);
    if (!child.shares_mm && candidate.mm_threads != 0 &&
        verdict.oom_adj != kOomDisable && candidate.id.pid != rules.self_pid &&
        !out_of_scope(verdict, rules) && !is_set_aside(candidate, rules)) {
      return child.task;
    }
  }
  return chosen;
}

}  // namespace badnessd
