// SPDX-License-Identifier: GPL-2.0-only
#include "replay.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "badnessd/engine/badness.h"
#include "badnessd/engine/kernel26.h"
#include "badnessd/engine/select.h"
#include "overlay.h"

namespace badnessd::kernel26 {
namespace {

// mm/oom_kill.c: badness() divides CPU time into units of 8 nominal seconds.
constexpr unsigned kCpuShift = 3;
constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

Points divisor_of(std::uint64_t jiffies, std::uint32_t hz) {
  return std::max<Points>(1, int_sqrt(jiffies >> (shift_hz(hz) + kCpuShift)));
}

std::uint64_t jiffies_of(Points divisor, std::uint32_t hz) {
  return divisor > 1 ? divisor * divisor << (shift_hz(hz) + kCpuShift) : 0;
}

// Root with all capabilities and nothing out of the ordinary.
Task hog_task(const DumpRow& row, std::uint64_t start_s) {
  Task task;
  task.id = {row.pid, start_s * kUserHz};
  task.ppid = 1;
  row.name.copy(task.comm.data(), task.comm.size() - 1);
  task.state = 'R';
  task.has_mm = true;
  task.rss = row.rss;
  task.mm_threads = 1;
  task.cap_effective = std::numeric_limits<std::uint64_t>::max();
  return task;
}

}  // namespace

Replay::Replay(const Capture& capture, Snapshot base, const Console& console)
    : capture_(capture), base_(std::move(base)) {
  from_s_ = console.captured_s.value_or(base_.uptime_s);
  to_s_ = std::max(from_s_, console.done_s.value_or(from_s_));
  for (const HogNote& note : console.hogs) {
    const std::uint64_t life_s =
        note.lifetime_s != 0 ? note.lifetime_s : to_s_ - from_s_;
    const std::uint64_t jiffies = life_s * kNsPerSecond / tick_nsec(capture.hz);
    hogs_.push_back({.pid = note.pid,
                     .least_divisor = 1,
                     .most_divisor = divisor_of(jiffies, capture.hz),
                     .life_s = life_s});
  }
}

double Replay::cpu_seconds(Points divisor) const noexcept {
  return static_cast<double>(jiffies_of(divisor, capture_.hz) *
                             tick_nsec(capture_.hz)) /
         static_cast<double>(kNsPerSecond);
}

// The dump has every leader with an mm. A process whose leader has exited is
// not in it, but its threads are on a list of children until they are killed.
void Replay::add_tasks(const Kill& kill, const Divisors& divisors,
                       Snapshot& snapshot) const {
  for (const DumpRow& row : kill.dump) {
    const std::size_t index = find_task(base_, row.pid);
    Task task = index < base_.tasks.size() ? base_.tasks[index]
                                           : hog_task(row, from_s_);
    task.total_vm = row.total_vm;
    task.oom_adj = static_cast<std::int16_t>(row.oom_adj);
    if (const auto it = divisors.find(row.pid); it != divisors.end()) {
      task.cpu_jiffies = jiffies_of(it->second, capture_.hz);
    }
    snapshot.tasks.push_back(task);
  }
  for (const Task& task : base_.tasks) {
    if (!task.has_mm && task.mm_threads != 0 &&
        !killed_.contains(task.id.pid)) {
      snapshot.tasks.push_back(task);
    }
  }
  std::sort(snapshot.tasks.begin(), snapshot.tasks.end(),
            [](const Task& a, const Task& b) { return a.id.pid < b.id.pid; });
}

// Each list without the processes that are gone, and init's with their orphans.
void Replay::add_children(Snapshot& snapshot) const {
  const std::size_t count = snapshot.tasks.size();
  std::vector<Child> orphans;
  for (std::size_t i = 0; i < count; ++i) {
    Task& task = snapshot.tasks[i];
    if (task.ppid != 0 && find_task(snapshot, task.ppid) == count) {
      task.ppid = 1;
      orphans.push_back({.task = static_cast<std::uint32_t>(i)});
    }
  }
  for (Task& task : snapshot.tasks) {
    const auto first = static_cast<std::uint32_t>(snapshot.children.size());
    for (std::uint32_t k = 0; k < task.child_count; ++k) {
      Child child = base_.children[task.first_child + k];
      const std::size_t index =
          find_task(snapshot, base_.tasks[child.task].id.pid);
      if (index < count) {
        child.task = static_cast<std::uint32_t>(index);
        snapshot.children.push_back(child);
      }
    }
    if (task.id.pid == 1) {
      snapshot.children.insert(snapshot.children.end(), orphans.begin(),
                               orphans.end());
    }
    task.first_child = first;
    task.child_count =
        static_cast<std::uint32_t>(snapshot.children.size()) - first;
  }
}

Snapshot Replay::snapshot_at(const Kill& kill, std::uint64_t uptime_s,
                             const Divisors& divisors) const {
  Snapshot snapshot;
  snapshot.page_size = base_.page_size;
  snapshot.uptime_s = uptime_s;
  add_tasks(kill, divisors, snapshot);
  add_children(snapshot);
  if (kill.allocator_nodes) {
    for (Task& task : snapshot.tasks) {
      const std::size_t index = find_task(base_, task.id.pid);
      if (index < base_.tasks.size()) {
        task.mems_intersect =
            nodes_intersect(capture_.beside[index], *kill.allocator_nodes);
      }
    }
  }
  begin_verdicts(snapshot, Threads::kLeader);
  score_all(snapshot, {.hz = capture_.hz});
  return snapshot;
}

Answer Replay::answer(const Kill& kill, std::uint64_t uptime_s,
                      const Divisors& divisors) const {
  const Snapshot snapshot = snapshot_at(kill, uptime_s, divisors);
  const Selection selection =
      select_bad_process(snapshot, {.wait_for = WaitFor::kExitingWithMm});
  if (selection.kind != Selection::Kind::kChosen) {
    return {.waits = true};
  }
  const Task& chosen = snapshot.tasks[selection.task];
  const std::uint32_t victim =
      oom_kill_victim(snapshot, selection.task, VictimOrder::kChildFirst, {});
  return {.chosen = chosen.id.pid,
          .score = snapshot.verdicts[selection.task].points,
          .killed = snapshot.tasks[victim].id.pid};
}

std::int32_t Replay::process_of(std::int32_t tid) const {
  for (std::size_t i = 0; i < base_.tasks.size(); ++i) {
    for (const Thread& thread : capture_.beside[i].threads) {
      if (thread.tid == tid) {
        return base_.tasks[i].id.pid;
      }
    }
  }
  return tid;
}

bool Replay::agrees(const Kill& kill, std::uint64_t uptime_s,
                    const Divisors& divisors) const {
  const Answer ours = answer(kill, uptime_s, divisors);
  return ours.chosen == kill.chosen && ours.score == kill.score &&
         ours.killed == process_of(kill.killed);
}

// The moments at which the kill can have been, one for each different set of
// scores: mostly one, as run time counts in units of a quarter of an hour.
std::vector<std::uint64_t> Replay::moments(const Kill& kill) const {
  const auto scores = [&](std::uint64_t uptime_s) {
    std::vector<Points> points;
    for (const auto& verdict : snapshot_at(kill, uptime_s, {}).verdicts) {
      points.push_back(verdict.points);
    }
    return points;
  };
  std::vector<std::uint64_t> moments = {from_s_};
  std::vector<Points> last = scores(from_s_);
  // A score never rises with time, so equal ends mean that nothing changed.
  if (last == scores(to_s_)) {
    return moments;
  }
  for (std::uint64_t at = from_s_ + 1; at <= to_s_; ++at) {
    if (std::vector<Points> now = scores(at); now != last) {
      moments.push_back(at);
      last = std::move(now);
    }
  }
  return moments;
}

Divisors Replay::extreme(bool most) const {
  Divisors divisors;
  for (const Hog& hog : hogs_) {
    divisors[hog.pid] = most ? hog.most_divisor : hog.least_divisor;
  }
  return divisors;
}

// The more CPU time, the lower the score: a hog stands least in the way of
// another with the most, and most with the least.
bool Replay::possible(const Kill& kill, std::uint64_t uptime_s) const {
  Divisors divisors = extreme(true);
  for (const Hog& hog : hogs_) {
    for (Points k = hog.least_divisor;
         hog.pid == kill.chosen && k <= hog.most_divisor; ++k) {
      divisors[hog.pid] = k;
      if (agrees(kill, uptime_s, divisors)) {
        return true;
      }
    }
  }
  return agrees(kill, uptime_s, divisors);
}

bool Replay::certain(const Kill& kill, std::uint64_t uptime_s) const {
  return agrees(kill, uptime_s, extreme(false)) &&
         agrees(kill, uptime_s, extreme(true));
}

// Raises the least divisors as far as the kernel's answer demands.
void Replay::learn(const Kill& kill, std::uint64_t uptime_s) {
  for (Hog& hog : hogs_) {
    Divisors divisors = extreme(true);
    for (Points k = hog.least_divisor; k <= hog.most_divisor; ++k) {
      divisors[hog.pid] = k;
      if (agrees(kill, uptime_s, divisors)) {
        hog.least_divisor = k;
        break;
      }
    }
  }
}

Verdict Replay::judge(const Kill& kill) {
  std::optional<std::uint64_t> first;
  bool all = true;
  for (const std::uint64_t at : moments(kill)) {
    if (!first && possible(kill, at)) {
      first = at;
    }
    all = all && certain(kill, at);
  }
  if (first) {
    learn(kill, *first);
    from_s_ = *first;
  }
  killed_.insert(process_of(kill.killed));
  if (!first) {
    return Verdict::kMismatch;
  }
  return all ? Verdict::kDetermined : Verdict::kUndetermined;
}

}  // namespace badnessd::kernel26
