// SPDX-License-Identifier: GPL-2.0-only
#include "random_snapshot.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "badnessd/engine/badness.h"
#include "badnessd/engine/kernel26.h"
#include "snapshots.h"

namespace badnessd::test {
namespace {

// std::uniform_int_distribution differs between standard libraries; a seed
// should not.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}

  // 0..sides-1
  std::uint64_t roll(std::uint64_t sides) { return engine_() % sides; }
  bool one_in(std::uint64_t sides) { return roll(sides) == 0; }
  // Mostly small, sometimes of any magnitude.
  std::uint64_t amount() {
    return one_in(3) ? engine_() >> roll(64) : roll(12);
  }
  std::mt19937_64& engine() { return engine_; }

 private:
  std::mt19937_64 engine_;
};

std::uint64_t random_caps(Dice& dice) {
  std::uint64_t caps = 0;
  for (const std::uint64_t cap :
       {kCapSysAdmin, kCapSysResource, kCapSysRawio}) {
    caps |= dice.one_in(4) ? cap : 0;
  }
  return caps;
}

Task random_task(Dice& dice, std::int32_t pid, std::int32_t pids) {
  Task task = user_task(pid, dice.amount());
  task.id.start_time = dice.roll(6) * 300'000;
  task.ppid = 1 + static_cast<std::int32_t>(
                      dice.roll(static_cast<std::uint64_t>(pids)));
  task.flags = dice.one_in(60) ? kPfExiting : 0;
  task.nice = static_cast<std::int32_t>(dice.roll(40)) - 20;
  task.cpu_jiffies = dice.amount() << dice.roll(16);
  task.rss = dice.amount();
  task.swap_kib = dice.amount();
  task.mm_threads = dice.one_in(4) ? 300 : 1;
  task.oom_adj = dice.one_in(2)
                     ? std::int16_t{0}
                     : static_cast<std::int16_t>(
                           static_cast<int>(dice.roll(33)) + kOomDisable);
  task.pf_oom_origin = dice.one_in(100);
  task.cap_effective = random_caps(dice);
  task.mems_intersect = !dice.one_in(4);
  if (dice.one_in(10)) {
    task.has_mm = false;
    task.mm_threads = dice.one_in(2) ? 0 : 2;  // zombie or dead leader
  }
  return task;
}

// Each leader's own list out of the one by ppid.
void choose_children(Dice& dice, Snapshot& snapshot) {
  std::vector<Child> all;
  for (Task& task : snapshot.tasks) {
    std::vector<Child> own;
    for (std::uint32_t i = 0; i < task.child_count; ++i) {
      if (!dice.one_in(3)) {
        Child child = snapshot.children[task.first_child + i];
        child.shares_mm = dice.one_in(4);
        own.push_back(child);
      }
    }
    std::shuffle(own.begin(), own.end(), dice.engine());
    task.first_child = static_cast<std::uint32_t>(all.size());
    task.child_count = static_cast<std::uint32_t>(own.size());
    std::copy(own.begin(), own.end(), std::back_inserter(all));
  }
  snapshot.children = all;
}

}  // namespace

Snapshot random_snapshot(std::uint64_t seed) {
  Dice dice(seed);
  const auto pids = static_cast<std::int32_t>(1 + dice.roll(25));
  std::vector<Task> tasks;
  for (std::int32_t pid = 1; pid <= pids; ++pid) {
    tasks.push_back(random_task(dice, pid, pids));
  }
  Snapshot snapshot = snapshot_of(std::move(tasks), dice.roll(100'000));
  choose_children(dice, snapshot);
  return snapshot;
}

}  // namespace badnessd::test
