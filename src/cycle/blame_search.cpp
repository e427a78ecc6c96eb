// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/blame_search.h"

#include <algorithm>

namespace badnessd {
namespace {

[[nodiscard]] bool counts(const Task& task, const SelectRules& rules) {
  return skip_reason(task, rules) == Skip::kNone && !task.pf_oom_origin &&
         task.death_most_kib() >= rules.min_reclaim_kib;
}

// The candidate with the greatest `value`.
template <class Value>
std::optional<std::uint32_t> greatest(const Snapshot& snapshot,
                                      const SelectRules& rules,
                                      Value Task::*value) {
  std::optional<std::uint32_t> best;
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    const Task& task = snapshot.tasks[i];
    if (counts(task, rules) &&
        (!best || task.*value > snapshot.tasks[*best].*value)) {
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
  const auto it = std::find_if(
      snapshot.tasks.begin(), snapshot.tasks.end(), [&](const Task& task) {
        return counts(task, rules) && task.took_most_kib >= least - least / 2 &&
               task.took_kib < most - most / 2;
      });
  return it == snapshot.tasks.end() ? std::nullopt
                                    : std::optional(static_cast<std::uint32_t>(
                                          it - snapshot.tasks.begin()));
}

// The most that one candidate took: exact, or a certain amount of at least
// `enough_kib` once no candidate's half of it is open.
Kib greatest_took(const Inquiry& inquiry, const SelectRules& rules,
                  Kib enough_kib) {
  const Snapshot& snapshot = inquiry.snapshot;
  while (const auto best = greatest(snapshot, rules, &Task::took_most_kib)) {
    const Task& top = snapshot.tasks[*best];
    if (top.detail == Detail::kFull && top.took_kib == top.took_most_kib) {
      return top.took_kib;
    }
    const auto surest = greatest(snapshot, rules, &Task::took_kib);
    const Kib least = snapshot.tasks[*surest].took_kib;
    auto next = best;
    if (top.detail == Detail::kFull && least >= enough_kib) {
      const auto open =
          open_candidate(snapshot, rules, least, top.took_most_kib);
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
                const Task& parent, Kib Task::*took, Visit visit) {
  for (std::uint32_t i = 0; i < parent.child_count; ++i) {
    const Task& child =
        snapshot.tasks[snapshot.children[parent.first_child + i].task];
    if (counts(child, rules) && child.*took != 0) {
      visit(child);
    }
  }
}

// Whether the children of `parent` can have taken `least_kib` together.
bool can_be_pool(const Snapshot& snapshot, const SelectRules& rules,
                 const Task& parent, Kib least_kib) {
  constexpr std::int32_t kInitPid = 1;
  std::uint32_t takers = 0;
  Kib most_kib = 0;
  for_takers(snapshot, rules, parent, &Task::took_most_kib,
             [&](const Task& child) {
               ++takers;
               most_kib = sum_kib(most_kib, child.took_most_kib);
             });
  return parent.id.pid > kInitPid && takers >= kFewestInPool &&
         most_kib >= least_kib;
}

// The children of `parent` with the name of the child that took the most.
Pool pool_below(const Snapshot& snapshot, const SelectRules& rules,
                const Task& parent) {
  Pool pool{.parent = parent.id};
  for_takers(snapshot, rules, parent, &Task::took_kib, [&](const Task& child) {
    if (child.took_kib > pool.most_kib) {
      pool.most_kib = child.took_kib;
      pool.comm = child.comm;
    }
  });
  for_takers(snapshot, rules, parent, &Task::took_kib, [&](const Task& child) {
    if (child.comm == pool.comm) {
      ++pool.members;
      pool.took_kib += child.took_kib;
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

}  // namespace

Points certain_held_points(const Inquiry& inquiry, const Task& task) {
  Task certain = task;
  certain.reclaim_most_kib = task.reclaim_kib;
  return held_points(inquiry.snapshot, certain, inquiry.policy.score);
}

Points greatest_held(const Inquiry& inquiry, const SelectRules& rules) {
  const Snapshot& snapshot = inquiry.snapshot;
  while (const auto best = greatest(snapshot, rules, &Task::held_points)) {
    const Task& top = snapshot.tasks[*best];
    const Points certain = certain_held_points(inquiry, top);
    const bool alone = std::none_of(
        snapshot.tasks.begin(), snapshot.tasks.end(), [&](const Task& it) {
          return !(it.id == top.id) && counts(it, rules) &&
                 it.held_points >= certain;
        });
    if (top.detail == Detail::kFull &&
        (top.death_kib() == top.death_most_kib() ||
         (alone && top.death_kib() >= rules.min_reclaim_kib))) {
      return certain;
    }
    sharpen(inquiry, *best);
  }
  return 0;
}

// Chooses the measure of the blame, and sets its bars.
void find_blame(const Inquiry& inquiry, SelectRules& rules, Kib needed_kib,
                Choice& choice) {
  if (needed_kib == 0 || !inquiry.policy.spare_bystanders) {
    return;
  }
  choice.blame = Blame::kHeld;
  if (!inquiry.loss) {
    return;
  }
  // As much as was needed when memory went below the limit: what is needed now
  // grows with every MiB that others take meanwhile.
  const Kib least_kib = inquiry.loss->needed_kib;
  Kib most = greatest_took(inquiry, rules, least_kib);
  if (most < least_kib) {
    choice.pool = find_pool(inquiry, rules,
                            std::max(least_kib, inquiry.loss->lost_kib / 2));
    most = choice.pool ? choice.pool->most_kib : 0;
    rules.pool_pid = choice.pool ? choice.pool->parent.pid : 0;
  }
  if (most != 0) {
    choice.blame = Blame::kTook;
    rules.min_took_kib = most - most / 2;
  }
}

}  // namespace badnessd
