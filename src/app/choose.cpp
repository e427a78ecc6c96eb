// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/choose.h"

#include <algorithm>

namespace badnessd {
namespace {

DiesWith dies_with(const Policy& policy) {
  return policy.victim == VictimOrder::kFamily ? DiesWith::kFamily
                                               : DiesWith::kNamespace;
}

// select_bad_process() for one bar, exactly.
Selection select_exactly(const Inquiry& inquiry, const SelectRules& rules) {
  for (;;) {
    const Selection selection = select_bad_process(inquiry.snapshot, rules);
    if (selection.kind != Selection::Kind::kChosen) {
      return selection;
    }
    const Task& leader = inquiry.snapshot.tasks[selection.task];
    if (leader.detail == Detail::kCheap) {
      refine_one(inquiry, selection.task);
    } else if (leader.death_kib() < rules.min_reclaim_kib &&
               leader.death_most_kib() != leader.death_kib()) {
      // It hangs on how much of its shared memory is its own, and that on
      // everybody's; or on what those have who die with it.
      refine_all(inquiry);
    } else {
      return selection;
    }
  }
}

// Keeps the kListed best of those that are offered, in order.
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
  const auto scanned = inquiry.source.scan(inquiry.snapshot);
  if (scanned) {
    inquiry.identities.assume(inquiry.policy, inquiry.snapshot);
  }
  return scanned;
}

void refine_one(const Inquiry& inquiry, std::uint32_t index) {
  Snapshot& snapshot = inquiry.snapshot;
  Task& task = snapshot.tasks[index];
  if (task.detail == Detail::kCheap) {
    inquiry.source.refine(snapshot, index);
    inquiry.identities.settle(inquiry.source, inquiry.policy, snapshot, index);
    score_task(snapshot, task, inquiry.policy.score);
    estimate_reclaim(task, snapshot, inquiry.swap_used_kib, kUnknownKib,
                     dies_with(inquiry.policy));
  }
}

void refine_with_it(const Inquiry& inquiry, std::uint32_t index) {
  refine_one(inquiry, index);
  Task& task = inquiry.snapshot.tasks[index];
  const DiesWith with = dies_with(inquiry.policy);
  if (!task.pid_ns_init && with != DiesWith::kFamily) {
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
    estimate_reclaim(task, inquiry.snapshot, inquiry.swap_used_kib, kUnknownKib,
                     with);
  }
}

Selection select_victim(const Inquiry& inquiry, SelectRules& rules,
                        Kib need_kib) {
  // Nobody is worth killing for less.
  constexpr Kib kSmallestBar = 64;
  score_all(inquiry.snapshot, inquiry.policy.score);
  estimate_reclaim(inquiry.snapshot, inquiry.swap_used_kib,
                   dies_with(inquiry.policy));
  for (rules.min_reclaim_kib = need_kib;; rules.min_reclaim_kib /= 2) {
    if (rules.min_reclaim_kib < kSmallestBar) {
      rules.min_reclaim_kib = 0;
    }
    const Selection selection = select_exactly(inquiry, rules);
    if (selection.kind != Selection::Kind::kNone ||
        rules.min_reclaim_kib == 0) {
      return selection;
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
      inquiry.source.refine(snapshot, i);
      inquiry.identities.settle(inquiry.source, inquiry.policy, snapshot, i);
    }
  }
  score_all(snapshot, inquiry.policy.score);
  estimate_reclaim(snapshot, 0, dies_with(inquiry.policy));
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
