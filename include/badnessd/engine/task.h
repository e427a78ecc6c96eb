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

// Adds with saturation: a bound can be 2^64-1.
[[nodiscard]] constexpr Kib sum_kib(Kib a, Kib b) noexcept {
  return a > ~b ? ~Kib{0} : a + b;
}

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

  friend bool operator==(const TaskId&, const TaskId&) = default;
};

// How much of a task is known. Cheap facts are stat and oom_adj. Expensive
// facts are status, the leader's list of children, nodes and mm identity. Until
// they are read, their defaults make the score too high, never too low.
enum class Detail : std::uint8_t { kCheap, kFull };

// The memory of a process that no file backs.
struct Holding {
  Kib private_kib = 0;  // anonymous memory and swap
  Kib shmem_kib = 0;
};

// What was read of a process. `state`, `flags` and `nice` are the leader's, or
// those of the first live thread if the leader has exited.
struct Task {
  TaskId id;
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
  bool oom_adj_known = true;  // else refine() reads it, and oom_adj is 15
  std::int16_t oom_score_adj = 0;
  bool has_oom_score_adj = false;  // 2.6.32 has none
  bool pf_oom_origin = false;

  Detail detail = Detail::kCheap;
  std::optional<std::uint32_t> uid;  // real; none: status not readable
  std::uint64_t cap_effective =
      0;                     // as far as it counts outside user namespaces
  bool pid_ns_init = false;  // init of a pid namespace below badnessd's own
  bool userns_unreadable = false;  // so its capabilities were not counted
  bool mems_intersect = true;  // some thread shares a node with the allocator
  Kib rss_anon_kib = 0;
  Kib rss_shmem_kib = 0;
  Kib swap_kib = 0;

  // Its children, in Snapshot::children, in the order of the kernel's list.
  std::uint32_t first_child = 0;
  std::uint32_t child_count = 0;

  // What the task held at the baseline; none: newer task, or no baseline.
  std::optional<Holding> then;
  Kib swap_most_kib = kUnknownKib;  // upper bound of its swap
  // What the task has copied of the memory it inherited at fork, as far as
  // known; then->private_kib includes what it had copied by then.
  Kib copied_kib = 0;
  // Upper bound of the memory that it shares with its parent.
  Kib shared_most_kib = kUnknownKib;
  // Its minor faults times the page size, since the census measured
  // shared_most_kib, else since its start. Each copied page is one of them.
  Kib faulted_kib = 0;
  // What it held when the census last read it, and the most that it can have
  // taken since the baseline.
  Kib noted_kib = kUnknownKib;
  Kib took_most_kib = kUnknownKib;

  [[nodiscard]] std::string_view name() const noexcept { return comm.data(); }
  // What the task holds, including memory shared with other processes.
  [[nodiscard]] Kib held_kib() const noexcept {
    return rss_anon_kib + swap_kib + rss_shmem_kib;
  }
};

// What rules, score and guard make of a task. While the task is kCheap, oom_adj
// is the greatest value that its rules allow, and points are upper bounds.
struct Verdict {
  bool has_mm = false;   // as Task, or the live thread's outside the bare order
  bool in_scope = true;  // in the cgroup that a decision is about
  bool rules_open = false;   // a condition of a rule is not known
  std::int16_t oom_adj = 0;  // in force: a rule's, else its own
  RuleBits rules = 0;        // that match; the first one sets oom_adj
  Points points = 0;         // badness()
  Points held_points = 0;    // see blame.h
  // What its death gives back at most, and for certain: see estimate_reclaim().
  Kib reclaim_most_kib = 0;
  Kib reclaim_kib = 0;
  // The same for the processes that die with it.
  Kib with_it_most_kib = 0;
  Kib with_it_kib = 0;
  // What it took since the baseline, at most and for certain.
  Kib took_most_kib = 0;
  Kib took_kib = 0;

  // All that its death gives back.
  [[nodiscard]] Kib death_kib() const noexcept {
    return reclaim_kib + with_it_kib;
  }
  [[nodiscard]] Kib death_most_kib() const noexcept {
    return sum_kib(reclaim_most_kib, with_it_most_kib);
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

// The processes that a snapshot leaves out, because the census shows that none
// of them can be the victim.
struct Unread {
  std::uint32_t processes = 0;
  Kib took_most_kib = 0;    // the most that one of them took
  std::uint32_t young = 0;  // those of them that young() would count
  Kib young_took_kib = 0;   // the most that these took together
  Kib shmem_kib = 0;        // the most shared memory that all of them map
  // The result depends on them: all processes have to be read.
  bool matter = false;
};

struct Snapshot {
  std::uint64_t uptime_s = 0;
  std::uint32_t page_size = 4096;
  std::vector<Task> tasks;        // ascending by pid
  std::vector<Verdict> verdicts;  // one for each task, see begin_verdicts()
  std::vector<Child> children;
  // The age of the note that set `then` of all tasks; none: no note.
  std::optional<std::uint64_t> baseline_age_s;
  Gaps gaps;
  std::optional<Unread> unread;  // none: all processes are here
  Kib small_kib = 0;  // the oom_adj of tasks that hold less may not be known

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

// Whether init has adopted the task from the parent that forked it.
[[nodiscard]] bool is_orphan(const Task& task) noexcept;
// Whether both are orphans with one name: they are taken to have had one
// parent.
[[nodiscard]] bool are_siblings(const Task& orphan, const Task& other) noexcept;

// Whether `a` stands before `b` in the kernel's task list, which is in order of
// creation: by start time, and by pid within one tick.
[[nodiscard]] bool earlier_in_task_list(const Task& a, const Task& b) noexcept;

}  // namespace badnessd
