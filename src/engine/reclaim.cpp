// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/reclaim.h"

#include <algorithm>

#include "badnessd/engine/kernel26.h"

namespace badnessd {
namespace {

// The part of the anonymous memory and swap of a task that it may share.
struct Common {
  Kib inherited = 0;  // from its parent
  Kib shared = 0;     // with any one relative
};

// Calls visit(relative) for each process that can share pages with the task at
// `index`: the parent, if the task has forked without exec, and each child that
// has.
template <class Visit>
void for_relatives(const Snapshot& snapshot, std::uint32_t index, Visit visit) {
  const Task& task = snapshot.tasks[index];
  const auto forked_only = [&](std::uint32_t it) {
    return snapshot.verdicts[it].has_mm &&
           (snapshot.tasks[it].flags & kPfForkNoExec) != 0;
  };
  if (forked_only(index) && task.ppid != task.id.pid && task.ppid > kInitPid) {
    const std::size_t parent = find_task(snapshot, task.ppid);
    if (parent < snapshot.tasks.size() && snapshot.verdicts[parent].has_mm) {
      visit(static_cast<std::uint32_t>(parent));
    }
  }
  for (std::uint32_t i = 0; i < task.child_count; ++i) {
    const Child& child = snapshot.children[task.first_child + i];
    if (!child.shares_mm && child.task != index && forked_only(child.task)) {
      visit(child.task);
    }
  }
}

Common common_memory(const Snapshot& snapshot, std::uint32_t index) noexcept {
  const Task& task = snapshot.tasks[index];
  const Kib own = task.rss_anon_kib + task.swap_kib;
  Common common;
  for_relatives(snapshot, index, [&](std::uint32_t relative) {
    const Task& other = snapshot.tasks[relative];
    const Kib its = std::min(own, other.rss_anon_kib + other.swap_kib);
    const bool parent = other.id.pid == task.ppid;
    if (parent) {
      // Memory that the parent has freed since the fork belongs to the child
      // alone, but the child did not take it.
      const Kib then = other.then ? other.then->private_kib : 0;
      common.inherited = std::max(its, std::min(own, then));
    }
    common.shared =
        std::max(common.shared,
                 std::min(its, parent ? task.shared_kib : other.shared_kib));
  });
  return common;
}

// The shared memory that no other process can map.
Kib own_shmem_kib(const Snapshot& snapshot, const Task& task) noexcept {
  const Kib mapped = snapshot.shmem_mapped_kib + snapshot.shmem_unread_kib;
  return mapped <= snapshot.shmem_kib
             ? task.rss_shmem_kib
             : above(task.rss_shmem_kib, mapped - task.rss_shmem_kib);
}

Kib took_kib(const Snapshot& snapshot, std::uint32_t index) noexcept {
  const Task& task = snapshot.tasks[index];
  const Kib own = task.private_kib();
  const Holding then = task.then.value_or(Holding{});
  const Kib given = std::min(above(then.shmem_kib, task.rss_shmem_kib),
                             snapshot.shmem_fell_kib);
  const Kib before = task.then ? then.private_kib + given
                               : common_memory(snapshot, index).inherited;
  return std::min(own, above(own + task.copied_kib, before)) +
         std::min(own_shmem_kib(snapshot, task),
                  above(task.rss_shmem_kib, then.shmem_kib));
}

Kib reclaim_kib(const Snapshot& snapshot, std::uint32_t index) noexcept {
  const Task& task = snapshot.tasks[index];
  return snapshot.verdicts[index].has_mm
             ? task.private_kib() - common_memory(snapshot, index).shared +
                   own_shmem_kib(snapshot, task)
             : 0;
}

// NOLINTNEXTLINE(misc-no-recursion): no deeper than kGenerations
Kib descendants_kib(const Snapshot& snapshot, const Task& task,
                    int depth) noexcept {
  Kib sum = 0;
  for (std::uint32_t i = 0; depth != 0 && i < task.child_count; ++i) {
    const Child& child = snapshot.children[task.first_child + i];
    sum += child.shares_mm ? 0 : reclaim_kib(snapshot, child.task);
    sum += descendants_kib(snapshot, snapshot.tasks[child.task], depth - 1);
  }
  return sum;
}

}  // namespace

void estimate_took(Snapshot& snapshot) noexcept {
  snapshot.shmem_mapped_kib = 0;
  for (const Task& task : snapshot.tasks) {
    snapshot.shmem_mapped_kib += task.rss_shmem_kib;
  }
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    Verdict& verdict = snapshot.verdicts[i];
    const bool compared = verdict.has_mm && snapshot.baseline_age_s;
    verdict.took_kib = compared ? took_kib(snapshot, i) : 0;
  }
}

void estimate_reclaim(Snapshot& snapshot, std::uint32_t index) noexcept {
  const Task& task = snapshot.tasks[index];
  Verdict& verdict = snapshot.verdicts[index];
  verdict.reclaim_kib = reclaim_kib(snapshot, index);
  verdict.with_it_kib = verdict.has_mm && task.pid_ns_init
                            ? descendants_kib(snapshot, task, kGenerations)
                            : 0;
}

}  // namespace badnessd
