// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/lazy_selection.h"

#include <algorithm>

#include "badnessd/cycle/blame_search.h"
#include "badnessd/engine/reclaim.h"

namespace badnessd {
namespace {

[[nodiscard]] bool any_cheap(const Snapshot& snapshot) {
  return std::any_of(
      snapshot.tasks.begin(), snapshot.tasks.end(),
      [](const Task& it) { return it.detail == Detail::kCheap; });
}

std::optional<std::uint32_t> largest_cheap(const Snapshot& snapshot) {
  std::optional<std::uint32_t> largest;
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    const Task& task = snapshot.tasks[i];
    if (task.detail == Detail::kCheap &&
        (!largest || task.rss > snapshot.tasks[*largest].rss)) {
      largest = i;
    }
  }
  return largest;
}

// Sets all that depends on the facts of all tasks.
void judge_all(const Inquiry& inquiry) {
  Snapshot& snapshot = inquiry.snapshot;
  score_all(snapshot, inquiry.policy.score);
  estimate_reclaim(snapshot, inquiry.swap_used_kib);
  for (Task& task : snapshot.tasks) {
    task.held_points = held_points(snapshot, task, inquiry.policy.score);
  }
}

// Same for one task. If no kCheap task is left, judges all tasks: the shared
// memory that other processes map is then known.
void judge(const Inquiry& inquiry, Task& task) {
  if (!any_cheap(inquiry.snapshot)) {
    judge_all(inquiry);
    return;
  }
  score_task(inquiry.snapshot, task, inquiry.policy.score);
  estimate_reclaim(task, inquiry.snapshot, inquiry.swap_used_kib, kUnknownKib);
  task.held_points = held_points(inquiry.snapshot, task, inquiry.policy.score);
}

[[nodiscard]] bool exact(const Task& task) {
  return task.detail == Detail::kFull &&
         task.death_kib() == task.death_most_kib() &&
         task.took_kib == task.took_most_kib;
}

// Whether `task` meets the bars for certain. An exact task has met them.
[[nodiscard]] bool meets_for_certain(const Inquiry& inquiry,
                                     const SelectRules& rules,
                                     const Task& task) {
  return task.detail == Detail::kFull &&
         (exact(task) ||
          (task.death_kib() >= rules.min_reclaim_kib &&
           task.took_kib >= rules.min_took_kib &&
           certain_held_points(inquiry, task) >= rules.min_held_points));
}

// select_bad_process() for given bars, exactly.
Selection select_exactly(const Inquiry& inquiry, const SelectRules& rules) {
  for (;;) {
    const Selection selection = select_bad_process(inquiry.snapshot, rules);
    if (selection.kind != Selection::Kind::kChosen) {
      return selection;
    }
    const Task& leader = inquiry.snapshot.tasks[selection.task];
    if (leader.pf_oom_origin ? leader.detail == Detail::kFull
                             : meets_for_certain(inquiry, rules, leader)) {
      return selection;
    }
    sharpen(inquiry, selection.task);
  }
}

// Inserts `task` in the sorted list of the kListed best tasks.
void offer(const Task& task, std::array<Task, Decision::kListed>& list,
           std::uint32_t& count) {
  if (count == list.size() && !outranks(task, list.back())) {
    return;
  }
  count = std::min<std::uint32_t>(count + 1, Decision::kListed);
  list[count - 1] = task;
  for (std::uint32_t i = count - 1; i > 0 && outranks(list[i], list[i - 1]);
       --i) {
    std::swap(list[i], list[i - 1]);
  }
}

}  // namespace

Expected<void> scan(const Inquiry& inquiry) {
  Snapshot& snapshot = inquiry.snapshot;
  const auto scanned = inquiry.sources.facts.scan(snapshot);
  if (!scanned) {
    return scanned;
  }
  if (!bare_order(inquiry.policy)) {
    for (Task& task : snapshot.tasks) {
      count_live_thread(task);
    }
  }
  snapshot.baseline_age_s.reset();
  if (inquiry.baselines != nullptr && inquiry.loss) {
    inquiry.baselines->compare(snapshot, *inquiry.loss, inquiry.swap_used_kib);
  }
  inquiry.identities.assume(inquiry.policy, snapshot);
  return {};
}

void mark_scope(CgroupTree& cgroups, std::string_view cgroup,
                Snapshot& snapshot) {
  for (Task& task : snapshot.tasks) {
    task.in_scope = false;
  }
  const auto listed =
      cgroups.for_each_process(cgroup, [&snapshot](std::int32_t pid) {
        const std::size_t index = find_task(snapshot, pid);
        if (index < snapshot.tasks.size()) {
          snapshot.tasks[index].in_scope = true;
        }
      });
  static_cast<void>(listed);  // the cgroup is gone: no process is in it
}

void refine_one(const Inquiry& inquiry, std::uint32_t index) {
  Snapshot& snapshot = inquiry.snapshot;
  Task& task = snapshot.tasks[index];
  if (task.detail == Detail::kCheap) {
    inquiry.sources.facts.refine(snapshot, index);
    inquiry.identities.settle(inquiry.sources, inquiry.policy, snapshot, index);
    judge(inquiry, task);
  }
}

bool refine_with_relatives(const Inquiry& inquiry, std::uint32_t index) {
  Snapshot& snapshot = inquiry.snapshot;
  Task& task = snapshot.tasks[index];
  bool read = task.detail == Detail::kCheap;
  refine_one(inquiry, index);
  for_relatives(snapshot, task, [&](std::uint32_t relative) {
    read = read || snapshot.tasks[relative].detail == Detail::kCheap;
    refine_one(inquiry, relative);
  });
  if (read) {
    judge(inquiry, task);
  }
  return read;
}

void sharpen(const Inquiry& inquiry, std::uint32_t index) {
  Snapshot& snapshot = inquiry.snapshot;
  Task& task = snapshot.tasks[index];
  if (task.detail == Detail::kCheap) {
    refine_one(inquiry, index);
    return;
  }
  if (refine_with_relatives(inquiry, index)) {
    return;
  }
  // Only the shared memory that other processes map is still open: the largest
  // process narrows it the most.
  if (const auto other = largest_cheap(snapshot)) {
    refine_one(inquiry, *other);
    judge(inquiry, task);
    return;
  }
  task.reclaim_most_kib = task.reclaim_kib;
  task.with_it_most_kib = task.with_it_kib;
  task.took_most_kib = task.took_kib;
  task.held_points = held_points(snapshot, task, inquiry.policy.score);
}

void refine_with_it(const Inquiry& inquiry, std::uint32_t index) {
  refine_one(inquiry, index);
  Task& task = inquiry.snapshot.tasks[index];
  if (!task.pid_ns_init) {
    return;
  }
  bool any = false;
  for (std::uint32_t i = 0; i < inquiry.snapshot.tasks.size(); ++i) {
    const Task& other = inquiry.snapshot.tasks[i];
    if (other.detail == Detail::kCheap &&
        descends_from(inquiry.snapshot, other, task.id.pid)) {
      refine_one(inquiry, i);
      any = true;
    }
  }
  if (any) {
    judge(inquiry, task);
  }
}

Choice select_victim(const Inquiry& inquiry, SelectRules& rules,
                     Kib needed_kib) {
  // Less than 64 KiB is not worth a kill.
  constexpr Kib kSmallestBar = 64;
  judge_all(inquiry);
  // An exiting task ends the selection, whatever the bars.
  rules.min_reclaim_kib = 0;
  rules.min_took_kib = 0;
  rules.min_held_points = 0;
  rules.pool_pid = 0;
  Choice choice{select_bad_process(inquiry.snapshot, rules)};
  if (choice.selection.kind != Selection::Kind::kChosen) {
    return choice;
  }
  find_blame(inquiry, rules, needed_kib, choice);
  for (rules.min_reclaim_kib = needed_kib;; rules.min_reclaim_kib /= 2) {
    if (rules.min_reclaim_kib < kSmallestBar) {
      rules.min_reclaim_kib = 0;
    }
    if (choice.blame == Blame::kHeld) {
      rules.min_held_points = greatest_held(inquiry, rules);
    }
    choice.selection = select_exactly(inquiry, rules);
    if (choice.selection.kind != Selection::Kind::kNone ||
        rules.min_reclaim_kib == 0) {
      return choice;
    }
  }
}

std::uint32_t victim_of(const Inquiry& inquiry, std::uint32_t chosen,
                        const SelectRules& rules) {
  refine_one(inquiry, chosen);
  for (;;) {
    const std::uint32_t victim =
        oom_kill_victim(inquiry.snapshot, chosen, inquiry.policy.victim, rules);
    if (inquiry.snapshot.tasks[victim].detail == Detail::kFull) {
      return victim;
    }
    refine_one(inquiry, victim);
  }
}

void refine_all(const Inquiry& inquiry) {
  Snapshot& snapshot = inquiry.snapshot;
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    if (snapshot.tasks[i].detail == Detail::kCheap) {
      inquiry.sources.facts.refine(snapshot, i);
      inquiry.identities.settle(inquiry.sources, inquiry.policy, snapshot, i);
    }
  }
  judge_all(inquiry);
}

void list_others(const Inquiry& inquiry, const SelectRules& rules,
                 Decision& decision) {
  const Snapshot& snapshot = inquiry.snapshot;
  const auto list = [&] {
    decision.passed_over_count = 0;
    decision.runners_up_count = 0;
    decision.candidates = 0;
    for (const Task& task : snapshot.tasks) {
      if (skip_reason(task, rules) != Skip::kNone) {
        continue;
      }
      ++decision.candidates;
      if (task.id == decision.chosen.id) {
        continue;
      }
      if (outranks(task, decision.chosen)) {
        offer(task, decision.passed_over, decision.passed_over_count);
      } else {
        offer(task, decision.runners_up, decision.runners_up_count);
      }
    }
  };
  const auto refine = [&](const Task& listed) {
    const auto index =
        static_cast<std::uint32_t>(find_task(snapshot, listed.id.pid));
    refine_one(inquiry, index);
  };
  list();
  std::for_each_n(decision.passed_over.begin(), decision.passed_over_count,
                  refine);
  std::for_each_n(decision.runners_up.begin(), decision.runners_up_count,
                  refine);
  list();
}

}  // namespace badnessd
