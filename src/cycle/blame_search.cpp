// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/blame_search.h"

#include <algorithm>

#include "badnessd/engine/reclaim.h"

namespace badnessd {
namespace {

[[nodiscard]] bool counts(Judged judged, const SelectRules& rules) {
  return skip_reason(judged, rules) == Skip::kNone &&
         !judged.task.pf_oom_origin &&
         judged.verdict.death_most_kib() >= rules.min_reclaim_kib;
}

// The candidate with the greatest `value`.
template <class Value>
std::optional<std::uint32_t> greatest(const Snapshot& snapshot,
                                      const SelectRules& rules,
                                      Value Verdict::*value) {
  std::optional<std::uint32_t> best;
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    const Judged judged = snapshot.judged(i);
    if (counts(judged, rules) &&
        (!best || judged.verdict.*value > snapshot.verdicts[*best].*value)) {
      best = i;
    }
  }
  return best;
}

// A candidate that may or may not have taken half of the greatest amount, which
// is from `least` to `most`.
std::optional<std::uint32_t> open_candidate(const Snapshot& snapshot,
                                            const SelectRules& rules, Kib least,
                                            Kib most) {
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    const Judged judged = snapshot.judged(i);
    if (counts(judged, rules) &&
        judged.verdict.took_most_kib >= least - least / 2 &&
        judged.verdict.took_kib < most - most / 2) {
      return i;
    }
  }
  return std::nullopt;
}

// The most that one candidate took: exact, or a certain amount of at least
// `enough_kib` once no candidate's half of it is open.
Kib greatest_took(const Inquiry& inquiry, const SelectRules& rules,
                  Kib enough_kib) {
  const Snapshot& snapshot = inquiry.snapshot;
  while (const auto best = greatest(snapshot, rules, &Verdict::took_most_kib)) {
    const auto [top, verdict] = snapshot.judged(*best);
    const bool full = top.detail == Detail::kFull;
    if (full && verdict.took_kib == verdict.took_most_kib) {
      return verdict.took_kib;
    }
    const auto surest = greatest(snapshot, rules, &Verdict::took_kib);
    const Kib least = snapshot.verdicts[*surest].took_kib;
    auto next = best;
    if (full && least >= enough_kib) {
      const auto open =
          open_candidate(snapshot, rules, least, verdict.took_most_kib);
      if (!open) {
        return least;
      }
      const bool cheap = snapshot.tasks[*open].detail == Detail::kCheap;
      next = cheap ? open : best;
    }
    sharpen(inquiry, *next);
  }
  return 0;
}

constexpr std::uint32_t kFewestInPool = 4;

// Calls visit(child) for each child of `parent` that is a candidate and took
// something by `took`.
template <class Visit>
void for_takers(const Snapshot& snapshot, const SelectRules& rules,
                const Task& parent, Kib Verdict::*took, Visit visit) {
  for (std::uint32_t i = 0; i < parent.child_count; ++i) {
    const Judged child =
        snapshot.judged(snapshot.children[parent.first_child + i].task);
    if (counts(child, rules) && child.verdict.*took != 0) {
      visit(child);
    }
  }
}

// Whether the children of `parent` can have taken `least_kib` together.
bool can_be_pool(const Snapshot& snapshot, const SelectRules& rules,
                 const Task& parent, Kib least_kib) {
  std::uint32_t takers = 0;
  Kib most_kib = 0;
  for_takers(snapshot, rules, parent, &Verdict::took_most_kib,
             [&](Judged child) {
               ++takers;
               most_kib = sum_kib(most_kib, child.verdict.took_most_kib);
             });
  return takers >= kFewestInPool && most_kib >= least_kib;
}

// The children of `parent` with the name of the child that took the most.
Pool pool_below(const Snapshot& snapshot, const SelectRules& rules,
                const Task& parent) {
  Pool pool{.parent = parent.id};
  for_takers(snapshot, rules, parent, &Verdict::took_kib, [&](Judged child) {
    if (child.verdict.took_kib > pool.most_kib) {
      pool.most_kib = child.verdict.took_kib;
      pool.comm = child.task.comm;
    }
  });
  for_takers(snapshot, rules, parent, &Verdict::took_kib, [&](Judged child) {
    if (child.task.comm == pool.comm) {
      ++pool.members;
      pool.took_kib += child.verdict.took_kib;
    }
  });
  return pool;
}

// The pool that took the most, at least `least_kib`. Reads all processes if
// there can be one.
std::optional<Pool> find_pool(const Inquiry& inquiry, const SelectRules& rules,
                              Kib least_kib) {
  const auto& tasks = inquiry.snapshot.tasks;
  const auto suspect = [&](const Task& parent) {
    return can_be_pool(inquiry.snapshot, rules, parent, least_kib);
  };
  if (std::none_of(tasks.begin(), tasks.end(), suspect)) {
    return std::nullopt;
  }
  refine_all(inquiry);
  std::optional<Pool> best;
  for (const Task& parent : tasks) {
    if (!suspect(parent)) {
      continue;
    }
    const Pool pool = pool_below(inquiry.snapshot, rules, parent);
    if (pool.members >= kFewestInPool && pool.took_kib >= least_kib &&
        (!best || pool.took_kib > best->took_kib)) {
      best = pool;
    }
  }
  return best;
}

// Sets the bars of the blame by what one candidate or a pool took. False: none
// took as much as was needed when memory went below the limit. (What is needed
// now grows with every MiB that others take meanwhile.) True also if processes
// that were not read can have.
bool find_taker(const Inquiry& inquiry, SelectRules& rules, Choice& choice) {
  const Kib least_kib = inquiry.loss->needed_kib;
  Kib most = greatest_took(inquiry, rules, least_kib);
  if (most < least_kib && inquiry.snapshot.unread) {
    inquiry.snapshot.unread->matter = true;
    return true;
  }
  if (most < least_kib) {
    choice.pool = find_pool(inquiry, rules,
                            std::max(least_kib, inquiry.loss->lost_kib / 2));
    if (!choice.pool) {
      return false;
    }
    most = choice.pool->most_kib;
    rules.pool_pid = choice.pool->parent.pid;
    rules.pool_comm = choice.pool->comm;
  }
  if (most != 0) {
    choice.blame = Blame::kTook;
    rules.min_took_kib = most - most / 2;
  }
  return most != 0;
}

}  // namespace

Points certain_held_points(const Inquiry& inquiry, Judged judged) {
  return held_points(inquiry.snapshot, judged, judged.verdict.reclaim_kib,
                     inquiry.policy.score);
}

Points greatest_held(const Inquiry& inquiry, const SelectRules& rules) {
  const Snapshot& snapshot = inquiry.snapshot;
  while (const auto best = greatest(snapshot, rules, &Verdict::held_points)) {
    const Judged top = snapshot.judged(*best);
    const Verdict& verdict = top.verdict;
    const Points certain = certain_held_points(inquiry, top);
    bool alone = true;
    for (std::uint32_t i = 0; alone && i < snapshot.tasks.size(); ++i) {
      alone = i == *best || !counts(snapshot.judged(i), rules) ||
              snapshot.verdicts[i].held_points < certain;
    }
    if (top.task.detail == Detail::kFull &&
        (verdict.death_kib() == verdict.death_most_kib() ||
         (alone && verdict.death_kib() >= rules.min_reclaim_kib))) {
      return certain;
    }
    sharpen(inquiry, *best);
  }
  return 0;
}

void find_blame(const Inquiry& inquiry, SelectRules& rules, Kib needed_kib,
                Choice& choice) {
  if (needed_kib == 0 || !inquiry.policy.spare_bystanders) {
    return;
  }
  choice.blame = Blame::kHeld;
  if (!inquiry.loss || find_taker(inquiry, rules, choice)) {
    return;
  }
  // Faults do not tell copies from mapped shared memory: where that or kernel
  // memory grew, no process is suspected for them.
  Snapshot& snapshot = inquiry.snapshot;
  const Loss& loss = *inquiry.loss;
  if (loss.shmem_kib + loss.slab_kib >= loss.lost_kib / 2) {
    return;
  }
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    if (may_have_copied(snapshot, snapshot.tasks[i])) {
      refine_with_relatives(inquiry, i);
    }
  }
  if (assume_copies(snapshot, inquiry.loss->needed_kib)) {
    judge_all(inquiry);
    static_cast<void>(find_taker(inquiry, rules, choice));
  }
}

}  // namespace badnessd
