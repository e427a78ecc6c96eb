// SPDX-License-Identifier: GPL-2.0-only
// Facts about processes as plain data: a FactSource fills them, the engine
// reads them. A Task is a process; each fact is the thread-group leader's or
// the group's, whichever 2.6.32 reads.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace badnessd {

using Pages = std::uint64_t;
using Kib = std::uint64_t;
using Points = std::uint64_t;  // the kernel's unsigned long
inline constexpr Kib kUnknownKib = ~Kib{0};

// How far `value` is above `other`; 0 if it is not.
[[nodiscard]] constexpr std::uint64_t above(std::uint64_t value,
                                            std::uint64_t other) noexcept {
  return value > other ? value - other : 0;
}

using RuleBits = std::uint64_t;  // a bit for each rule of the settings

// Identifies one process: pids are reused, start times are not.
struct TaskId {
  std::int32_t pid = 0;
  std::uint64_t start_time = 0;  // ticks (USER_HZ) since boot, stat field 22

  // Of a process whose stat cannot be read: it counts as the youngest.
  static constexpr std::uint64_t kUnknown = ~std::uint64_t{0};

  friend bool operator==(const TaskId&, const TaskId&) = default;
};

// The memory of a process that no file backs.
struct Holding {
  Kib private_kib = 0;  // anonymous memory, swap, page tables
  Kib shmem_kib = 0;    // mapped; other processes may map it too
};

// What was read of a process. `state`, `flags` and `nice` are the leader's, or
// those of the first live thread if the leader has exited.
struct Task {
  TaskId id;
  std::uint64_t inode = 0;  // of its directory in /proc; 0: not known
  std::int32_t ppid = 0;
  std::array<char, 64> comm{};    // NUL-terminated raw bytes, any but NUL
  char state = '?';               // stat field 3
  std::uint32_t flags = 0;        // PF_*, stat field 9
  std::int32_t nice = 0;          // -20..19
  std::uint64_t cpu_jiffies = 0;  // utime + stime of the group, at kernel.hz
  bool has_mm = false;  // the leader's mm; none: kernel thread, zombie
  Pages total_vm = 0;   // of the group's mm
  Pages rss = 0;
  std::uint32_t mm_threads = 0;  // live threads: each is on the parent's list
  std::int32_t live_tid = 0;  // of the first live thread; 0: the leader lives
  std::int16_t oom_adj = 0;   // /proc/<pid>/oom_adj, -17..15
  std::int16_t oom_score_adj = 0;
  bool has_oom_score_adj = false;  // 2.6.32 has none
  bool pf_oom_origin = false;

  std::optional<std::uint32_t> uid;  // real; none: status not readable
  std::uint64_t cap_effective =
      0;                     // as far as it counts outside user namespaces
  bool pid_ns_init = false;  // init of a pid namespace below badnessd's own
  bool userns_unreadable = false;  // so its capabilities were not counted
  bool mems_intersect = true;  // some thread shares a node with the allocator
  Kib rss_anon_kib = 0;
  Kib rss_shmem_kib = 0;
  Kib swap_kib = 0;
  Kib page_tables_kib = 0;

  // Its children, in Snapshot::children, in the order of the kernel's list.
  std::uint32_t first_child = 0;
  std::uint32_t child_count = 0;

  // What the task held at the baseline; none: newer task, or no baseline.
  std::optional<Holding> then;
  // What the task has copied of the memory it inherited at fork, as far as
  // measured; then->private_kib includes what it had copied by then.
  Kib copied_kib = 0;
  // Upper bound of the memory that it shares with its parent, as measured.
  Kib shared_kib = kUnknownKib;
  // What it held when it was last read with an mm: an exiting task shows
  // nothing any more. 0: never.
  Kib noted_kib = 0;

  [[nodiscard]] std::string_view name() const noexcept { return comm.data(); }
  [[nodiscard]] Kib private_kib() const noexcept {
    return rss_anon_kib + swap_kib + page_tables_kib;
  }
  // What the task holds, including memory shared with other processes.
  [[nodiscard]] Kib held_kib() const noexcept {
    return private_kib() + rss_shmem_kib;
  }
};

// `task` has just been read again: takes from its last reading the place in the
// table and what notes and measurements have said, and if its stat could not be
// read what only stat says. `known`: it is the process in the row of `last`,
// whatever stat says. Returns whether it is the same process.
bool keep_known(const Task& last, bool known, Task& task) noexcept;

// What rules, score and guard make of a task.
struct Verdict {
  bool has_mm = false;   // as Task, or the live thread's outside the bare order
  bool in_scope = true;  // in the cgroup that a decision is about
  bool suspect = false;  // in a cgroup that took the memory
  bool rules_open = false;   // a condition of a rule is not known
  std::int16_t oom_adj = 0;  // in force: a rule's, else its own
  RuleBits rules = 0;        // that match; the first one sets oom_adj
  Points points = 0;         // badness()
  Points held_points = 0;    // see held_points()
  Kib reclaim_kib = 0;       // what its death gives back, see reclaim.h
  Kib with_it_kib = 0;       // the same of the processes that die with it
  Kib took_kib = 0;          // since the baseline

  // All that its death gives back.
  [[nodiscard]] Kib death_kib() const noexcept {
    return reclaim_kib + with_it_kib;
  }
};

// The verdict on the facts alone: no rule, no score. In the bare order of
// 2.6.32 a process whose leader has exited has no mm; later kernels look at its
// first live thread (mm/oom_kill.c: find_lock_task_mm()).
enum class Threads : std::uint8_t { kLeader, kAnyLive };
[[nodiscard]] Verdict first_verdict(const Task& task, Threads threads) noexcept;

// A task and the verdict on it.
struct Judged {
  const Task& task;
  const Verdict& verdict;
};

// A copy of both.
struct JudgedTask {
  Task task;
  Verdict verdict;

  [[nodiscard]] Judged view() const noexcept { return {task, verdict}; }
};

// An entry in a process's list of children.
struct Child {
  std::uint32_t task = 0;  // index in Snapshot::tasks
  bool shares_mm = false;  // with the parent (vfork before exec, CLONE_VM)
};

// What a snapshot does not know, or only estimates. Counts are numbers of
// tasks. The user sees them: badnessd assumes nothing silently.
struct Gaps {
  bool live = false;               // a running kernel's /proc, seen from within
  bool kernel26 = false;           // so PF_OOM_ORIGIN is visible in `flags`
  bool oom_adj_converted = false;  // from oom_score_adj, there is no oom_adj
  bool swap_known = true;          // VmSwap exists (2.6.34 and later)
  bool init_visible = true;        // pid 1 is in the snapshot
  std::uint32_t children_by_ppid = 0;
  std::uint32_t mm_identity_unknown = 0;  // pairs that could share an mm
  std::uint32_t userns_unreadable = 0;
  std::uint32_t nodes_unknown = 0;  // no Mems_allowed
  std::uint32_t vanished = 0;
  std::uint32_t unreadable = 0;
  std::uint32_t malformed = 0;
};

struct Snapshot {
  std::uint64_t uptime_s = 0;
  std::uint32_t page_size = 4096;
  std::vector<Task> tasks;        // ascending by pid
  std::vector<Verdict> verdicts;  // one for each task, see begin_verdicts()
  std::vector<Child> children;
  // The age of the note that set `then` of all tasks; none: no note.
  std::optional<std::uint64_t> baseline_age_s;
  Kib shmem_kib = 0;         // tmpfs and shared memory of the system
  Kib shmem_fell_kib = 0;    // since the baseline
  Kib shmem_mapped_kib = 0;  // by all tasks together
  // What processes that were not read can have mapped of it meanwhile.
  Kib shmem_unread_kib = 0;
  Gaps gaps;

  [[nodiscard]] Kib kib_of(Pages pages) const noexcept {
    return pages * (page_size / 1024);
  }
  [[nodiscard]] Judged judged(std::size_t index) const noexcept {
    return {tasks[index], verdicts[index]};
  }
};

// Sets all verdicts to first_verdict().
void begin_verdicts(Snapshot& snapshot, Threads threads = Threads::kAnyLive);

// Whole seconds since the start of a task; 0 if it starts in the future.
[[nodiscard]] std::uint64_t age_s(const Snapshot& snapshot,
                                  std::uint64_t start_time) noexcept;
[[nodiscard]] std::uint64_t age_s(const Snapshot& snapshot,
                                  const Task& task) noexcept;

// The index of `pid` in `snapshot.tasks`, or tasks.size().
[[nodiscard]] std::size_t find_task(const Snapshot& snapshot,
                                    std::int32_t pid) noexcept;

// The maximum depth of descent: a snapshot is not atomic, and reused pids could
// form a loop.
inline constexpr int kGenerations = 64;

// Fills `children`, `first_child` and `child_count` of every task from ppid, in
// creation order: a superset of every leader's own list, since a child forked
// by another thread has the same ppid.
void link_children(Snapshot& snapshot);

// Whether `a` stands before `b` in the kernel's task list, which is in order of
// creation: by start time, and by pid within one tick.
[[nodiscard]] bool earlier_in_task_list(const Task& a, const Task& b) noexcept;

}  // namespace badnessd
