// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/task.h"

#include <algorithm>
#include <functional>

namespace badnessd {
namespace {

// Shared memory by the name of who maps it, without allocation.
class SharedByName {
 public:
  void add(const Task& task) noexcept {
    if (task.rss_shmem_kib == 0) {
      return;
    }
    Group* group = find(task);
    if (group == nullptr) {
      of_groups_kib_ += task.rss_shmem_kib;  // one of its own
      return;
    }
    of_groups_kib_ -= group->largest_kib;
    group->largest_kib = std::max(group->largest_kib, task.rss_shmem_kib);
    group->sum_kib += task.rss_shmem_kib;
    of_groups_kib_ += group->largest_kib;
  }

  // What all but `task` map.
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
  static constexpr std::size_t kGroups = 512;
  static constexpr std::size_t kProbes = 32;

  // The group of the task's name, made if there is none; null: no room.
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

}  // namespace

std::size_t find_task(const Snapshot& snapshot, std::int32_t pid) noexcept {
  const auto& tasks = snapshot.tasks;
  const auto it = std::lower_bound(tasks.begin(), tasks.end(), pid,
                                   [](const Task& task, std::int32_t wanted) {
                                     return task.id.pid < wanted;
                                   });
  if (it == tasks.end() || it->id.pid != pid) {
    return tasks.size();
  }
  return static_cast<std::size_t>(it - tasks.begin());
}

bool earlier_in_task_list(const Task& a, const Task& b) noexcept {
  if (a.id.start_time != b.id.start_time) {
    return a.id.start_time < b.id.start_time;
  }
  return a.id.pid < b.id.pid;
}

void link_children(Snapshot& snapshot) {
  auto& tasks = snapshot.tasks;
  auto& children = snapshot.children;
  for (Task& task : tasks) {
    task.first_child = 0;
    task.child_count = 0;
  }
  // A counting sort: how many each parent has, then where its run begins, then
  // each child to its place.
  std::uint32_t linked = 0;
  for (const Task& task : tasks) {
    const std::size_t parent = find_task(snapshot, task.ppid);
    if (parent < tasks.size()) {
      ++tasks[parent].child_count;
      ++linked;
    }
  }
  std::uint32_t begin = 0;
  for (Task& task : tasks) {
    task.first_child = begin;
    begin += task.child_count;
    task.child_count = 0;
  }
  children.resize(linked);
  for (std::uint32_t i = 0; i < tasks.size(); ++i) {
    const std::size_t parent = find_task(snapshot, tasks[i].ppid);
    if (parent < tasks.size()) {
      Task& task = tasks[parent];
      children[task.first_child + task.child_count] = Child{.task = i};
      ++task.child_count;
    }
  }
  for (const Task& task : tasks) {
    const auto first = children.begin() + task.first_child;
    std::sort(first, first + task.child_count,
              [&tasks](const Child& a, const Child& b) {
                return earlier_in_task_list(tasks[a.task], tasks[b.task]);
              });
  }
}

namespace {

void estimate_own(Task& task, const Snapshot& snapshot, Kib swap_used_kib,
                  Kib others_shmem_kib) noexcept {
  task.reclaim_kib = 0;
  task.reclaim_most_kib = 0;
  if (!task.has_mm) {
    return;
  }
  if (task.detail == Detail::kCheap) {
    task.reclaim_most_kib =
        task.rss * (snapshot.page_size / 1024) + swap_used_kib;
    return;
  }
  const Kib own = task.rss_anon_kib + task.swap_kib;
  if (others_shmem_kib == kUnknownKib) {
    task.reclaim_kib = own;
    task.reclaim_most_kib = own + task.rss_shmem_kib;
    return;
  }
  task.reclaim_kib =
      own + task.rss_shmem_kib - std::min(task.rss_shmem_kib, others_shmem_kib);
  task.reclaim_most_kib = task.reclaim_kib;
}

// NOLINTNEXTLINE(misc-no-recursion): no deeper than kGenerations
void add_descendants(const Snapshot& snapshot, const Task& task, int depth,
                     Task& sum) noexcept {
  for (std::uint32_t i = 0; i < task.child_count; ++i) {
    const Child& child = snapshot.children[task.first_child + i];
    const Task& its = snapshot.tasks[child.task];
    if (!child.shares_mm) {
      sum.with_it_kib += its.reclaim_kib;
      sum.with_it_most_kib =
          sum_kib(sum.with_it_most_kib, its.reclaim_most_kib);
    }
    if (depth > 1) {
      add_descendants(snapshot, its, depth - 1, sum);
    }
  }
}

// A task of which the dear facts are not known may be the init of a namespace.
void estimate_with_it(Task& task, const Snapshot& snapshot,
                      DiesWith dies_with) noexcept {
  task.with_it_kib = 0;
  task.with_it_most_kib = 0;
  const bool certain = task.pid_ns_init || dies_with == DiesWith::kFamily;
  if (!task.has_mm || (!certain && task.detail == Detail::kFull)) {
    return;
  }
  add_descendants(snapshot, task, kGenerations, task);
  if (!certain) {
    task.with_it_kib = 0;
  }
}

}  // namespace

void estimate_reclaim(Task& task, const Snapshot& snapshot, Kib swap_used_kib,
                      Kib others_shmem_kib, DiesWith dies_with) noexcept {
  estimate_own(task, snapshot, swap_used_kib, others_shmem_kib);
  estimate_with_it(task, snapshot, dies_with);
}

void estimate_reclaim(Snapshot& snapshot, Kib swap_used_kib,
                      DiesWith dies_with) noexcept {
  SharedByName shared;
  bool known = true;
  for (const Task& task : snapshot.tasks) {
    // Of a dead leader whose threads live on status shows nothing.
    const bool hidden = !task.has_mm && task.mm_threads != 0;
    known = known && !hidden && (!task.has_mm || task.detail == Detail::kFull);
    shared.add(task);
  }
  for (Task& task : snapshot.tasks) {
    estimate_own(task, snapshot, swap_used_kib,
                 known ? shared.others(task) : kUnknownKib);
  }
  for (Task& task : snapshot.tasks) {
    estimate_with_it(task, snapshot, dies_with);
  }
}

}  // namespace badnessd
