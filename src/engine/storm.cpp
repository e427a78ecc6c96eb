// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/storm.h"

#include <algorithm>
#include <iterator>

#include "badnessd/engine/kernel26.h"

namespace badnessd {

bool descends_from(const Snapshot& snapshot, const Task& task,
                   std::int32_t ancestor_pid) noexcept {
  std::int32_t pid = task.ppid;
  for (int depth = 0; depth < kGenerations && pid > kInitPid; ++depth) {
    const std::size_t index = find_task(snapshot, pid);
    if (index == snapshot.tasks.size()) {
      return false;
    }
    if (pid == ancestor_pid) {
      return true;
    }
    pid = snapshot.tasks[index].ppid;
  }
  return false;
}

bool young(const Snapshot& snapshot, const Task& task) noexcept {
  return young(snapshot, task.id.start_time, task.then.has_value());
}

bool young(const Snapshot& snapshot, std::uint64_t start_time,
           bool noted) noexcept {
  constexpr std::uint64_t kTick = 2;  // ages are whole seconds
  return snapshot.baseline_age_s &&
         (!noted ||
          age_s(snapshot, start_time) <= 2 * *snapshot.baseline_age_s + kTick);
}

void StormFinder::reserve(std::size_t tasks) {
  young_.reserve(tasks);
  parents_.reserve(tasks);
  orphans_.reserve(tasks);
  members_.reserve(tasks);
  below_.reserve(tasks);
  found_.reserve(tasks);
}

void StormFinder::collect_young(const Snapshot& snapshot,
                                const SelectRules& rules) {
  young_.clear();
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    const Task& task = snapshot.tasks[i];
    if (young(snapshot, task) && eligible(snapshot, i, rules)) {
      young_.push_back(i);
    }
  }
}

std::span<const std::uint32_t> StormFinder::suspects(Snapshot& snapshot,
                                                     const SelectRules& rules,
                                                     Kib needed_kib,
                                                     Kib lost_kib) {
  collect_young(snapshot, rules);
  // A task that took more than 1/4 of the total is no member. Without it the
  // total is lower, so each round can exclude more tasks.
  constexpr int kRounds = 4;
  const Unread unread = snapshot.unread.value_or(Unread());
  Kib most_kib = kUnknownKib;
  for (int round = 0; round < kRounds; ++round) {
    Kib sum = unread.young_took_kib;
    for (const std::uint32_t index : young_) {
      const Verdict& verdict = snapshot.verdicts[index];
      if (verdict.took_kib <= most_kib / kLargestPart) {
        sum = sum_kib(sum, verdict.took_most_kib);
      }
    }
    most_kib = sum;
  }
  if (lost_kib == 0 || young_.size() + unread.young < kFewest ||
      most_kib < needed_kib || most_kib < lost_kib / 2) {
    return {};
  }
  if (snapshot.unread) {
    snapshot.unread->matter = true;
    return {};
  }
  return young_;
}

// The parent of an orphan is not known: the eldest of its siblings takes the
// place.
void StormFinder::find_parents(const Snapshot& snapshot) {
  const auto& tasks = snapshot.tasks;
  parents_.clear();
  orphans_.clear();
  for (std::uint32_t i = 0; i < tasks.size(); ++i) {
    const bool has_parent = tasks[i].ppid > kInitPid;
    parents_.push_back(static_cast<std::uint32_t>(
        has_parent ? find_task(snapshot, tasks[i].ppid) : tasks.size()));
    if (is_orphan(tasks[i])) {
      orphans_.push_back(i);
    }
  }
  std::sort(orphans_.begin(), orphans_.end(),
            [&](std::uint32_t a, std::uint32_t b) {
              return tasks[a].comm != tasks[b].comm
                         ? tasks[a].comm < tasks[b].comm
                         : earlier_in_task_list(tasks[a], tasks[b]);
            });
  for (std::size_t i = 1, eldest = 0; i < orphans_.size(); ++i) {
    if (are_siblings(tasks[orphans_[eldest]], tasks[orphans_[i]])) {
      parents_[orphans_[i]] = orphans_[eldest];
    } else {
      eldest = i;
    }
  }
}

// Calls visit(ancestor) for each ancestor below init.
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

void StormFinder::add_up(const Snapshot& snapshot) {
  below_.assign(snapshot.tasks.size(), Below{});
  for (const std::uint32_t index : young_) {
    const Kib took_kib = snapshot.verdicts[index].took_kib;
    for_ancestors(index, [&](std::uint32_t ancestor) {
      Below& below = below_[ancestor];
      ++below.count;
      below.took_kib += took_kib;
      below.largest_kib = std::max(below.largest_kib, took_kib);
    });
  }
}

// Drops the ancestors of a forker: they have the same descendants and more.
void StormFinder::keep_deepest() {
  for (const std::uint32_t index : found_) {
    for_ancestors(index,
                  [&](std::uint32_t ancestor) { below_[ancestor].count = 0; });
  }
  std::erase_if(found_,
                [&](std::uint32_t index) { return below_[index].count == 0; });
}

void StormFinder::collect_members(std::uint32_t forker) {
  members_.clear();
  std::copy_if(young_.begin(), young_.end(), std::back_inserter(members_),
               [&](std::uint32_t index) { return is_below(index, forker); });
}

// The storm below `forker`; none if no name has half of the memory.
std::optional<Storm> StormFinder::judge(const Snapshot& snapshot,
                                        std::uint32_t forker) {
  const auto& tasks = snapshot.tasks;
  collect_members(forker);
  // Sorts by name, to find the name that took the most.
  std::sort(members_.begin(), members_.end(),
            [&](std::uint32_t a, std::uint32_t b) {
              return tasks[a].name() < tasks[b].name();
            });
  Storm storm{.forker = forker,
              .members = static_cast<std::uint32_t>(members_.size()),
              .took_kib = below_[forker].took_kib};
  Kib most_kib = 0;
  for (std::size_t i = 0; i < members_.size();) {
    const std::string_view name = tasks[members_[i]].name();
    Kib sum_kib = 0;
    std::size_t end = i;
    for (; end < members_.size() && tasks[members_[end]].name() == name;
         ++end) {
      sum_kib += snapshot.verdicts[members_[end]].took_kib;
    }
    if (sum_kib > most_kib) {
      most_kib = sum_kib;
      storm.copies = static_cast<std::uint32_t>(end - i);
      storm.comm = tasks[members_[i]].comm;
    }
    i = end;
  }
  if (storm.copies < kFewest || most_kib * 2 < storm.took_kib) {
    return std::nullopt;
  }
  std::sort(members_.begin(), members_.end(),
            [&](std::uint32_t a, std::uint32_t b) {
              const Kib first = snapshot.verdicts[a].took_kib;
              const Kib second = snapshot.verdicts[b].took_kib;
              return first != second ? first > second : a < b;
            });
  return storm;
}

std::optional<Storm> StormFinder::find(const Snapshot& snapshot,
                                       const SelectRules& rules, Kib needed_kib,
                                       Kib lost_kib) {
  const auto& tasks = snapshot.tasks;
  collect_young(snapshot, rules);
  if (lost_kib == 0 || young_.size() < kFewest) {
    return std::nullopt;
  }
  find_parents(snapshot);
  add_up(snapshot);
  found_.clear();
  for (std::uint32_t i = 0; i < below_.size(); ++i) {
    const Below& below = below_[i];
    if (below.count >= kFewest && below.took_kib >= needed_kib &&
        below.largest_kib * kLargestPart <= below.took_kib &&
        below.took_kib * 2 >= lost_kib && below.took_kib <= lost_kib * 2) {
      found_.push_back(i);
    }
  }
  keep_deepest();
  std::sort(found_.begin(), found_.end(),
            [&](std::uint32_t a, std::uint32_t b) {
              return below_[a].took_kib > below_[b].took_kib;
            });
  for (const std::uint32_t forker : found_) {
    auto storm = judge(snapshot, forker);
    if (!storm) {
      continue;
    }
    const Task& task = tasks[forker];
    bool holds_others = false;
    for (std::uint32_t i = 0; !holds_others && i < tasks.size(); ++i) {
      holds_others = tasks[i].mm_threads != 0 && !young(snapshot, tasks[i]) &&
                     is_below(i, forker);
    }
    storm->spare_forker = holds_others ||
                          age_s(snapshot, task) > kOldForkerSeconds ||
                          !eligible(snapshot, forker, rules);
    for (const std::uint32_t member : members_) {
      storm->age_s = std::max(storm->age_s, age_s(snapshot, tasks[member]));
    }
    return storm;
  }
  return std::nullopt;
}

}  // namespace badnessd
