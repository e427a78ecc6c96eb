// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/select.h"

#include <algorithm>

#include "badnessd/engine/kernel26.h"

namespace badnessd {
namespace {

bool is_set_aside(const Task& task, const Bars& bars) noexcept {
  return std::ranges::find(bars.set_aside, task.id) != bars.set_aside.end();
}

// What the end of a dying task gives back. Without its mm it no longer shows
// that, and counts with what it held before.
Kib gives_back(Judged judged) noexcept {
  return judged.verdict.has_mm ? judged.verdict.reclaim_kib
                               : judged.task.noted_kib;
}

bool out_of_scope(const Verdict& verdict, const Bars& bars) noexcept {
  return bars.scoped && !verdict.in_scope;
}

}  // namespace

Skip skip_reason(Judged judged, const Bars& bars) noexcept {
  const auto& [task, verdict] = judged;
  if (out_of_scope(verdict, bars)) {
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
  if (task.id.pid == bars.self_pid) {
    return Skip::kSelf;
  }
  return is_set_aside(task, bars) ? Skip::kSetAside : Skip::kNone;
}

bool meets(Judged judged, const Bars& bars) noexcept {
  const Verdict& verdict = judged.verdict;
  return judged.task.pf_oom_origin ||
         ((verdict.suspect || !bars.suspects_only) &&
          verdict.death_kib() >= bars.min_reclaim_kib &&
          verdict.took_kib >= bars.min_took_kib &&
          verdict.held_points >= bars.min_held_points);
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

std::optional<std::uint32_t> find_dying(const Snapshot& snapshot,
                                        const Bars& bars) noexcept {
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    const Judged judged = snapshot.judged(i);
    if (!dying(judged, bars.wait_for) || gives_back(judged) < bars.wait_kib) {
      continue;
    }
    // The kernel skips init and tasks of other cgroups before it checks for
    // exit. badnessd does not wait for a task that was set aside.
    const Skip skip = skip_reason(judged, bars);
    if (skip != Skip::kInit && skip != Skip::kOutOfScope &&
        skip != Skip::kSetAside) {
      return i;
    }
  }
  return std::nullopt;
}

Selection select_bad_process(const Snapshot& snapshot,
                             const Bars& bars) noexcept {
  if (const auto it = find_dying(snapshot, bars)) {
    return {Selection::Kind::kWait, *it};
  }
  Selection selection;
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    const Judged judged = snapshot.judged(i);
    if (!meets(judged, bars) || (judged.task.flags & kPfExiting) != 0 ||
        skip_reason(judged, bars) != Skip::kNone) {
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
                              VictimOrder order, const Bars& bars) noexcept {
  if (order != VictimOrder::kChildFirst) {
    return chosen;
  }
  const Task& task = snapshot.tasks[chosen];
  for (std::uint32_t i = 0; i < task.child_count; ++i) {
    const Child& child = snapshot.children[task.first_child + i];
    const auto [candidate, verdict] = snapshot.judged(child.task);
    if (!child.shares_mm && candidate.mm_threads != 0 &&
        verdict.oom_adj != kOomDisable && candidate.id.pid != bars.self_pid &&
        !out_of_scope(verdict, bars) && !is_set_aside(candidate, bars)) {
      return child.task;
    }
  }
  return chosen;
}

std::vector<std::uint32_t> rank_candidates(const Snapshot& snapshot,
                                           const Bars& bars) {
  std::vector<std::uint32_t> ranked;
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    if (eligible(snapshot, i, bars)) {
      ranked.push_back(i);
    }
  }
  std::sort(ranked.begin(), ranked.end(),
            [&snapshot](std::uint32_t a, std::uint32_t b) {
              return outranks(snapshot.judged(a), snapshot.judged(b));
            });
  return ranked;
}

std::optional<int> turning_oom_adj(const Snapshot& snapshot,
                                   std::uint32_t index, const Bars& bars,
                                   const ScoreModel& model) {
  const std::vector<std::uint32_t> ranked = rank_candidates(snapshot, bars);
  const auto rival = std::find_if(ranked.begin(), ranked.end(),
                                  [index](auto it) { return it != index; });
  if (rival == ranked.end()) {
    return std::nullopt;
  }
  const Task& task = snapshot.tasks[index];
  Verdict verdict = snapshot.verdicts[index];
  const int now = verdict.oom_adj;
  const auto leads_with = [&](int oom_adj) {
    verdict.oom_adj = static_cast<std::int16_t>(oom_adj);
    verdict.points = badness(snapshot, {task, verdict}, model).points();
    return skip_reason({task, verdict}, bars) == Skip::kNone &&
           outranks({task, verdict}, snapshot.judged(*rival));
  };
  const bool leads = leads_with(now);
  for (int adj = now; adj >= kOomDisable && adj <= kOomAdjustMax;
       adj += leads ? -1 : 1) {
    if (leads_with(adj) != leads) {
      return adj;
    }
  }
  return std::nullopt;
}

}  // namespace badnessd
