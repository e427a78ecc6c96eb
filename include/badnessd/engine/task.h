// SPDX-License-Identifier: GPL-2.0-only
// Facts about processes as plain data: what a FactSource fills and what the
// engine judges. A Task is a process; its facts are the thread-group leader's
// where 2.6.32 looks at the leader, the group's where it looks at the group.
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

// Bounds can be so large that they do not add up.
[[nodiscard]] constexpr Kib sum_kib(Kib a, Kib b) noexcept {
  return a > ~b ? ~Kib{0} : a + b;
}

using RuleBits = std::uint64_t;  // a bit for each rule of the settings

// A process for as long as it lives: pids are reused, start times are not.
struct TaskId {
  std::int32_t pid = 0;
  std::uint64_t start_time = 0;  // ticks (USER_HZ) since boot, stat field 22

  friend bool operator==(const TaskId&, const TaskId&) = default;
};

// How much of a task is known. The cheap facts are stat and oom_adj. What is
// dearer (status, the leader's list of children, nodes, mm identity) holds
// values until it is read that can only make the score too high, never too low.
enum class Detail : std::uint8_t { kCheap, kFull };

// What a process holds that no file backs.
struct Holding {
  Kib private_kib = 0;  // anonymous memory and swap
  Kib shmem_kib = 0;
};

// The first live thread of a process whose leader has exited.
struct LiveThread {
  std::int32_t tid = 0;  // 0: the leader lives
  std::uint32_t flags = 0;
  std::int32_t nice = 0;
  char state = '?';
};

struct Task {
  TaskId id;
  std::int32_t ppid = 0;
  std::array<char, 64> comm{};    // NUL-terminated raw bytes, any but NUL
  char state = '?';               // stat field 3
  std::uint32_t flags = 0;        // PF_*, stat field 9
  std::int32_t nice = 0;          // the leader's, -20..19
  std::uint64_t cpu_jiffies = 0;  // utime + stime of the group, at kernel.hz
  bool has_mm = false;  // the leader's mm; none: kernel thread, zombie
  Pages total_vm = 0;   // of the group's mm
  Pages rss = 0;
  std::uint32_t mm_threads = 0;  // live threads: each is on the parent's list
  // What it is judged by, -17..15: a rule's, else its own. Until it is kFull
  // the greatest that its rules can make of it.
  std::int16_t oom_adj = 0;
  std::int16_t own_oom_adj = 0;  // /proc/<pid>/oom_adj
  RuleBits rules = 0;       // that match it, the first of which gave oom_adj
  bool rules_open = false;  // a rule asks for what was not known in time
  std::int16_t oom_score_adj = 0;
  bool has_oom_score_adj = false;  // 2.6.32 has none
  bool pf_oom_origin = false;
  LiveThread live;

  Detail detail = Detail::kCheap;
  std::optional<std::uint32_t> uid;  // real; none: status not readable
  std::uint64_t cap_effective =
      0;                     // as far as it counts outside user namespaces
  bool pid_ns_init = false;  // of a pid namespace below badnessd's own
  bool userns_unreadable = false;  // so its capabilities were not counted
  bool mems_intersect = true;  // some thread shares a node with the allocator
  Kib rss_anon_kib = 0;
  Kib rss_shmem_kib = 0;
  Kib swap_kib = 0;

  // Its children, in Snapshot::children, in the order of the kernel's list.
  std::uint32_t first_child = 0;
  std::uint32_t child_count = 0;

  // What it held at the baseline; none: it is newer, or there is none.
  std::optional<Holding> then;
  Kib swap_most_kib = kUnknownKib;  // its swap is no more than this
  // What it has copied of the memory that it was forked with, as far as that is
  // known; then->private_kib includes what it had copied by then.
  Kib copied_kib = 0;
  // What it has in common with its parent is no more than this.
  Kib shared_most_kib = kUnknownKib;

  // What its death gives back at most, and for certain: see estimate_reclaim().
  Kib reclaim_most_kib = 0;
  Kib reclaim_kib = 0;
  // The same of those who die with it.
  Kib with_it_most_kib = 0;
  Kib with_it_kib = 0;
  // What it took since the baseline, at most and for certain.
  Kib took_most_kib = 0;
  Kib took_kib = 0;
  Points held_points = 0;  // see blame.h; as `points` while it is kCheap

  bool in_scope = true;  // of the cgroup that a decision is about

  // badness(): the score, or while detail is kCheap a value not below it.
  Points points = 0;

  [[nodiscard]] std::string_view name() const noexcept { return comm.data(); }
  // What it holds, including what other processes have in common with it.
  [[nodiscard]] Kib held_kib() const noexcept {
    return rss_anon_kib + swap_kib + rss_shmem_kib;
  }
  // All that its death gives back.
  [[nodiscard]] Kib death_kib() const noexcept {
    return reclaim_kib + with_it_kib;
  }
  [[nodiscard]] Kib death_most_kib() const noexcept {
    return sum_kib(reclaim_most_kib, with_it_most_kib);
  }
};

// One process on another's list of children.
struct Child {
  std::uint32_t task = 0;  // index in Snapshot::tasks
  bool shares_mm = false;  // with the parent (vfork before exec, CLONE_VM)
};

// What a snapshot does not know, or knows only by a stand-in. Counts are of
// tasks. Shown to the user: nothing is silently assumed.
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
  std::vector<Task> tasks;  // ascending by pid
  std::vector<Child> children;
  // Of the note by which `then` of all tasks was set; none: by none.
  std::optional<std::uint64_t> baseline_age_s;
  Gaps gaps;
};

// Whole seconds since its start; 0 if that is to come.
[[nodiscard]] std::uint64_t age_s(const Snapshot& snapshot,
                                  const Task& task) noexcept;

// The index of `pid` in `snapshot.tasks`, or tasks.size().
[[nodiscard]] std::size_t find_task(const Snapshot& snapshot,
                                    std::int32_t pid) noexcept;

// Descent is followed no further: a snapshot is not taken in one moment, and
// reused pids could close a circle.
inline constexpr int kGenerations = 64;

// Fills `children`, `first_child` and `child_count` of every task from ppid, in
// creation order: a superset of every leader's own list, since a child forked
// by another thread has the same ppid.
void link_children(Snapshot& snapshot);

// Where the leader has exited, lets the first live thread stand for it.
void count_live_thread(Task& task) noexcept;

// Whether `a` stands before `b` in the kernel's task list, which is in order of
// creation: by start time, and by pid within one tick.
[[nodiscard]] bool earlier_in_task_list(const Task& a, const Task& b) noexcept;

}  // namespace badnessd
