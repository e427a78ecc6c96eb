// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/storm.h"

#include <algorithm>
#include <utility>

#include "badnessd/engine/kernel26.h"

namespace badnessd {

bool young(const Snapshot& snapshot, const Task& task) noexcept {
  constexpr std::uint64_t kTick = 2;  // ages are whole seconds
  return snapshot.baseline_age_s &&
         (!task.then ||
          age_s(snapshot, task) <= 2 * *snapshot.baseline_age_s + kTick);
}

void StormFinder::reserve(std::size_t tasks) {
  parents_.reserve(tasks);
  members_.reserve(tasks);
  below_kib_.reserve(tasks);
}

// The young processes that took anything, the largest first.
void StormFinder::collect_young(const Snapshot& snapshot, const Bars& bars) {
  members_.clear();
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    const auto [task, verdict] = snapshot.judged(i);
    if (verdict.took_kib != 0 && (verdict.suspect || !bars.suspects_only) &&
        young(snapshot, task) && eligible(snapshot, i, bars)) {
      members_.push_back(i);
    }
  }
  std::ranges::sort(members_, {}, [&](std::uint32_t index) {
    return std::pair(~snapshot.verdicts[index].took_kib, index);
  });
}

// Leaves those of the user of the largest member that took a part of what it
// took. Only a member is a measure: a process beside the storm can have taken
// more than any of it.
void StormFinder::leave_alike(const Snapshot& snapshot) {
  if (members_.empty()) {
    return;
  }
  const std::uint32_t largest = members_.front();
  std::erase_if(members_, [&](std::uint32_t index) {
    return snapshot.verdicts[index].took_kib <
               snapshot.verdicts[largest].took_kib / kSmallestPart ||
           snapshot.tasks[index].uid != snapshot.tasks[largest].uid;
  });
}

void StormFinder::find_parents(const Snapshot& snapshot) {
  const auto& tasks = snapshot.tasks;
  parents_.clear();
  for (const Task& task : tasks) {
    parents_.push_back(static_cast<std::uint32_t>(
        task.ppid > kInitPid ? find_task(snapshot, task.ppid) : tasks.size()));
  }
}

// Calls visit(ancestor) for each ancestor below init, the nearest first.
template <class Visit>
void StormFinder::for_ancestors(std::uint32_t task, Visit visit) const {
  std::uint32_t ancestor = parents_[task];
  for (int depth = 0; depth < kGenerations && ancestor < parents_.size();
       ++depth) {
    visit(ancestor);
    ancestor = parents_[ancestor];
  }
}

bool StormFinder::is_below(std::uint32_t task, std::uint32_t forker) const {
  bool found = false;
  for_ancestors(task, [&](std::uint32_t it) { found = found || it == forker; });
  return found;
}

Kib StormFinder::sum_kib(const Snapshot& snapshot) const {
  Kib sum = 0;
  for (const std::uint32_t index : members_) {
    sum += snapshot.verdicts[index].took_kib;
  }
  return sum;
}

std::optional<std::uint32_t> StormFinder::find_forker(const Snapshot& snapshot,
                                                      Kib sum_kib) {
  below_kib_.assign(snapshot.tasks.size(), 0);
  for (const std::uint32_t index : members_) {
    for_ancestors(index, [&](std::uint32_t ancestor) {
      below_kib_[ancestor] += snapshot.verdicts[index].took_kib;
    });
  }
  // The ancestors of one that qualifies qualify too, so it is the nearest one
  // of some member that counts, and all of them lie on one path.
  std::optional<std::uint32_t> deepest;
  for (const std::uint32_t index : members_) {
    std::optional<std::uint32_t> nearest;
    for_ancestors(index, [&](std::uint32_t ancestor) {
      if (!nearest && below_kib_[ancestor] >= sum_kib - sum_kib / 2) {
        nearest = ancestor;
      }
    });
    if (nearest && (!deepest || is_below(*nearest, *deepest))) {
      deepest = nearest;
    }
  }
  return deepest;
}

bool StormFinder::spares(const Snapshot& snapshot, const Bars& bars,
                         const Storm& storm) const {
  const std::uint32_t forker = *storm.forker;
  const auto& tasks = snapshot.tasks;
  bool holds_others = false;
  for (std::uint32_t i = 0; !holds_others && i < tasks.size(); ++i) {
    holds_others = tasks[i].mm_threads != 0 && !young(snapshot, tasks[i]) &&
                   is_below(i, forker);
  }
  return holds_others || tasks[forker].uid != storm.uid ||
         age_s(snapshot, tasks[forker]) > kOldForkerSeconds ||
         !eligible(snapshot, forker, bars);
}

std::optional<Storm> StormFinder::find(const Snapshot& snapshot,
                                       const Bars& bars, Kib needed_kib,
                                       Kib lost_kib) {
  collect_young(snapshot, bars);
  if (lost_kib == 0 || members_.size() < kFewest) {
    return std::nullopt;
  }
  find_parents(snapshot);
  Storm storm{.forker = find_forker(snapshot, sum_kib(snapshot))};
  if (storm.forker) {
    std::erase_if(members_, [&](std::uint32_t index) {
      return index == *storm.forker || !is_below(index, *storm.forker);
    });
  } else if (!bars.suspects_only) {
    return std::nullopt;
  }
  leave_alike(snapshot);
  storm.took_kib = sum_kib(snapshot);
  storm.members = static_cast<std::uint32_t>(members_.size());
  if (storm.members < kFewest || storm.took_kib < needed_kib ||
      storm.took_kib * 2 < lost_kib || storm.took_kib > lost_kib * 2) {
    return std::nullopt;
  }
  const auto [largest, verdict] = snapshot.judged(members_.front());
  if (verdict.took_kib * kLargestPart > storm.took_kib) {
    return std::nullopt;
  }
  storm.comm = largest.comm;
  storm.uid = largest.uid;
  storm.largest_kib = verdict.took_kib;
  for (const std::uint32_t member : members_) {
    storm.age_s =
        std::max(storm.age_s, age_s(snapshot, snapshot.tasks[member]));
  }
  storm.spare_forker = !storm.forker || spares(snapshot, bars, storm);
  return storm;
}

}  // namespace badnessd
