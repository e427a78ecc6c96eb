// SPDX-License-Identifier: GPL-2.0-only
// The dear facts of one task: status, user namespace, memory nodes, the
// leader's list of children, shared address spaces.
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "badnessd/engine/kernel26.h"
#include "badnessd/system/fields.h"
#include "badnessd/system/procfs.h"

namespace badnessd {
namespace {

// include/linux/proc_ns.h: PROC_USER_INIT_INO, the initial user namespace.
// Since 3.8 it has this inode on every machine, so there is no need to be
// allowed to look at pid 1, nor to guess whose pid 1 that is in a container.
constexpr std::string_view kInitUserNs = "user:[4026531837]";

constexpr std::uint64_t kScoredCaps =
    kCapSysAdmin | kCapSysResource | kCapSysRawio;

enum class SameMm { kYes, kNo, kUnknown };

SameMm compare_mm(std::int32_t a, std::int32_t b) {
  const auto order = ::syscall(SYS_kcmp, a, b, KCMP_VM, 0, 0);
  if (order < 0) {
    // A process that is gone shares nothing any more.
    return errno == ESRCH ? SameMm::kNo : SameMm::kUnknown;
  }
  return order == 0 ? SameMm::kYes : SameMm::kNo;
}

}  // namespace

void ProcfsSource::refine(Snapshot& snapshot, std::uint32_t index) {
  Task& task = snapshot.tasks[index];
  task.detail = Detail::kFull;
  const auto status = read_status(task.id.pid);
  if (!status && vanished(status.error())) {
    task.has_mm = false;
    ++snapshot.facts.vanished;
    return;
  }
  if (status) {
    apply_status(*status, task, snapshot.facts);
  } else {
    ++snapshot.facts.unreadable;
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
                                Facts& facts) {
  task.uid = status.uid;
  task.pid_ns_init = status.pid_ns_init;
  task.swap_kib = status.swap_kib.value_or(0);
  task.rss_shmem_kib = status.rss_shmem_kib.value_or(0);
  if (task.has_mm && !status.swap_kib) {
    facts.swap_known = false;
  }
  if (status.rss_anon_kib) {
    task.rss_anon_kib = *status.rss_anon_kib;
  } else if (task.has_mm) {
    // Before 4.5: what is resident and backed by no file.
    const auto statm = read(task.id.pid, "statm").and_then(parse_statm);
    const Pages pages =
        statm ? statm->resident - std::min(statm->resident, statm->shared) : 0;
    task.rss_anon_kib = pages * page_size_ / 1024;
  }
  if (!task.has_mm) {
    return;
  }
  apply_capabilities(status.cap_effective, task, facts);
  if (!status.mems_allowed || !reference_.mems_allowed) {
    ++facts.nodes_unknown;
  } else {
    task.mems_intersect = mems_intersect(task, status);
  }
}

void ProcfsSource::apply_capabilities(std::uint64_t effective, Task& task,
                                      Facts& facts) {
  if ((effective & kScoredCaps) == 0 || !has_userns_) {
    task.cap_effective = effective;
    return;
  }
  // The kernel asks for the capability in the initial user namespace; root of a
  // container that has its own shows a full set which counts only in there.
  std::array<char, 64> link{};
  const ssize_t n = ::readlinkat(root_.get(), path_.of(task.id.pid, "ns/user"),
                                 link.data(), link.size());
  if (n < 0) {
    task.userns_unreadable = true;
    ++facts.userns_unreadable;
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
  const auto directory =
      open_directory(root_.get(), path_.of(task.id.pid, "task"));
  if (!directory) {
    return false;
  }
  const auto listed = threads_.for_each_number(
      directory->get(), [&](std::int32_t tid, std::uint64_t) {
        if (found) {
          return;
        }
        const auto thread =
            reader_
                .read(root_.get(), path_.of_thread(task.id.pid, tid, "status"))
                .and_then(parse_status);
        found = thread && thread->mems_allowed &&
                thread->mems_allowed->intersects(*reference_.mems_allowed);
      });
  static_cast<void>(listed);  // it vanishes while it is listed: no threads left
  return found;
}

// The kernel's own list replaces the one by ppid: it leaves out what other
// threads forked, and it is in the order in which 2.6.32 looks for a victim. A
// child that the scan did not see is younger than the snapshot and no part of
// it.
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
    if (child < snapshot.tasks.size() &&
        snapshot.tasks[child].ppid == task.id.pid &&
        list_.size() < task.child_count) {
      list_.push_back(Child{.task = static_cast<std::uint32_t>(child)});
    }
  }
  if (!ok) {
    ++snapshot.facts.children_by_ppid;
    return;
  }
  std::copy(list_.begin(), list_.end(),
            snapshot.children.begin() + task.first_child);
  task.child_count = static_cast<std::uint32_t>(list_.size());
}

// kcmp waits for an exec of either process, so it is asked only where the sizes
// leave the question open: a shared mm has one statm.
void ProcfsSource::find_shared_mm(Snapshot& snapshot, const Task& task) {
  for (std::uint32_t i = 0; i < task.child_count; ++i) {
    Child& child = snapshot.children[task.first_child + i];
    const Task& other = snapshot.tasks[child.task];
    if (other.total_vm != task.total_vm || other.mm_threads == 0) {
      continue;
    }
    const auto own = read(task.id.pid, "statm").and_then(parse_statm);
    const auto its = read(other.id.pid, "statm").and_then(parse_statm);
    if (!own || !its || !(*own == *its)) {
      continue;
    }
    const SameMm same =
        live_ ? compare_mm(task.id.pid, other.id.pid) : SameMm::kUnknown;
    child.shares_mm = same == SameMm::kYes;
    if (same == SameMm::kUnknown) {
      ++snapshot.facts.mm_identity_unknown;
    }
  }
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
