// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/reclaim.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>

namespace badnessd {
namespace {

// Shared memory by process name, without allocation.
template <std::size_t kGroups>  // more names: each process by itself
class SharedByName {
 public:
  void add(const Task& task) noexcept {
    if (task.rss_shmem_kib == 0) {
      return;
    }
    Group* group = find(task);
    if (group == nullptr) {
      of_groups_kib_ += task.rss_shmem_kib;  // counts as a group of its own
      return;
    }
    of_groups_kib_ -= group->largest_kib;
    group->largest_kib = std::max(group->largest_kib, task.rss_shmem_kib);
    group->sum_kib += task.rss_shmem_kib;
    of_groups_kib_ += group->largest_kib;
  }

  // The shared memory that all processes except `task` map.
  [[nodiscard]] Kib others(const Task& task) noexcept {
    if (task.rss_shmem_kib == 0) {
      return of_groups_kib_;
    }
    const Group* group = find(task);
    return group == nullptr ? of_groups_kib_ - task.rss_shmem_kib
                            : of_groups_kib_ - group->largest_kib +
                                  group->sum_kib - task.rss_shmem_kib;
  }

 private:
  struct Group {
    bool used = false;
    std::string_view name;
    Kib largest_kib = 0;
    Kib sum_kib = 0;
  };
  static constexpr std::size_t kProbes = 32;

  // Finds or creates the group of the task's name; null: no room.
  [[nodiscard]] Group* find(const Task& task) noexcept {
    const std::size_t first = std::hash<std::string_view>()(task.name());
    for (std::size_t probe = 0; probe < kProbes; ++probe) {
      Group& group = groups_[(first + probe) % kGroups];
      if (!group.used) {
        group = {.used = true, .name = task.name()};
      }
      if (group.name == task.name()) {
        return &group;
      }
    }
    return nullptr;
  }

  std::array<Group, kGroups> groups_{};
  Kib of_groups_kib_ = 0;  // the largest of each
};

// An amount that may not be known yet.
struct Bounds {
  Kib most = 0;
  Kib certain = 0;
};

// Anonymous memory and swap of `task`.
Bounds private_memory(const Task& task, const Snapshot& snapshot,
                      Kib swap_used_kib) noexcept {
  if (task.detail == Detail::kFull) {
    const Kib known = task.rss_anon_kib + task.swap_kib;
    return {known, known};
  }
  const Kib resident = task.rss * (snapshot.page_size / 1024);
  return {sum_kib(resident, std::min(swap_used_kib, task.swap_most_kib)), 0};
}

// The part of `own`, the private memory of `task`, that the task may share with
// its parent, and with any one relative.
struct Common {
  Bounds with_parent;
  Bounds with_any;
  Kib shmem = 0;  // the most that one relative is known to map
};

Common common_memory(const Snapshot& snapshot, std::uint32_t index, Kib own,
                     Kib swap_used_kib) noexcept {
  const Task& task = snapshot.tasks[index];
  Common common;
  for_relatives(snapshot, index, [&](std::uint32_t relative) {
    const Task& other = snapshot.tasks[relative];
    Bounds its = private_memory(other, snapshot, swap_used_kib);
    its = {std::min(own, its.most), std::min(own, its.certain)};
    const bool parent = other.id.pid == task.ppid;
    if (parent) {
      // Memory that the parent has freed since the fork belongs to the child
      // alone, but the child did not take it.
      const Kib then = other.then ? other.then->private_kib : 0;
      common.with_parent = {std::max(its.most, std::min(own, then)),
                            std::max(its.certain, std::min(own, then))};
    }
    const Kib bound = parent ? task.shared_most_kib : other.shared_most_kib;
    common.with_any.most =
        std::max(common.with_any.most, std::min(its.most, bound));
    common.with_any.certain =
        std::max(common.with_any.certain, std::min(its.certain, bound));
    common.shmem = std::max(common.shmem, other.rss_shmem_kib);
  });
  return common;
}

// Whether the leader has exited while threads live: its status then shows no
// memory.
bool hidden(const Snapshot& snapshot, std::size_t index) noexcept {
  return !snapshot.verdicts[index].has_mm &&
         snapshot.tasks[index].mm_threads != 0;
}

// An upper bound of the shared memory that all other processes map. A kCheap
// task counts with all its resident memory.
Kib others_shmem_most(const Snapshot& snapshot, std::uint32_t index) noexcept {
  const Kib page_kib = snapshot.page_size / 1024;
  SharedByName<64> shared;  // asked for often: few, as these are set to 0
  Kib unread = 0;
  for (std::size_t i = 0; i < snapshot.tasks.size(); ++i) {
    const auto [other, verdict] = snapshot.judged(i);
    if (hidden(snapshot, i)) {
      return kUnknownKib;
    }
    if (other.detail == Detail::kFull) {
      shared.add(other);
    } else if (verdict.has_mm && i != index) {
      unread = sum_kib(unread, other.rss * page_kib);
    }
  }
  if (snapshot.unread) {
    unread = sum_kib(unread, snapshot.unread->shmem_kib);
  }
  return sum_kib(unread, shared.others(snapshot.tasks[index]));
}

void estimate_own(Snapshot& snapshot, std::uint32_t index, Kib swap_used_kib,
                  Kib others_shmem_kib) noexcept {
  const Task& task = snapshot.tasks[index];
  Verdict& verdict = snapshot.verdicts[index];
  verdict.reclaim_kib = 0;
  verdict.reclaim_most_kib = 0;
  verdict.took_kib = 0;
  verdict.took_most_kib = 0;
  if (!verdict.has_mm) {
    return;
  }
  const Kib own = private_memory(task, snapshot, swap_used_kib).most;
  const Holding then = task.then.value_or(Holding{});
  if (task.detail == Detail::kCheap) {
    // Resident memory includes shared memory.
    verdict.reclaim_most_kib = own;
    verdict.took_most_kib =
        snapshot.baseline_age_s
            ? std::min(task.took_most_kib,
                       above(sum_kib(own, task.copied_kib),
                             then.private_kib + then.shmem_kib))
            : 0;
    return;
  }
  const Common common = common_memory(snapshot, index, own, swap_used_kib);
  // Other processes map at least as much as one relative does.
  const bool known = others_shmem_kib != kUnknownKib;
  const Kib shmem_most =
      above(task.rss_shmem_kib, known ? others_shmem_kib : common.shmem);
  const Kib shmem_certain =
      known || task.rss_shmem_kib == 0
          ? shmem_most
          : above(task.rss_shmem_kib, others_shmem_most(snapshot, index));
  verdict.reclaim_kib = own - common.with_any.most + shmem_certain;
  verdict.reclaim_most_kib = own - common.with_any.certain + shmem_most;
  if (!snapshot.baseline_age_s) {
    return;
  }
  const auto took = [&](Kib inherited, Kib own_shmem) {
    const Kib shmem =
        std::min(own_shmem, above(task.rss_shmem_kib, then.shmem_kib));
    // Shared memory that became private memory was not taken.
    const Kib given = above(then.shmem_kib, task.rss_shmem_kib);
    return std::min(own + shmem,
                    above(own + shmem + task.copied_kib,
                          task.then ? then.private_kib + given : inherited));
  };
  verdict.took_kib = std::min(task.took_most_kib,
                              took(common.with_parent.most, shmem_certain));
  verdict.took_most_kib = std::min(
      task.took_most_kib, took(common.with_parent.certain, shmem_most));
}

// NOLINTNEXTLINE(misc-no-recursion): no deeper than kGenerations
void add_descendants(const Snapshot& snapshot, const Task& task, int depth,
                     Verdict& sum) noexcept {
  for (std::uint32_t i = 0; i < task.child_count; ++i) {
    const Child& child = snapshot.children[task.first_child + i];
    const Verdict& its = snapshot.verdicts[child.task];
    if (!child.shares_mm) {
      sum.with_it_kib += its.reclaim_kib;
      sum.with_it_most_kib =
          sum_kib(sum.with_it_most_kib, its.reclaim_most_kib);
    }
    if (depth > 1) {
      add_descendants(snapshot, snapshot.tasks[child.task], depth - 1, sum);
    }
  }
}

// A task that is not refined may be the init of a namespace.
void estimate_with_it(Snapshot& snapshot, std::uint32_t index) noexcept {
  const Task& task = snapshot.tasks[index];
  Verdict& verdict = snapshot.verdicts[index];
  verdict.with_it_kib = 0;
  verdict.with_it_most_kib = 0;
  const bool certain = task.pid_ns_init;
  if (!verdict.has_mm || (!certain && task.detail == Detail::kFull)) {
    return;
  }
  add_descendants(snapshot, task, kGenerations, verdict);
  if (!certain) {
    verdict.with_it_kib = 0;
  }
}

}  // namespace

bool may_have_copied(const Snapshot& snapshot, const Task& task) noexcept {
  const Kib page_kib = snapshot.page_size / 1024;
  const std::size_t parent = find_task(snapshot, task.ppid);
  return (task.flags & kPfForkNoExec) != 0 && task.faulted_kib != 0 &&
         task.rss * page_kib >= kWorthUnsharing &&
         parent < snapshot.tasks.size() &&
         snapshot.tasks[parent].rss * page_kib >= kWorthUnsharing;
}

bool assume_copies(Snapshot& snapshot, Kib least_kib) noexcept {
  const auto own = [](const Task& task) {
    return task.detail == Detail::kFull ? task.rss_anon_kib + task.swap_kib : 0;
  };
  const auto copies = [&](const Task& task) {
    if (!may_have_copied(snapshot, task)) {
      return Kib{0};
    }
    const Task& parent = snapshot.tasks[find_task(snapshot, task.ppid)];
    return std::min(
        {own(task), own(parent), task.shared_most_kib, task.faulted_kib});
  };
  Kib sum = 0;
  for (const Task& task : snapshot.tasks) {
    sum = sum_kib(sum, copies(task));
  }
  if (sum == 0 || sum < least_kib) {
    return false;
  }
  for (Task& task : snapshot.tasks) {
    if (const Kib copied = copies(task); copied != 0) {
      task.copied_kib += copied;
      task.faulted_kib -= copied;
      task.shared_most_kib = std::min(task.shared_most_kib, own(task)) - copied;
    }
  }
  return true;
}

void estimate_reclaim(Snapshot& snapshot, std::uint32_t index,
                      Kib swap_used_kib, Kib others_shmem_kib) noexcept {
  estimate_own(snapshot, index, swap_used_kib, others_shmem_kib);
  estimate_with_it(snapshot, index);
}

void estimate_reclaim(Snapshot& snapshot, Kib swap_used_kib) noexcept {
  SharedByName<512> shared;
  bool known = !snapshot.unread;
  for (std::size_t i = 0; i < snapshot.tasks.size(); ++i) {
    const auto [task, verdict] = snapshot.judged(i);
    known = known && !hidden(snapshot, i) &&
            (!verdict.has_mm || task.detail == Detail::kFull);
    shared.add(task);
  }
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    estimate_own(snapshot, i, swap_used_kib,
                 known ? shared.others(snapshot.tasks[i]) : kUnknownKib);
  }
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    estimate_with_it(snapshot, i);
  }
}

}  // namespace badnessd
