// SPDX-License-Identifier: GPL-2.0-only
#include "fake_source.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "badnessd/engine/rules.h"

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
  snapshot.gaps = full_.gaps;
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
  const Task before = task;
  task = full;
  task.own_oom_adj = before.own_oom_adj;
  task.in_scope = before.in_scope;
  task.then = before.then;
  task.swap_most_kib = before.swap_most_kib;
  task.copied_kib = before.copied_kib;
  task.shared_most_kib = before.shared_most_kib;
  if (before.has_mm) {
    count_live_thread(task);
  }
  task.detail = Detail::kFull;
  task.first_child = first_child;
  std::copy_n(full_.children.begin() + full.first_child, full.child_count,
              snapshot.children.begin() + first_child);
}

Expected<void> FakeSource::list(std::vector<ListedProcess>& listed) {
  listed.clear();
  for (const Task& task : full_.tasks) {
    listed.push_back({task.id.pid, task.id.start_time + inode_offset_});
  }
  return {};
}

Expected<HeldFacts> FakeSource::read_held(std::int32_t pid,
                                          const HeldFacts& /*known*/) {
  ++notes_;
  const std::size_t index = find_task(full_, pid);
  if (index == full_.tasks.size()) {
    return tl::unexpected(Error{ESRCH, "read statm"});
  }
  const Task& task = full_.tasks[index];
  return HeldFacts{
      .id = task.id,
      .ppid = task.ppid,
      .flags = task.flags,
      .holding = {task.rss_anon_kib + task.swap_kib, task.rss_shmem_kib},
      .swap_kib = task.swap_kib};
}

bool FakeSource::share_mm(const Task& a, const Task& b) {
  return sharing_ == std::pair{a.id.pid, b.id.pid} ||
         sharing_ == std::pair{b.id.pid, a.id.pid};
}

void FakeSource::measure(std::span<const UnsharedReader::Question> questions) {
  for (const UnsharedReader::Question& question : questions) {
    const auto unshared = unshared_.find(question.pid);
    measured_.push_back(unshared == unshared_.end() ? Unshared()
                                                    : unshared->second);
  }
}

void FakeSource::identify(std::span<const ListedProcess> processes) {
  answers_.clear();
  for (const ListedProcess& process : processes) {
    ++looks_;
    IdentityTexts texts{.process = process};
    const std::size_t index = find_task(full_, process.pid);
    const auto who = identities_.find(process.pid);
    if (index < full_.tasks.size() && who != identities_.end()) {
      texts.id = full_.tasks[index].id;
      texts.comm = full_.tasks[index].comm;
      texts.cmdline = who->second.cmdline;
      texts.cgroup = who->second.cgroup;
    }
    answers_.push_back(texts);
  }
}

Expected<std::string_view> FakeSource::read_exe(std::int32_t pid) {
  const auto who = identities_.find(pid);
  if (who == identities_.end()) {
    return tl::unexpected(Error{EACCES, "read exe"});
  }
  return who->second.exe;
}

Expected<std::string_view> FakeSource::read_cgroup_of(std::int32_t pid) {
  const auto who = identities_.find(pid);
  if (who == identities_.end()) {
    return tl::unexpected(Error{ENOENT, "read cgroup"});
  }
  return who->second.cgroup;
}

std::vector<std::string> FakeSource::list_cgroups(const Glob& scope) {
  std::vector<std::string> found;
  for (const auto& [cgroup, reading] : cgroups_) {
    if (matches_cgroup(scope, cgroup)) {
      found.push_back(cgroup);
    }
  }
  return found;
}

Expected<PressureReading> FakeSource::read_cgroup(
    const std::string& cgroup, const PressureReading& system) {
  const auto found = cgroups_.find(cgroup);
  if (found == cgroups_.end()) {
    return tl::unexpected(Error{ENOENT, "read cgroup"});
  }
  PressureReading reading = found->second;
  reading.time_us = system.time_us;
  return reading;
}

std::string_view FakeSource::oom_group(std::string_view cgroup,
                                       std::string_view /*top*/) {
  return cgroup.starts_with(oom_group_) ? std::string_view(oom_group_)
                                        : std::string_view();
}

void FakeSource::mark_cgroup(std::string_view cgroup, Snapshot& snapshot) {
  for (Task& task : snapshot.tasks) {
    const auto who = identities_.find(task.id.pid);
    task.in_scope = who != identities_.end() &&
                    (who->second.cgroup == cgroup ||
                     who->second.cgroup.starts_with(std::string(cgroup) + "/"));
  }
}

void FakeSource::add(const Task& task) {
  full_.tasks.push_back(task);
  link_children(full_);
}

Task& FakeSource::task(std::int32_t pid) {
  return full_.tasks.at(find_task(full_, pid));
}

void FakeSource::remove(std::int32_t pid) {
  std::erase_if(full_.tasks,
                [pid](const Task& it) { return it.id.pid == pid; });
  link_children(full_);
}

}  // namespace badnessd::test
