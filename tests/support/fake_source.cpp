// SPDX-License-Identifier: GPL-2.0-only
#include "fake_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "badnessd/engine/kernel26.h"

namespace badnessd::test {

namespace fs = std::filesystem;

namespace {

// Task by task what Detail says: the dear facts at the values that make the
// score the highest.
Task cheap_facts(const Task& full, bool with_swap) {
  Task task = full;
  const Task unknown;
  task.detail = Detail::kCheap;
  task.uid = unknown.uid;
  task.cap_effective = unknown.cap_effective;
  task.userns_unreadable = unknown.userns_unreadable;
  task.mems_intersect = unknown.mems_intersect;
  task.rss_anon_kib = unknown.rss_anon_kib;
  task.rss_shmem_kib = unknown.rss_shmem_kib;
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

Expected<void> FakeSource::scan(Snapshot& snapshot, Kib small_kib) {
  ++scans_;
  std::vector<std::int32_t> pids;
  for (const Task& task : full_.tasks) {
    pids.push_back(task.id.pid);
  }
  fill(snapshot, pids);
  const bool any_swap =
      std::any_of(full_.tasks.begin(), full_.tasks.end(),
                  [](const Task& it) { return it.swap_kib != 0; });
  snapshot.small_kib = any_swap ? 0 : small_kib;
  for (Task& task : snapshot.tasks) {
    if (task.has_mm && task.child_count == 0 &&
        task.rss * (snapshot.page_size / 1024) < snapshot.small_kib) {
      task.oom_adj = kOomAdjustMax;
      task.oom_adj_known = false;
    }
  }
  return {};
}

Expected<void> FakeSource::scan_some(Snapshot& snapshot,
                                     std::span<const std::int32_t> pids) {
  ++part_scans_;
  fill(snapshot, pids);
  return {};
}

void FakeSource::fill(Snapshot& snapshot,
                      std::span<const std::int32_t> pids) const {
  snapshot.uptime_s = full_.uptime_s;
  snapshot.page_size = full_.page_size;
  snapshot.gaps = full_.gaps;
  snapshot.tasks.clear();
  snapshot.small_kib = 0;
  for (const std::int32_t pid : pids) {
    const std::size_t index = find_task(full_, pid);
    if (index < full_.tasks.size()) {
      snapshot.tasks.push_back(cheap_facts(full_.tasks[index], swap_in_scan_));
    }
  }
  link_children(snapshot);
}

void FakeSource::refine(Snapshot& snapshot, std::uint32_t index) {
  ++refines_;
  Task& task = snapshot.tasks[index];
  if (task.id.pid == vanishing_) {
    task.detail = Detail::kFull;
    task.has_mm = false;
    task.live_tid = 0;
    return;
  }
  const Task& full = full_.tasks[find_task(full_, task.id.pid)];
  const std::uint32_t first_child = task.first_child;
  const Task before = task;
  task = full;
  task.then = before.then;
  task.swap_most_kib = before.swap_most_kib;
  task.copied_kib = before.copied_kib;
  task.shared_most_kib = before.shared_most_kib;
  task.noted_kib = before.noted_kib;
  task.took_most_kib = before.took_most_kib;
  task.detail = Detail::kFull;
  task.first_child = first_child;
  task.child_count = 0;
  for (std::uint32_t i = 0; i < full.child_count; ++i) {
    Child child = full_.children[full.first_child + i];
    const std::size_t place =
        find_task(snapshot, full_.tasks[child.task].id.pid);
    if (place < snapshot.tasks.size()) {
      child.task = static_cast<std::uint32_t>(place);
      snapshot.children[first_child + task.child_count] = child;
      ++task.child_count;
    } else if (snapshot.unread) {
      snapshot.unread->matter = true;
    }
  }
}

Expected<void> FakeSource::list(std::vector<ListedProcess>& listed,
                                const PidRange& range) {
  for (const Task& task : full_.tasks) {
    if (task.id.pid >= range.first && task.id.pid <= range.last) {
      listed.push_back({task.id.pid, task.id.start_time + inode_offset_});
    }
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
      .swap_kib = task.swap_kib,
      .most_kib = task.held_kib()};
}

bool FakeSource::share_mm(const Task& a, const Task& b) {
  return sharing_ == std::pair{a.id.pid, b.id.pid} ||
         sharing_ == std::pair{b.id.pid, a.id.pid};
}

FakeSource::Host::Host(const char* proc, const char* cgroup)
    : proc_root(proc == nullptr
                    ? UniqueFd()
                    : open_directory(AT_FDCWD, proc).value_or(UniqueFd())),
      cgroups(cgroup),
      identities(proc_root.get()),
      unshared(proc_root.get()) {}

const TempTree& FakeSource::tree() {
  if (tree_ == nullptr) {
    tree_ = std::make_unique<TempTree>(std::vector<Entry>{
        dir("proc", {}),
        dir("cgroup", {file("cgroup.controllers", "memory\n")})});
    host_ = std::make_unique<Host>(tree_->path("proc").c_str(),
                                   tree_->path("cgroup").c_str());
  }
  return *tree_;
}

Proc FakeSource::proc_of(std::int32_t pid) const {
  const Task& task = full_.tasks.at(find_task(full_, pid));
  return {.pid = pid,
          .comm = std::string(task.name()),
          .ppid = task.ppid,
          .start_time = task.id.start_time};
}

void FakeSource::write_processes_of(const std::string& cgroup) {
  std::string pids;
  for (const auto& [pid, its] : cgroup_of_) {
    pids += its == cgroup ? std::to_string(pid) + "\n" : "";
  }
  tree().write("cgroup" + cgroup + "/cgroup.procs", pids);
}

void FakeSource::set_identity(std::int32_t pid, const Who& who) {
  const std::string name = "proc/" + std::to_string(pid);
  tree().remove(name);
  tree().write(name + "/stat", stat_text(proc_of(pid)));
  tree().write(name + "/cmdline", who.cmdline);
  tree().write(name + "/cgroup", "0::" + who.cgroup + "\n");
  if (!who.exe.empty()) {
    fs::create_symlink(who.exe, tree().path(name + "/exe"));
  }
  const std::string before = std::exchange(cgroup_of_[pid], who.cgroup);
  write_processes_of(before);
  write_processes_of(who.cgroup);
}

void FakeSource::set_hanging(std::int32_t pid) {
  const std::string name = "proc/" + std::to_string(pid) + "/cmdline";
  tree().remove(name);
  if (::mkfifo(tree().path(name).c_str(), 0600) != 0) {
    throw std::runtime_error("mkfifo");
  }
}

// From a pipe nothing can be read by position.
void FakeSource::release(std::int32_t pid) {
  const std::string name = "proc/" + std::to_string(pid) + "/cmdline";
  const UniqueFd end(::open(tree().path(name).c_str(), O_WRONLY));
  wait_for_answers();
}

void FakeSource::wait_for_answers() {
  while (host_->identities.worker().busy_with() != 0 ||
         host_->unshared.busy_with() != 0) {
    ::usleep(100);
  }
}

void FakeSource::set_cgroup(const std::string& cgroup,
                            const PressureReading& reading) {
  constexpr std::uint64_t kKib = 1024;
  const std::string name = "cgroup" + cgroup;
  const Kib used = reading.mem_total_kib - reading.mem_available_kib;
  tree().write(name + "/memory.current", std::to_string(used * kKib) + "\n");
  tree().write(name + "/memory.max",
               std::to_string(reading.mem_total_kib * kKib) + "\n");
  write_processes_of(cgroup);
}

void FakeSource::remove_cgroup(const std::string& cgroup) {
  tree().remove("cgroup" + cgroup);
}

void FakeSource::set_oom_group(const std::string& cgroup) {
  tree().write("cgroup" + cgroup + "/memory.oom.group", "1\n");
}

void FakeSource::set_unshared(const Unshared& unshared) {
  const std::string name = "proc/" + std::to_string(unshared.id.pid);
  Proc proc = proc_of(unshared.id.pid);
  proc.minor_faults = unshared.faulted_kib / 4;
  tree().write(name + "/stat", stat_text(proc));
  if (unshared.parent_faulted_kib != 0) {
    Proc parent = proc_of(task(unshared.id.pid).ppid);
    parent.minor_faults = unshared.parent_faulted_kib / 4;
    tree().write("proc/" + std::to_string(parent.pid) + "/stat",
                 stat_text(parent));
  }
  tree().write(name + "/smaps_rollup",
               "Anonymous: " + std::to_string(unshared.anonymous_kib) +
                   " kB\nPrivate_Dirty: " +
                   std::to_string(unshared.unshared_kib) + " kB\n");
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
