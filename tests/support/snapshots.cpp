// SPDX-License-Identifier: GPL-2.0-only
#include "snapshots.h"

#include <algorithm>
#include <utility>

#include "badnessd/engine/kernel26.h"

namespace badnessd::test {

Task user_task(std::int32_t pid, Pages total_vm) {
  Task task;
  task.id = {pid, static_cast<std::uint64_t>(pid)};
  task.state = 'S';
  task.has_mm = true;
  task.total_vm = total_vm;
  task.mm_threads = 1;
  return task;
}

Task named_task(std::int32_t pid, Pages total_vm, std::string_view comm) {
  Task task = user_task(pid, total_vm);
  comm.copy(task.comm.data(), task.comm.size() - 1);
  return task;
}

Task holding(std::int32_t pid, Pages total_vm, Kib kib) {
  Task task = user_task(pid, total_vm);
  task.rss = kib / 4;
  task.rss_anon_kib = kib;
  return task;
}

PressureReading with_available(Kib kib) {
  PressureReading reading;
  reading.mem_total_kib = 1'000'000;
  reading.mem_available_kib = kib;
  return reading;
}

PressureReading reading_at(Micros time_us, Kib available_kib) {
  PressureReading reading;
  reading.time_us = time_us;
  reading.mem_total_kib = 100'000;
  reading.mem_available_kib = available_kib;
  return reading;
}

Policy acts_below_a_tenth() {
  Trigger trigger{.name = "low"};
  trigger.mem_available_below = Amount{.basis_points = 1000, .kib = {}};
  Policy policy;
  policy.triggers = {trigger};
  return policy;
}

Task kernel_thread(std::int32_t pid) {
  Task task = user_task(pid, 0);
  task.has_mm = false;
  task.mm_threads = 0;
  task.flags = kPfKthread;
  return task;
}

Snapshot snapshot_of(std::vector<Task> tasks, std::uint64_t uptime_s) {
  Snapshot snapshot;
  snapshot.uptime_s = uptime_s;
  snapshot.tasks = std::move(tasks);
  std::sort(snapshot.tasks.begin(), snapshot.tasks.end(),
            [](const Task& a, const Task& b) { return a.id.pid < b.id.pid; });
  link_children(snapshot);
  begin_verdicts(snapshot);
  return snapshot;
}

Snapshot scored(std::vector<Task> tasks, std::uint64_t uptime_s,
                const ScoreModel& model) {
  Snapshot snapshot = snapshot_of(std::move(tasks), uptime_s);
  score_all(snapshot, model);
  return snapshot;
}

Task& task_of(Snapshot& snapshot, std::int32_t pid) {
  return snapshot.tasks.at(find_task(snapshot, pid));
}

Verdict& verdict_of(Snapshot& snapshot, std::int32_t pid) {
  return snapshot.verdicts.at(find_task(snapshot, pid));
}

JudgedTask judged(const Task& task) {
  return {task, first_verdict(task, Threads::kAnyLive)};
}

std::vector<std::int32_t> children_of(const Snapshot& snapshot,
                                      const Task& task) {
  std::vector<std::int32_t> pids;
  for (std::uint32_t i = 0; i < task.child_count; ++i) {
    const Child& child = snapshot.children.at(task.first_child + i);
    pids.push_back(snapshot.tasks.at(child.task).id.pid);
  }
  return pids;
}

}  // namespace badnessd::test
