// SPDX-License-Identifier: GPL-2.0-only
#include "truth.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "badnessd/app/config/text.h"

namespace badnessd::kernel26 {
namespace {

// kernel/pid.c: pid_max of a machine with up to 32 processors.
constexpr std::int32_t kPidMax = 32768;

class Resolver {
 public:
  explicit Resolver(const Capture& capture) : capture_(capture) {
    for (std::size_t i = 0; i < tasks().size(); ++i) {
      for (const Thread& thread : capture.beside[i].threads) {
        process_[thread.tid] = tasks()[i].id.pid;
      }
    }
  }

  void take(const TruthLine& line);
  [[nodiscard]] Origin origin(std::size_t index) const;

 private:
  [[nodiscard]] const std::vector<Task>& tasks() const {
    return capture_.snapshot.tasks;
  }
  [[nodiscard]] std::int32_t process_of(std::int32_t tid) const;
  [[nodiscard]] std::int32_t parent_of(std::int32_t pid) const;
  [[nodiscard]] std::int64_t mm_of(std::int32_t pid) const;
  [[nodiscard]] std::int32_t clone_parent(std::int32_t a, std::int32_t b) const;
  void exec_by_thread(std::int32_t pid, std::int32_t tid);
  [[nodiscard]] bool on_leaders_list(std::int32_t leader,
                                     std::int32_t forker) const;
  void set_linked(std::size_t index, Origin& origin) const;

  const Capture& capture_;
  std::map<std::int32_t, std::int32_t> process_;  // of each thread
  std::map<std::int32_t, std::int32_t> forker_;   // of each process: a tid
  std::map<std::int32_t, std::int64_t> mm_;
  std::int64_t next_mm_ = std::int64_t{1} << 32U;  // above every pid
  std::map<std::int32_t, std::int32_t> exec_tid_;
  std::map<std::int32_t, std::uint64_t> start_;
  std::set<std::string> unknown_;
};

template <class Value>
Value get_or(const std::map<std::int32_t, Value>& map, std::int32_t key,
             Value otherwise) {
  const auto it = map.find(key);
  return it == map.end() ? otherwise : it->second;
}

void Resolver::take(const TruthLine& line) {
  // No effect on lists, address spaces or times, or seen in stat itself.
  constexpr std::array<std::string_view, 3> kNothing = {"zombie", "leaderexit",
                                                        "ptrace"};
  if (line.word == "fork") {
    forker_[line.b_pid()] = line.a;
  } else if (line.word == "cloneparent") {
    forker_[line.b_pid()] = clone_parent(line.a, line.b_pid());
  } else if (line.word == "sharedmm") {
    mm_[line.b_pid()] = mm_of(process_of(line.a));
  } else if (line.word == "thexec") {
    exec_by_thread(line.a, line.b_pid());
  } else if (line.word == "leaderstart") {
    start_[line.a] = line.b;
  } else if (std::find(kNothing.begin(), kNothing.end(), line.word) ==
                 kNothing.end() &&
             unknown_.insert(line.word).second) {
    warn("x_truth: ignoring the unknown word \"" + escaped(line.word) + "\"");
  }
}

std::int32_t Resolver::process_of(std::int32_t tid) const {
  return get_or(process_, tid, tid);
}

std::int32_t Resolver::parent_of(std::int32_t pid) const {
  const std::size_t index = find_task(capture_.snapshot, pid);
  return index < tasks().size() ? tasks()[index].ppid : 0;
}

std::int64_t Resolver::mm_of(std::int32_t pid) const {
  return get_or(mm_, pid, std::int64_t{pid});
}

// kernel/fork.c: with CLONE_PARENT the new task gets the caller's real_parent,
// which is a thread. The recorder took `a` from getppid() in `b`, so it is the
// process that became the parent, and the caller is one of its other children.
// Where `a` is a brother of `b` instead, it is the caller itself.
std::int32_t Resolver::clone_parent(std::int32_t a, std::int32_t b) const {
  const std::int32_t parent = parent_of(b);
  const std::int32_t process = process_of(a);
  if (process != parent && parent_of(process) == parent) {
    return get_or(forker_, process, parent);
  }
  std::int32_t hidden = 0;
  bool listed = false;
  for (const auto& [child, tid] : forker_) {
    if (child != b && parent_of(child) == process) {
      const bool on_list = on_leaders_list(process, tid);
      listed |= on_list;
      hidden = on_list ? hidden : tid;
    }
  }
  if (listed && hidden != 0) {
    warn("x_truth: cloneparent " + std::to_string(a) + " " + std::to_string(b) +
         ": it is not known which thread became the parent, taking the leader");
  }
  return listed || hidden == 0 ? process : hidden;
}

// fs/exec.c: de_thread(). The thread becomes the leader and takes its pid. The
// others die, and their children end up on its list, the only one left.
void Resolver::exec_by_thread(std::int32_t pid, std::int32_t tid) {
  for (auto& [child, forker] : forker_) {
    if (forker == tid || parent_of(child) == pid) {
      forker = pid;
    }
  }
  process_[tid] = pid;
  exec_tid_[pid] = tid;
  mm_[pid] = next_mm_++;
}

// kernel/exit.c: find_new_reaper(). The children of a thread that has exited go
// to the next live one of the ring, which is in order of creation and ends with
// the leader; those of a whole process go to init.
bool Resolver::on_leaders_list(std::int32_t leader, std::int32_t forker) const {
  if (forker == leader || leader == 1) {
    return true;
  }
  const std::size_t parent = find_task(capture_.snapshot, leader);
  if (parent == tasks().size()) {
    return true;
  }
  // All threads are younger than the leader, also where pids have wrapped.
  const auto age = [leader](std::int32_t tid) {
    return (tid - leader + kPidMax) % kPidMax;
  };
  const auto& ring = capture_.beside[parent].threads;
  return std::none_of(ring.begin(), ring.end(), [&](const Thread& thread) {
    return thread.tid != leader && age(thread.tid) >= age(forker);
  });
}

// Every thread stands on the parent's list from its own creation on. The first
// entry of a process is the leader's, unless that has exited or given its place
// to a thread that called exec: stat shows that thread's start.
void Resolver::set_linked(std::size_t index, Origin& origin) const {
  const Task& task = tasks()[index];
  origin.linked_time = task.id.start_time;
  origin.linked_tid = get_or(exec_tid_, task.id.pid, task.id.pid);
  if (task.has_mm) {
    return;
  }
  for (const Thread& thread : capture_.beside[index].threads) {
    if (thread.tid != task.id.pid) {
      origin.linked_time = thread.start_time;
      origin.linked_tid = thread.tid;
      return;
    }
  }
}

Origin Resolver::origin(std::size_t index) const {
  const Task& task = tasks()[index];
  Origin origin;
  origin.on_leaders_list =
      on_leaders_list(task.ppid, get_or(forker_, task.id.pid, task.ppid));
  origin.mm = mm_of(task.id.pid);
  if (const auto it = start_.find(task.id.pid); it != start_.end()) {
    origin.start_time = it->second;
  }
  set_linked(index, origin);
  return origin;
}

}  // namespace

std::vector<Origin> resolve_truth(const Capture& capture) {
  Resolver resolver(capture);
  for (const TruthLine& line : capture.truth) {
    resolver.take(line);
  }
  std::vector<Origin> origins;
  for (std::size_t i = 0; i < capture.snapshot.tasks.size(); ++i) {
    origins.push_back(resolver.origin(i));
  }
  return origins;
}

}  // namespace badnessd::kernel26
