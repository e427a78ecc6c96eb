// SPDX-License-Identifier: GPL-2.0-only
// The facts of one process.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "badnessd/engine/kernel26.h"
#include "badnessd/system/proc/fields.h"
#include "badnessd/system/proc/procfs.h"

namespace badnessd {
namespace {

// include/linux/proc_ns.h: PROC_USER_INIT_INO, the initial user namespace.
// Since 3.8 it has this inode on every machine, so pid 1 need not be read: that
// needs a permission, and pid 1 of a container can be in another namespace.
constexpr std::string_view kInitUserNs = "user:[4026531837]";

constexpr std::uint64_t kScoredCaps =
    kCapSysAdmin | kCapSysResource | kCapSysRawio;

}  // namespace

Expected<void> ProcfsSource::read_system(Snapshot& snapshot) {
  const auto uptime = read_uptime();
  if (!uptime) {
    return tl::unexpected(uptime.error());
  }
  snapshot.uptime_s = *uptime;
  snapshot.page_size = page_size_;
  snapshot.gaps = Gaps{
      .live = live_, .kernel26 = kernel26_, .oom_adj_converted = !has_oom_adj_};
  return {};
}

Expected<Task> ProcfsSource::read(std::int32_t pid, Gaps& gaps) {
  Expected<Task> task = read_stat(pid);
  if (!task && task.error().code == ETIMEDOUT) {
    task = read_without_stat(pid);
  }
  if (!task || ((task->flags & kPfKthread) != 0 && !task->has_mm)) {
    return task;  // status of a kernel thread has nothing to add
  }
  const auto status = read_status_of(pid, task->live_tid);
  if (!status && vanished(status.error())) {
    return tl::unexpected(status.error());
  }
  if (const auto adj = read_oom_adj(*task); !adj) {
    return tl::unexpected(adj.error());
  }
  if (!task->has_oom_score_adj) {
    read_score_adj(*task);
  }
  if (status) {
    apply_status(*status, *task, gaps);
  } else {
    ++gaps.unreadable;
  }
  return task;
}

Expected<Task> ProcfsSource::read_stat(std::int32_t pid) {
  const auto stat = stats_.stat(pid);
  if (!stat) {
    return tl::unexpected(stat.error());
  }
  Task task;
  task.id = {pid, stat->start_time_ticks};
  task.ppid = stat->ppid;
  stat->comm.copy(task.comm.data(), task.comm.size() - 1);
  task.state = stat->state;
  task.flags = stat->flags;
  task.nice = stat->nice;
  task.cpu_jiffies = ticks_to_jiffies(stat->utime_ticks, options_.hz) +
                     ticks_to_jiffies(stat->stime_ticks, options_.hz);
  task.pf_oom_origin = kernel26_ && (stat->flags & kPfOomOrigin) != 0;
  task.has_mm = stat->vsize_bytes != 0;
  task.total_vm = stat->vsize_bytes / page_size_;
  task.rss = stat->rss;
  if (task.has_mm) {
    task.mm_threads = stat->num_threads;
  } else if (stat->state == 'Z' && stat->num_threads > 1) {
    read_group_of_dead_leader(task, stat->num_threads);
  } else if ((task.flags & kPfKthread) != 0) {
    task.uid = 0;
  }
  return task;
}

Expected<Task> ProcfsSource::read_without_stat(std::int32_t pid) {
  const auto statm = read_file(pid, "statm").and_then(parse_statm);
  const auto status = read_status(pid);
  if (!statm || !status) {
    return tl::unexpected(statm ? status.error() : statm.error());
  }
  Task task;
  task.id = {pid, TaskId::kUnknown};
  task.ppid = status->ppid;
  task.state = status->state;
  task.has_mm = statm->size != 0;
  task.total_vm = statm->size;
  task.rss = statm->resident;
  task.mm_threads = task.has_mm ? status->threads : 0;
  const std::string_view comm = read_file(pid, "comm").value_or("");
  comm.substr(0, comm.rfind('\n')).copy(task.comm.data(), task.comm.size() - 1);
  return task;
}

Expected<bool> ProcfsSource::read_memory(Task& task, StatmFields& known,
                                         bool swapped) {
  const std::int32_t pid = task.id.pid;
  if ((task.flags & kPfKthread) != 0) {
    return false;
  }
  const auto statm = read_file(pid, "statm").and_then(parse_statm);
  if (!statm) {
    return tl::unexpected(statm.error());
  }
  const bool same = *statm == std::exchange(known, *statm);
  if (statm->size == 0) {
    // The mm of the leader is gone: it is exiting, or other threads live on.
    if (same && !task.has_mm && task.live_tid == 0) {
      return false;
    }
    Gaps gaps;
    const Expected<Task> anew = read(pid, gaps);
    if (!anew) {
      return tl::unexpected(anew.error());
    }
    const Task before = std::exchange(task, *anew);
    keep_known(before, true, task);
    return true;
  }
  if (same && !swapped) {
    return false;
  }
  const auto status = read_status(pid);
  if (!status) {
    return tl::unexpected(status.error());
  }
  task.has_mm = true;
  task.ppid = status->ppid;
  task.total_vm = statm->size;
  task.rss = statm->resident;
  apply_memory(*status, task);
  return true;
}

void ProcfsSource::apply_status(const StatusFields& status, Task& task,
                                Gaps& gaps) {
  task.uid = status.uid;
  task.pid_ns_init = status.pid_ns_init;
  if (!task.has_mm && task.live_tid == 0) {
    return;
  }
  if (!status.swap_kib) {
    gaps.swap_known = false;
  }
  apply_memory(status, task);
  apply_capabilities(status.cap_effective, task, gaps);
  if (!status.mems_allowed || !reference_.mems_allowed) {
    ++gaps.nodes_unknown;
  } else {
    task.mems_intersect = mems_intersect(task, status);
  }
}

void ProcfsSource::apply_memory(const StatusFields& status, Task& task) {
  task.swap_kib = status.swap_kib.value_or(0);
  task.rss_shmem_kib = status.rss_shmem_kib.value_or(0);
  task.page_tables_kib = status.page_tables_kib;
  task.rss_anon_kib = anonymous_kib(status, task.id.pid);
  task.noted_kib = task.held_kib();
}

Kib ProcfsSource::anonymous_kib(const StatusFields& status, std::int32_t pid) {
  if (status.rss_anon_kib) {
    return *status.rss_anon_kib;
  }
  // Before 4.5: resident pages minus shared pages.
  const auto statm = read_file(pid, "statm").and_then(parse_statm);
  const Pages pages = statm ? above(statm->resident, statm->shared) : 0;
  return pages * page_size_ / 1024;
}

void ProcfsSource::apply_capabilities(std::uint64_t effective, Task& task,
                                      Gaps& gaps) {
  if ((effective & kScoredCaps) == 0 || !has_userns_) {
    task.cap_effective = effective;
    return;
  }
  // The kernel checks the capability in the initial user namespace. Root of a
  // container with its own namespace shows a full set that counts only there.
  const std::string_view ns = stats_.user_ns();
  if (ns.empty()) {
    task.userns_unreadable = true;
    ++gaps.userns_unreadable;
    return;
  }
  task.cap_effective = ns == kInitUserNs ? effective : 0;
}

bool ProcfsSource::mems_intersect(const Task& task,
                                  const StatusFields& status) {
  bool found = status.mems_allowed->intersects(*reference_.mems_allowed);
  if (found || task.mm_threads < 2) {
    return found;
  }
  for_threads(task.id.pid, [&](std::int32_t tid) {
    const auto thread = read_status_of(task.id.pid, tid);
    found = thread && thread->mems_allowed &&
            thread->mems_allowed->intersects(*reference_.mems_allowed);
    return found;
  });
  return found;
}

// The kernel's list replaces the list by ppid: it omits the children that other
// threads forked, and it has the order in which 2.6.32 looks for a victim. A
// child that is not in the scan is younger than the snapshot and is skipped.
void ProcfsSource::read_children(Snapshot& snapshot, std::uint32_t index) {
  Task& task = snapshot.tasks[index];
  auto text = reader_.read_first(
      root_.get(), path_.of_thread(task.id.pid, task.id.pid, "children"),
      kBuffer);
  list_.clear();
  bool ok = text.has_value() && text->size() < kBuffer;
  while (ok) {
    const auto pid = next_child(*text);
    ok = pid.has_value();
    if (!ok || *pid == 0) {
      break;
    }
    const std::size_t child = find_task(snapshot, *pid);
    if (child < snapshot.tasks.size() &&
        snapshot.tasks[child].ppid == task.id.pid &&
        list_.size() < task.child_count) {
      list_.push_back(Child{.task = static_cast<std::uint32_t>(child)});
    }
  }
  if (ok) {
    std::copy(list_.begin(), list_.end(),
              snapshot.children.begin() + task.first_child);
    task.child_count = static_cast<std::uint32_t>(list_.size());
  } else {
    ++snapshot.gaps.children_by_ppid;
  }
  find_shared_mm(snapshot, task);
}

// A shared mm has one statm: kcmp(2) costs a turn of another thread.
ProcfsSource::SameMm ProcfsSource::compare_mm(
    const Task& a, const Expected<StatmFields>& statm, const Task& b) {
  if (a.total_vm != b.total_vm || b.mm_threads == 0 || !statm) {
    return SameMm::kNo;
  }
  const auto other = read_file(b.id.pid, "statm").and_then(parse_statm);
  if (!other || !(*other == *statm)) {
    return SameMm::kNo;
  }
  if (!live_) {
    return SameMm::kUnknown;
  }
  const auto same = stats_.same_mm(a.id.pid, b.id.pid);
  if (!same) {
    // A process that is gone shares no mm.
    return same.error().code == ESRCH ? SameMm::kNo : SameMm::kUnknown;
  }
  return *same ? SameMm::kYes : SameMm::kNo;
}

bool ProcfsSource::share_mm(const Task& a, const Task& b) {
  const auto statm = read_file(a.id.pid, "statm").and_then(parse_statm);
  return compare_mm(a, statm, b) == SameMm::kYes;
}

void ProcfsSource::find_shared_mm(Snapshot& snapshot, const Task& task) {
  const auto statm = read_file(task.id.pid, "statm").and_then(parse_statm);
  for (std::uint32_t i = 0; i < task.child_count; ++i) {
    Child& child = snapshot.children[task.first_child + i];
    const SameMm same = compare_mm(task, statm, snapshot.tasks[child.task]);
    child.shares_mm = same == SameMm::kYes;
    if (same == SameMm::kUnknown) {
      ++snapshot.gaps.mm_identity_unknown;
    }
  }
}

void ProcfsSource::read_score_adj(Task& task) {
  if (!has_score_adj_) {
    return;
  }
  const auto adj = read_file(task.id.pid, "oom_score_adj")
                       .and_then([](std::string_view text) {
                         return parse_adj(text, -1000, 1000);
                       });
  if (adj) {
    task.oom_score_adj = static_cast<std::int16_t>(*adj);
    task.has_oom_score_adj = true;
  }
}

// The leader has exited and its threads live on. The leader has no mm and
// 2.6.32 scores it 0, but each thread stays on its parent's list of children.
void ProcfsSource::read_group_of_dead_leader(Task& task,
                                             std::uint32_t num_threads) {
  if (const auto thread = read_live_thread(task.id.pid)) {
    task.total_vm = thread->vsize_bytes / page_size_;
    task.rss = thread->rss;
    task.mm_threads = num_threads - 1;
    task.live_tid = thread->pid;
    task.flags = thread->flags;
    task.nice = thread->nice;
    task.state = thread->state;
  }
}

std::optional<StatFields> ProcfsSource::read_live_thread(std::int32_t pid) {
  std::optional<StatFields> found;
  for_threads(pid, [&](std::int32_t tid) {
    if (tid == pid) {
      return false;
    }
    const auto stat = stats_.stat(pid, tid);
    if (stat && stat->vsize_bytes != 0) {
      found = *stat;
    }
    return found.has_value();
  });
  return found;
}

Expected<void> ProcfsSource::read_oom_adj(Task& task) {
  if (!task.has_mm && task.mm_threads == 0) {
    return {};  // no mm: an adjustment has no effect
  }
  if (has_oom_adj_) {
    const auto text = read_file(task.id.pid, "oom_adj");
    const auto adj = text.and_then([](std::string_view it) {
      return parse_adj(it, kOomDisable, kOomAdjustMax);
    });
    if (!adj) {
      return tl::unexpected(adj.error());
    }
    task.oom_adj = static_cast<std::int16_t>(*adj);
    return {};
  }
  read_score_adj(task);
  if (!task.has_oom_score_adj) {
    return tl::unexpected(Error{EACCES, "oom_score_adj"});
  }
  task.oom_adj =
      static_cast<std::int16_t>(oom_adj_from_score_adj(task.oom_score_adj));
  return {};
}

}  // namespace badnessd
