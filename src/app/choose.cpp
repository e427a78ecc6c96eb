// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/choose.h"

#include <algorithm>

namespace badnessd {
namespace {

// select_bad_process() for one bar, exactly.
Selection select_exactly(FactSource& source, Snapshot& snapshot,
                         const ScoreRules& score, const SelectRules& rules,
                         Kib swap_used) {
  for (;;) {
    const Selection selection = select_bad_process(snapshot, rules);
    if (selection.kind != Selection::Kind::kChosen) {
      return selection;
    }
    Task& leader = snapshot.tasks[selection.task];
    if (leader.detail == Detail::kCheap) {
      refine_one(source, snapshot, selection.task, score, swap_used);
    } else if (leader.reclaim_kib < rules.min_reclaim_kib &&
               leader.reclaim_most_kib != leader.reclaim_kib) {
      // It hangs on how much of its shared memory is its own, and that on
      // everybody's.
      refine_all(source, snapshot, score);
    } else {
      return selection;
    }
  }
}

bool before(const Task& a, const Task& b) {
  return a.points != b.points ? a.points > b.points
                              : earlier_in_task_list(a, b);
}

// Keeps the kListed best of those that are offered, in order.
void offer(const Task& task, std::array<Task, Decision::kListed>& list,
           std::uint32_t& count) {
  if (count == list.size() && !before(task, list.back())) {
    return;
  }
  count = std::min<std::uint32_t>(count + 1, Decision::kListed);
  list[count - 1] = task;
  for (std::uint32_t i = count - 1; i > 0 && before(list[i], list[i - 1]);
       --i) {
    std::swap(list[i], list[i - 1]);
  }
}

}  // namespace

void refine_one(FactSource& source, Snapshot& snapshot, std::uint32_t index,
                const ScoreRules& score, Kib swap_used) {
  Task& task = snapshot.tasks[index];
  if (task.detail == Detail::kCheap) {
    source.refine(snapshot, index);
    score_task(snapshot, task, score);
    estimate_reclaim(task, snapshot, swap_used, kUnknownKib);
  }
}

Selection select_victim(FactSource& source, Snapshot& snapshot,
                        const ScoreRules& score, SelectRules& rules,
                        Kib need_kib, Kib swap_used) {
  // Nobody is worth killing for less.
  constexpr Kib kSmallestBar = 64;
  score_all(snapshot, score);
  estimate_reclaim(snapshot, swap_used);
  for (rules.min_reclaim_kib = need_kib;; rules.min_reclaim_kib /= 2) {
    if (rules.min_reclaim_kib < kSmallestBar) {
      rules.min_reclaim_kib = 0;
    }
    const Selection selection =
        select_exactly(source, snapshot, score, rules, swap_used);
    if (selection.kind != Selection::Kind::kNone ||
        rules.min_reclaim_kib == 0) {
      return selection;
    }
  }
}

void refine_all(FactSource& source, Snapshot& snapshot,
                const ScoreRules& rules) {
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    if (snapshot.tasks[i].detail == Detail::kCheap) {
      source.refine(snapshot, i);
    }
  }
  score_all(snapshot, rules);
  estimate_reclaim(snapshot, 0);
}

void list_others(FactSource& source, Snapshot& snapshot, const Policy& policy,
                 const SelectRules& rules, Decision& decision) {
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
      if (before(task, decision.chosen)) {
        offer(task, decision.passed_over, decision.passed_over_count);
      } else {
        offer(task, decision.runners_up, decision.runners_up_count);
      }
    }
  };
  const auto refine = [&](const Task& listed) {
    const auto index =
        static_cast<std::uint32_t>(find_task(snapshot, listed.id.pid));
    refine_one(source, snapshot, index, policy.score,
               swap_used_kib(decision.reading));
  };
  list();
  std::for_each_n(decision.passed_over.begin(), decision.passed_over_count,
                  refine);
  std::for_each_n(decision.runners_up.begin(), decision.runners_up_count,
                  refine);
  list();
}

}  // namespace badnessd
