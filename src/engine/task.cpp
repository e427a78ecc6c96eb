// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/task.h"

#include <algorithm>
#include <tuple>

#include "badnessd/engine/kernel26.h"

namespace badnessd {

std::uint64_t age_s(const Snapshot& snapshot,
                    std::uint64_t start_time) noexcept {
  return above(snapshot.uptime_s, start_time / kUserHz);
}

std::uint64_t age_s(const Snapshot& snapshot, const Task& task) noexcept {
  return age_s(snapshot, task.id.start_time);
}

bool keep_known(const Task& last, bool known, Task& task) noexcept {
  if (known && task.id.start_time == TaskId::kUnknown) {
    task.id = last.id;
    task.flags = last.flags;
    task.nice = last.nice;
    task.cpu_jiffies = last.cpu_jiffies;
    task.pf_oom_origin = last.pf_oom_origin;
    task.cap_effective = last.cap_effective;
    task.userns_unreadable = last.userns_unreadable;
  }
  task.inode = last.inode;
  task.first_child = last.first_child;
  task.child_count = last.child_count;
  const bool same =
      task.id == last.id || (known && last.id.start_time == TaskId::kUnknown);
  if (same) {
    task.noted_kib = std::max(task.noted_kib, last.noted_kib);
    task.copied_kib = last.copied_kib;
    task.shared_kib = last.shared_kib;
    task.then = last.then;
  }
  return same;
}

std::size_t find_task(const Snapshot& snapshot, std::int32_t pid) noexcept {
  const auto& tasks = snapshot.tasks;
  const auto pid_of = [](const Task& task) { return task.id.pid; };
  const auto it = std::ranges::lower_bound(tasks, pid, {}, pid_of);
  return it == tasks.end() || it->id.pid != pid
             ? tasks.size()
             : static_cast<std::size_t>(it - tasks.begin());
}

Verdict first_verdict(const Task& task, Threads threads) noexcept {
  return {.has_mm = task.has_mm ||
                    (threads == Threads::kAnyLive && task.live_tid != 0),
          .oom_adj = task.oom_adj};
}

void begin_verdicts(Snapshot& snapshot, Threads threads) {
  snapshot.verdicts.resize(snapshot.tasks.size());
  std::transform(
      snapshot.tasks.begin(), snapshot.tasks.end(), snapshot.verdicts.begin(),
      [threads](const Task& task) { return first_verdict(task, threads); });
}

bool earlier_in_task_list(const Task& a, const Task& b) noexcept {
  return std::tie(a.id.start_time, a.id.pid) <
         std::tie(b.id.start_time, b.id.pid);
}

void link_children(Snapshot& snapshot) {
  auto& tasks = snapshot.tasks;
  auto& children = snapshot.children;
  for (Task& task : tasks) {
    task.first_child = 0;
    task.child_count = 0;
  }
  // Counting sort: count the children of each parent, compute where each run
  // begins, put each child in its place.
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

}  // namespace badnessd
