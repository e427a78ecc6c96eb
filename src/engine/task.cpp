// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/task.h"

#include <algorithm>

namespace badnessd {

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

void estimate_reclaim(Task& task, const Snapshot& snapshot, Kib swap_used_kib,
                      Kib all_rss_shmem_kib) noexcept {
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
  if (all_rss_shmem_kib == kUnknownKib) {
    task.reclaim_kib = own;
    task.reclaim_most_kib = own + task.rss_shmem_kib;
    return;
  }
  // Were all that the others map the same pages as this task's, this much would
  // still be left over.
  const Kib others =
      all_rss_shmem_kib - std::min(all_rss_shmem_kib, task.rss_shmem_kib);
  task.reclaim_kib =
      own + task.rss_shmem_kib - std::min(task.rss_shmem_kib, others);
  task.reclaim_most_kib = task.reclaim_kib;
}

void estimate_reclaim(Snapshot& snapshot, Kib swap_used_kib) noexcept {
  Kib all_rss_shmem_kib = 0;
  for (const Task& task : snapshot.tasks) {
    // Of a dead leader whose threads live on status shows nothing.
    const bool hidden = !task.has_mm && task.mm_threads != 0;
    if (hidden || (task.has_mm && task.detail == Detail::kCheap)) {
      all_rss_shmem_kib = kUnknownKib;
      break;
    }
    all_rss_shmem_kib += task.rss_shmem_kib;
  }
  for (Task& task : snapshot.tasks) {
    estimate_reclaim(task, snapshot, swap_used_kib, all_rss_shmem_kib);
  }
}

}  // namespace badnessd
