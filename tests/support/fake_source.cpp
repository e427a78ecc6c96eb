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

// Differs if any memory differs.
StatmFields statm_of(const Task& task) {
  return {.size = task.total_vm,
          .resident = task.rss + task.held_kib(),
          .shared = task.rss_shmem_kib};
}

}  // namespace

Expected<PressureReading> FakeSource::read_pressure() {
  now_us_ += step_us_;
  Expected<PressureReading> reading = pressure_;
  if (reading) {
    reading->time_us = now_us_;
  }
  return reading;
}

Expected<void> FakeSource::read_system(Snapshot& snapshot) {
  snapshot.uptime_s = full_.uptime_s;
  snapshot.page_size = full_.page_size;
  snapshot.gaps = full_.gaps;
  return {};
}

Expected<Task> FakeSource::read(std::int32_t pid, Gaps& /*gaps*/) {
  ++reads_;
  const std::size_t index = find_task(full_, pid);
  if (index == full_.tasks.size() || pid == vanishing_) {
    return tl::unexpected(Error{ESRCH, "read stat"});
  }
  Task task = full_.tasks[index];
  task.first_child = 0;
  task.child_count = 0;
  task.noted_kib = task.has_mm || task.live_tid != 0 ? task.held_kib() : 0;
  return task;
}

Expected<bool> FakeSource::read_memory(Task& task, StatmFields& known,
                                       bool swapped) {
  if ((task.flags & kPfKthread) != 0) {
    return false;
  }
  ++notes_;
  const std::size_t index = find_task(full_, task.id.pid);
  if (index == full_.tasks.size() || task.id.pid == vanishing_) {
    return tl::unexpected(Error{ESRCH, "read statm"});
  }
  const Task& now = full_.tasks[index];
  Task memory = now;
  memory.swap_kib = 0;  // statm does not show it
  const StatmFields statm = statm_of(memory);
  if (std::exchange(known, statm) == statm && !swapped &&
      now.has_mm == task.has_mm) {
    return false;
  }
  task.ppid = now.ppid;
  task.has_mm = now.has_mm;
  task.live_tid = now.live_tid;
  task.total_vm = now.total_vm;
  task.rss = now.rss;
  task.rss_anon_kib = now.rss_anon_kib;
  task.rss_shmem_kib = now.rss_shmem_kib;
  task.swap_kib = now.swap_kib;
  task.page_tables_kib = now.page_tables_kib;
  if (now.has_mm) {
    task.noted_kib = now.held_kib();
  } else {
    task.flags = now.flags;
    task.state = now.state;
  }
  return true;
}

Expected<void> FakeSource::read_oom_adj(Task& task) {
  const std::size_t index = find_task(full_, task.id.pid);
  if (index == full_.tasks.size()) {
    return tl::unexpected(Error{ESRCH, "read oom_adj"});
  }
  task.oom_adj = full_.tasks[index].oom_adj;
  return {};
}

void FakeSource::read_children(Snapshot& snapshot, std::uint32_t index) {
  Task& task = snapshot.tasks[index];
  const std::size_t place = find_task(full_, task.id.pid);
  if (place == full_.tasks.size()) {
    return;
  }
  const Task& full = full_.tasks[place];
  const std::uint32_t room = task.child_count;
  task.child_count = 0;
  for (std::uint32_t i = 0; i < full.child_count; ++i) {
    Child child = full_.children[full.first_child + i];
    const std::size_t found =
        find_task(snapshot, full_.tasks[child.task].id.pid);
    if (found < snapshot.tasks.size() && task.child_count < room) {
      child.task = static_cast<std::uint32_t>(found);
      snapshot.children[task.first_child + task.child_count] = child;
      ++task.child_count;
    }
  }
}

Expected<void> FakeSource::list(std::vector<ListedProcess>& listed,
                                const PidRange& range) {
  lists_ +=
      range.first <= kAllPids.first && range.last == kAllPids.last ? 1 : 0;
  for (const Task& task : full_.tasks) {
    if (task.id.pid >= range.first && task.id.pid <= range.last) {
      listed.push_back({task.id.pid, task.id.start_time + inode_offset_});
    }
  }
  return {};
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
      unshared(proc_root.get()) {
  if (cgroups.has_accounts()) {
    accounts = std::make_unique<Worker<AccountReader>>(std::string(cgroup));
  }
}

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
  const auto busy = [this](IdentityPart part) {
    return host_->identities.worker(part).busy_with() != 0;
  };
  while (busy(IdentityPart::kPlace) || busy(IdentityPart::kArguments) ||
         host_->unshared.busy_with() != 0 ||
         (host_->accounts != nullptr && host_->accounts->busy_with() != 0)) {
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

void FakeSource::set_account(const std::string& cgroup,
                             const Account& account) {
  const auto bytes = [](Kib kib) { return std::to_string(kib * 1024) + "\n"; };
  const auto& kib = account.kib;
  const std::string name = "cgroup" + cgroup;
  tree().write(name + "/memory.swap.current", bytes(kib[1]));
  tree().write(name + "/memory.current", bytes(account.total() - kib[1]));
  tree().write(name + "/memory.stat",
               "anon " + bytes(kib[0]) + "shmem " + bytes(kib[2]) +
                   "pagetables " + bytes(kib[3]) + "kernel " +
                   bytes(kib[3] + kib[4]) + "sock " + bytes(kib[5]));
  write_processes_of(cgroup);
}

void FakeSource::remove_cgroup(const std::string& cgroup) {
  tree().remove("cgroup" + cgroup);
}

void FakeSource::set_limit_ooms(const std::string& cgroup, std::uint64_t ooms) {
  tree().write("cgroup" + cgroup + "/memory.events",
               "low 0\noom " + std::to_string(ooms) + "\noom_kill 9\n");
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
