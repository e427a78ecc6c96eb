// SPDX-License-Identifier: GPL-2.0-only
#include "fake_source.h"

#include <algorithm>
#include <utility>

namespace badnessd::test {
namespace {

// Task by task what Detail says: the dear facts at the values that make the
// score the highest.
Task cheap_facts(const Task& full, bool with_swap) {
  Task task = full;
  const Task unknown;
  task.detail = Detail::kCheap;
  task.points = 0;
  task.uid = unknown.uid;
  task.cap_effective = unknown.cap_effective;
  task.userns_unreadable = unknown.userns_unreadable;
  task.mems_intersect = unknown.mems_intersect;
  task.rss_anon_kib = unknown.rss_anon_kib;
  task.rss_shmem_kib = unknown.rss_shmem_kib;
  task.reclaim_kib = 0;
  task.reclaim_most_kib = 0;
  if (!with_swap) {
    task.swap_kib = unknown.swap_kib;
  }
  return task;
}

}  // namespace

FakeSource::FakeSource(Snapshot full, bool swap_in_scan)
    : full_(std::move(full)), swap_in_scan_(swap_in_scan) {}

Expected<PressureReading> FakeSource::read_pressure() {
  now_us_ += step_us_;
  Expected<PressureReading> reading = pressure_;
  if (reading) {
    reading->time_us = now_us_;
  }
  return reading;
}

Expected<void> FakeSource::scan(Snapshot& snapshot) {
  ++scans_;
  snapshot.uptime_s = full_.uptime_s;
  snapshot.page_size = full_.page_size;
  snapshot.facts = full_.facts;
  snapshot.tasks.clear();
  for (const Task& task : full_.tasks) {
    snapshot.tasks.push_back(cheap_facts(task, swap_in_scan_));
  }
  link_children(snapshot);
  return {};
}

void FakeSource::refine(Snapshot& snapshot, std::uint32_t index) {
  ++refines_;
  Task& task = snapshot.tasks[index];
  if (task.id.pid == vanishing_) {
    task.detail = Detail::kFull;
    task.has_mm = false;
    return;
  }
  const Task& full = full_.tasks[index];
  const std::uint32_t first_child = task.first_child;
  task = full;
  task.detail = Detail::kFull;
  task.first_child = first_child;
  std::copy_n(full_.children.begin() + full.first_child, full.child_count,
              snapshot.children.begin() + first_child);
}

}  // namespace badnessd::test
