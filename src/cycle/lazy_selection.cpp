// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/lazy_selection.h"

#include <algorithm>

#include "badnessd/cycle/blame_search.h"
#include "badnessd/cycle/identities.h"
#include "badnessd/engine/reclaim.h"

namespace badnessd {
namespace {

Threads threads_of(const Policy& policy) {
  return bare_order(policy) ? Threads::kLeader : Threads::kAnyLive;
}

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

void judge_held(const Inquiry& inquiry, std::size_t index) {
  Snapshot& snapshot = inquiry.snapshot;
  Verdict& verdict = snapshot.verdicts[index];
  verdict.held_points =
      held_points(snapshot, snapshot.judged(index), verdict.reclaim_most_kib,
                  inquiry.policy.score);
}

// Same for one task. If no kCheap task is left, judges all tasks: the shared
// memory that other processes map is then known.
void judge(const Inquiry& inquiry, std::uint32_t index) {
  Snapshot& snapshot = inquiry.snapshot;
  if (!any_cheap(snapshot) && !snapshot.unread) {
    judge_all(inquiry);
    return;
  }
  snapshot.verdicts[index].points =
      points_of(snapshot, snapshot.judged(index), inquiry.policy.score);
  estimate_reclaim(snapshot, index, inquiry.swap_used_kib, kUnknownKib);
  judge_held(inquiry, index);
}

// Whether the task meets the bars for certain. An exact task has met them.
[[nodiscard]] bool meets_for_certain(const Inquiry& inquiry,
                                     const SelectRules& rules, Judged judged) {
  const Verdict& verdict = judged.verdict;
  const bool exact = verdict.death_kib() == verdict.death_most_kib() &&
                     verdict.took_kib == verdict.took_most_kib;
  return judged.task.detail == Detail::kFull &&
         (exact ||
          (verdict.death_kib() >= rules.min_reclaim_kib &&
           verdict.took_kib >= rules.min_took_kib &&
           certain_held_points(inquiry, judged) >= rules.min_held_points));
}

// select_bad_process() for given bars, exactly.
Selection select_exactly(const Inquiry& inquiry, const SelectRules& rules) {
  for (;;) {
    const Selection selection = select_bad_process(inquiry.snapshot, rules);
    if (selection.kind != Selection::Kind::kChosen) {
      return selection;
    }
    const Judged leader = inquiry.snapshot.judged(selection.task);
    if (leader.task.pf_oom_origin ? leader.task.detail == Detail::kFull
                                  : meets_for_certain(inquiry, rules, leader)) {
      return selection;
    }
    sharpen(inquiry, selection.task);
  }
}

// Reads the expensive facts of a task, and applies the rules to them.
void read_expensive(const Inquiry& inquiry, std::uint32_t index) {
  Snapshot& snapshot = inquiry.snapshot;
  inquiry.sources.facts.refine(snapshot, index);
  const Verdict first =
      first_verdict(snapshot.tasks[index], threads_of(inquiry.policy));
  snapshot.verdicts[index].has_mm = first.has_mm;
  if (inquiry.policy.rules.empty()) {
    snapshot.verdicts[index].oom_adj = first.oom_adj;
  }
  settle_rules(inquiry.sources, inquiry.policy, inquiry.census, snapshot,
               index);
}

// Inserts `judged` in the sorted list of the kListed best tasks.
void offer(Judged judged, std::array<JudgedTask, Decision::kListed>& list,
           std::uint32_t& count) {
  if (count == list.size() && !outranks(judged, list.back().view())) {
    return;
  }
  count = std::min<std::uint32_t>(count + 1, Decision::kListed);
  list[count - 1] = {judged.task, judged.verdict};
  for (std::uint32_t i = count - 1;
       i > 0 && outranks(list[i].view(), list[i - 1].view()); --i) {
    std::swap(list[i], list[i - 1]);
  }
}

}  // namespace

Expected<void> scan(const Inquiry& inquiry, Kib small_kib) {
  Snapshot& snapshot = inquiry.snapshot;
  const auto scanned = inquiry.sources.facts.scan(snapshot, small_kib);
  if (!scanned) {
    return scanned;
  }
  snapshot.unread.reset();
  snapshot.baseline_age_s.reset();
  if (inquiry.loss) {
    inquiry.census.compare(snapshot, *inquiry.loss, inquiry.swap_used_kib);
  }
  begin_judging(inquiry);
  return {};
}

void begin_judging(const Inquiry& inquiry) {
  begin_verdicts(inquiry.snapshot, threads_of(inquiry.policy));
  assume_rules(inquiry.policy, inquiry.census, inquiry.snapshot);
}

void mark_scope(CgroupTree& cgroups, std::string_view cgroup,
                Snapshot& snapshot) {
  for (Verdict& verdict : snapshot.verdicts) {
    verdict.in_scope = false;
  }
  const auto listed =
      cgroups.for_each_process(cgroup, [&snapshot](std::int32_t pid) {
        const std::size_t index = find_task(snapshot, pid);
        if (index < snapshot.tasks.size()) {
          snapshot.verdicts[index].in_scope = true;
        }
      });
  static_cast<void>(listed);  // the cgroup is gone: no process is in it
}

void judge_all(const Inquiry& inquiry) {
  Snapshot& snapshot = inquiry.snapshot;
  score_all(snapshot, inquiry.policy.score);
  estimate_reclaim(snapshot, inquiry.swap_used_kib);
  for (std::size_t i = 0; i < snapshot.tasks.size(); ++i) {
    judge_held(inquiry, i);
  }
}

void refine_one(const Inquiry& inquiry, std::uint32_t index) {
  if (inquiry.snapshot.tasks[index].detail == Detail::kCheap) {
    read_expensive(inquiry, index);
    judge(inquiry, index);
  }
}

bool refine_with_relatives(const Inquiry& inquiry, std::uint32_t index) {
  const Snapshot& snapshot = inquiry.snapshot;
  bool read = snapshot.tasks[index].detail == Detail::kCheap;
  refine_one(inquiry, index);
  for_relatives(snapshot, index, [&](std::uint32_t relative) {
    read = read || snapshot.tasks[relative].detail == Detail::kCheap;
    refine_one(inquiry, relative);
  });
  if (read) {
    judge(inquiry, index);
  }
  return read;
}

void sharpen(const Inquiry& inquiry, std::uint32_t index) {
  Snapshot& snapshot = inquiry.snapshot;
  if (snapshot.tasks[index].detail == Detail::kCheap) {
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
    judge(inquiry, index);
    return;
  }
  if (snapshot.unread) {
    snapshot.unread->matter = true;
  }
  Verdict& verdict = snapshot.verdicts[index];
  verdict.reclaim_most_kib = verdict.reclaim_kib;
  verdict.with_it_most_kib = verdict.with_it_kib;
  verdict.took_most_kib = verdict.took_kib;
  judge_held(inquiry, index);
}

void refine_with_it(const Inquiry& inquiry, std::uint32_t index) {
  refine_one(inquiry, index);
  const Task& task = inquiry.snapshot.tasks[index];
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
    judge(inquiry, index);
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
      read_expensive(inquiry, i);
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
    for (std::size_t i = 0; i < snapshot.tasks.size(); ++i) {
      if (!eligible(snapshot, i, rules)) {
        continue;
      }
      ++decision.candidates;
      const Judged judged = snapshot.judged(i);
      if (judged.task.id == decision.chosen.task.id) {
        continue;
      }
      if (outranks(judged, decision.chosen.view())) {
        offer(judged, decision.passed_over, decision.passed_over_count);
      } else {
        offer(judged, decision.runners_up, decision.runners_up_count);
      }
    }
  };
  const auto refine = [&](const JudgedTask& listed) {
    const auto index =
        static_cast<std::uint32_t>(find_task(snapshot, listed.task.id.pid));
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
