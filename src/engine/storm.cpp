// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/storm.h"

#include <algorithm>

#include "badnessd/engine/kernel26.h"

namespace badnessd {
namespace {

constexpr std::int32_t kInitPid = 1;

// Calls visit(index) for each ancestor, up to init, which is left out.
template <class Visit>
void for_ancestors(const Snapshot& snapshot, const Task& task, Visit visit) {
  std::int32_t pid = task.ppid;
  for (int depth = 0; depth < kGenerations && pid > kInitPid; ++depth) {
    const std::size_t index = find_task(snapshot, pid);
    if (index == snapshot.tasks.size()) {
      return;
    }
    visit(static_cast<std::uint32_t>(index));
    pid = snapshot.tasks[index].ppid;
  }
}

}  // namespace

bool descends_from(const Snapshot& snapshot, const Task& task,
                   std::int32_t ancestor_pid) noexcept {
  bool found = false;
  for_ancestors(snapshot, task, [&](std::uint32_t index) {
    found = found || snapshot.tasks[index].id.pid == ancestor_pid;
  });
  return found;
}

bool young(const Snapshot& snapshot, const Task& task,
           Micros window_us) noexcept {
  constexpr Micros kSecond = 1'000'000;
  const std::uint64_t started_s = task.id.start_time / kUserHz;
  return started_s + window_us / kSecond >= snapshot.uptime_s;
}

void StormFinder::reserve(std::size_t tasks) {
  young_.reserve(tasks);
  members_.reserve(tasks);
  below_.reserve(tasks);
  found_.reserve(tasks);
}

void StormFinder::collect_young(const Snapshot& snapshot,
                                const SelectRules& rules, Micros window_us) {
  young_.clear();
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    const Task& task = snapshot.tasks[i];
    if (young(snapshot, task, window_us) &&
        skip_reason(task, rules) == Skip::kNone) {
      young_.push_back(i);
    }
  }
}

std::span<const std::uint32_t> StormFinder::suspects(
    const Snapshot& snapshot, const SelectRules& rules, Kib need_kib,
    const PressureHistory& history, Kib free_kib) {
  for (std::size_t i = kWindows.size(); i-- > 0;) {
    const auto before_kib = history.free_before(kWindows[i]);
    if (!before_kib || *before_kib <= free_kib) {
      continue;
    }
    collect_young(snapshot, rules, kWindows[i]);
    Kib most_kib = 0;
    for (const std::uint32_t index : young_) {
      most_kib += snapshot.tasks[index].reclaim_most_kib;
    }
    if (young_.size() >= kFewest && most_kib >= need_kib &&
        most_kib * 2 >= *before_kib - free_kib) {
      return young_;
    }
  }
  return {};
}

void StormFinder::add_up(const Snapshot& snapshot) {
  below_.assign(snapshot.tasks.size(), Below{});
  for (const std::uint32_t index : young_) {
    const Task& task = snapshot.tasks[index];
    for_ancestors(snapshot, task, [&](std::uint32_t ancestor) {
      Below& below = below_[ancestor];
      ++below.count;
      below.reclaim_kib += task.reclaim_kib;
      below.largest_kib = std::max(below.largest_kib, task.reclaim_kib);
    });
  }
}

// An ancestor of a forker has the same descendants and more; it is not the
// forker.
void StormFinder::keep_deepest(const Snapshot& snapshot) {
  for (const std::uint32_t index : found_) {
    for_ancestors(snapshot, snapshot.tasks[index],
                  [&](std::uint32_t ancestor) { below_[ancestor].count = 0; });
  }
  std::erase_if(found_,
                [&](std::uint32_t index) { return below_[index].count == 0; });
}

void StormFinder::collect_members(const Snapshot& snapshot,
                                  std::uint32_t forker) {
  members_.clear();
  for (const std::uint32_t index : young_) {
    if (descends_from(snapshot, snapshot.tasks[index],
                      snapshot.tasks[forker].id.pid)) {
      members_.push_back(index);
    }
  }
}

// The storm below `forker`, unless its members are of many kinds.
std::optional<Storm> StormFinder::judge(const Snapshot& snapshot,
                                        std::uint32_t forker) {
  const auto& tasks = snapshot.tasks;
  collect_members(snapshot, forker);
  // By name, to see which has the most.
  std::sort(members_.begin(), members_.end(),
            [&](std::uint32_t a, std::uint32_t b) {
              return tasks[a].name() < tasks[b].name();
            });
  Storm storm{.forker = forker,
              .members = static_cast<std::uint32_t>(members_.size()),
              .reclaim_kib = below_[forker].reclaim_kib};
  Kib most_kib = 0;
  for (std::size_t i = 0; i < members_.size();) {
    const std::string_view name = tasks[members_[i]].name();
    Kib sum_kib = 0;
    std::size_t end = i;
    for (; end < members_.size() && tasks[members_[end]].name() == name;
         ++end) {
      sum_kib += tasks[members_[end]].reclaim_kib;
    }
    if (sum_kib > most_kib) {
      most_kib = sum_kib;
      storm.copies = static_cast<std::uint32_t>(end - i);
      storm.comm = tasks[members_[i]].comm;
    }
    i = end;
  }
  if (storm.copies < kFewest || most_kib * 2 < storm.reclaim_kib) {
    return std::nullopt;
  }
  std::sort(members_.begin(), members_.end(),
            [&](std::uint32_t a, std::uint32_t b) {
              return tasks[a].reclaim_kib != tasks[b].reclaim_kib
                         ? tasks[a].reclaim_kib > tasks[b].reclaim_kib
                         : a < b;
            });
  return storm;
}

std::optional<Storm> StormFinder::find(const Snapshot& snapshot,
                                       const SelectRules& rules, Kib need_kib,
                                       const PressureHistory& history,
                                       Kib free_kib) {
  for (const Micros window_us : kWindows) {
    const auto before_kib = history.free_before(window_us);
    if (!before_kib || *before_kib <= free_kib) {
      continue;
    }
    const Kib lost_kib = *before_kib - free_kib;
    collect_young(snapshot, rules, window_us);
    if (young_.size() < kFewest) {
      continue;
    }
    add_up(snapshot);
    found_.clear();
    for (std::uint32_t i = 0; i < below_.size(); ++i) {
      const Below& below = below_[i];
      if (below.count >= kFewest && below.reclaim_kib >= need_kib &&
          below.largest_kib * kLargestPart <= below.reclaim_kib &&
          below.reclaim_kib * 2 >= lost_kib &&
          below.reclaim_kib <= lost_kib * 2) {
        found_.push_back(i);
      }
    }
    keep_deepest(snapshot);
    std::sort(found_.begin(), found_.end(),
              [&](std::uint32_t a, std::uint32_t b) {
                return below_[a].reclaim_kib > below_[b].reclaim_kib;
              });
    for (const std::uint32_t forker : found_) {
      auto storm = judge(snapshot, forker);
      if (storm) {
        const Task& task = snapshot.tasks[forker];
        const bool holds_others = std::any_of(
            snapshot.tasks.begin(), snapshot.tasks.end(), [&](const Task& it) {
              return it.has_mm && !young(snapshot, it, window_us) &&
                     descends_from(snapshot, it, task.id.pid);
            });
        storm->spare_forker = holds_others ||
                              !young(snapshot, task, kOldForker) ||
                              skip_reason(task, rules) != Skip::kNone;
        storm->window_us = window_us;
        storm->lost_kib = lost_kib;
        return storm;
      }
    }
  }
  return std::nullopt;
}

}  // namespace badnessd
