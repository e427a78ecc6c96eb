// SPDX-License-Identifier: GPL-2.0-only
// The expensive facts of one task: status, user namespace, memory nodes, the
// leader's list of children, shared address spaces.
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

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

void ProcfsSource::refine(Snapshot& snapshot, std::uint32_t index) {
  Task& task = snapshot.tasks[index];
  task.detail = Detail::kFull;
  const auto status = read_status_of(task.id.pid, task.live_tid);
  const bool gone = !status && vanished(status.error());
  if (gone || (!task.oom_adj_known && !read_oom_adj(task))) {
    task.has_mm = false;
    task.live_tid = 0;
    ++snapshot.gaps.vanished;
    return;
  }
  if (status) {
    apply_status(*status, task, snapshot.gaps);
  } else {
    ++snapshot.gaps.unreadable;
  }
  if (!task.has_oom_score_adj) {
    read_score_adj(task);
  }
  if (task.child_count != 0) {
    read_children(snapshot, task);
    find_shared_mm(snapshot, task);
  }
}

void ProcfsSource::apply_status(const StatusFields& status, Task& task,
                                Gaps& gaps) {
  task.uid = status.uid;
  task.pid_ns_init = status.pid_ns_init;
  task.swap_kib = status.swap_kib.value_or(0);
  task.rss_shmem_kib = status.rss_shmem_kib.value_or(0);
  if (!task.has_mm && task.live_tid == 0) {
    return;
  }
  if (!status.swap_kib) {
    gaps.swap_known = false;
  }
  task.rss_anon_kib = anonymous_kib(status, task.id.pid);
  apply_capabilities(status.cap_effective, task, gaps);
  if (!status.mems_allowed || !reference_.mems_allowed) {
    ++gaps.nodes_unknown;
  } else {
    task.mems_intersect = mems_intersect(task, status);
  }
}

Kib ProcfsSource::anonymous_kib(const StatusFields& status, std::int32_t pid) {
  if (status.rss_anon_kib) {
    return *status.rss_anon_kib;
  }
  // Before 4.5: resident pages minus shared pages.
  const auto statm = read(pid, "statm").and_then(parse_statm);
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
  std::array<char, 64> link{};
  const ssize_t n = ::readlinkat(root_.get(), path_.of(task.id.pid, "ns/user"),
                                 link.data(), link.size());
  if (n < 0) {
    task.userns_unreadable = true;
    ++gaps.userns_unreadable;
    return;
  }
  const std::string_view ns(link.data(), static_cast<std::size_t>(n));
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
void ProcfsSource::read_children(Snapshot& snapshot, Task& task) {
  auto text = reader_.read(
      root_.get(), path_.of_thread(task.id.pid, task.id.pid, "children"));
  list_.clear();
  bool ok = text.has_value();
  while (ok) {
    const auto pid = next_child(*text);
    ok = pid.has_value();
    if (!ok || *pid == 0) {
      break;
    }
    const std::size_t child = find_task(snapshot, *pid);
    if (child == snapshot.tasks.size() && snapshot.unread) {
      snapshot.unread->matter = true;
    }
    if (child < snapshot.tasks.size() &&
        snapshot.tasks[child].ppid == task.id.pid &&
        list_.size() < task.child_count) {
      list_.push_back(Child{.task = static_cast<std::uint32_t>(child)});
    }
  }
  if (!ok) {
    ++snapshot.gaps.children_by_ppid;
    return;
  }
  std::copy(list_.begin(), list_.end(),
            snapshot.children.begin() + task.first_child);
  task.child_count = static_cast<std::uint32_t>(list_.size());
}

// kcmp(2) waits for an exec of either process, so it is called only if both
// statm are equal: a shared mm has one statm.
ProcfsSource::SameMm ProcfsSource::compare_mm(
    const Task& a, const Expected<StatmFields>& statm, const Task& b) {
  if (a.total_vm != b.total_vm || b.mm_threads == 0 || !statm) {
    return SameMm::kNo;
  }
  const auto other = read(b.id.pid, "statm").and_then(parse_statm);
  if (!other || !(*other == *statm)) {
    return SameMm::kNo;
  }
  const auto order =
      live_ ? ::syscall(SYS_kcmp, a.id.pid, b.id.pid, KCMP_VM, 0, 0) : -1;
  if (order < 0) {
    // A process that is gone shares no mm.
    return live_ && errno == ESRCH ? SameMm::kNo : SameMm::kUnknown;
  }
  return order == 0 ? SameMm::kYes : SameMm::kNo;
}

bool ProcfsSource::share_mm(const Task& a, const Task& b) {
  const auto statm = read(a.id.pid, "statm").and_then(parse_statm);
  return compare_mm(a, statm, b) == SameMm::kYes;
}

void ProcfsSource::find_shared_mm(Snapshot& snapshot, const Task& task) {
  const auto statm = read(task.id.pid, "statm").and_then(parse_statm);
  for (std::uint32_t i = 0; i < task.child_count; ++i) {
    Child& child = snapshot.children[task.first_child + i];
    const SameMm same = compare_mm(task, statm, snapshot.tasks[child.task]);
    child.shares_mm = same == SameMm::kYes;
    if (same == SameMm::kUnknown) {
      ++snapshot.gaps.mm_identity_unknown;
    }
  }
}

Expected<HeldFacts> ProcfsSource::read_held(std::int32_t pid,
                                            const HeldFacts& known) {
  HeldFacts facts = known;
  if (facts.id.pid == 0) {
    const auto stat = read(pid, "stat").and_then(parse_stat);
    if (!stat) {
      return tl::unexpected(stat.error());
    }
    facts.id = {pid, stat->start_time_ticks};
    facts.ppid = stat->ppid;
    facts.flags = stat->flags;
  }
  if ((facts.flags & kPfKthread) != 0) {
    return facts;
  }
  const auto statm = read(pid, "statm").and_then(parse_statm);
  if (!statm) {
    return tl::unexpected(statm.error());
  }
  const bool dead_leader = statm->size == 0;
  if (known.id.pid != 0 && !dead_leader && *statm == known.statm) {
    return facts;
  }
  facts.statm = *statm;
  // Files and shared memory together: below this limit all of it counts as
  // files.
  constexpr Kib kLittleShared = Kib{16} << 10;
  const Kib page_kib = page_size_ / 1024;
  if (!dead_leader && !swap_in_use_ &&
      statm->shared * page_kib < kLittleShared) {
    facts.swap_kib = 0;
    facts.holding = {.private_kib =
                         above(statm->resident, statm->shared) * page_kib};
    facts.most_kib = statm->resident * page_kib;
    return facts;
  }
  const auto thread =
      dead_leader ? read_live_thread(pid) : std::optional<StatFields>();
  const auto status = read_status_of(pid, thread ? thread->pid : 0);
  if (!status) {
    return tl::unexpected(status.error());
  }
  facts.swap_kib = status->swap_kib.value_or(0);
  facts.holding = {.private_kib = facts.swap_kib,
                   .shmem_kib = status->rss_shmem_kib.value_or(0)};
  if (!dead_leader || thread) {
    facts.holding.private_kib += anonymous_kib(*status, pid);
  }
  facts.most_kib = facts.holding.private_kib + facts.holding.shmem_kib;
  return facts;
}

void ProcfsSource::read_score_adj(Task& task) {
  if (!has_score_adj_) {
    return;
  }
  const auto adj =
      read(task.id.pid, "oom_score_adj").and_then([](std::string_view text) {
        return parse_adj(text, -1000, 1000);
      });
  if (adj) {
    task.oom_score_adj = static_cast<std::int16_t>(*adj);
    task.has_oom_score_adj = true;
  }
}

}  // namespace badnessd
