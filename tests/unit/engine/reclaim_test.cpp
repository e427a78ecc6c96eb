// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/reclaim.h"

#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "badnessd/engine/kernel26.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using test::snapshot_of;
using test::user_task;

void estimate_all(Snapshot& snapshot) {
  estimate_took(snapshot);
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    estimate_reclaim(snapshot, i);
  }
}

// The verdict on the first of these tasks.
Verdict estimated(const std::vector<Task>& tasks) {
  Snapshot snapshot = snapshot_of(tasks);
  estimate_all(snapshot);
  return snapshot.verdicts[0];
}

Task mapping(std::int32_t pid, Kib shmem_kib) {
  Task task = user_task(pid, 1000);
  task.rss_shmem_kib = shmem_kib;
  return task;
}

TEST(Reclaim, IsAnonymousMemorySwapAndPageTables) {
  Task task = user_task(10, 16'777'216);  // reserved space is nothing
  task.rss = 5000;                        // nor is what belongs to files
  task.rss_anon_kib = 3000;
  task.swap_kib = 400;
  task.page_tables_kib = 70;
  EXPECT_EQ(estimated({task}).reclaim_kib, 3470U);
}

TEST(Reclaim, OfATaskWithoutMmIsNothing) {
  Task zombie = user_task(10, 1000);
  zombie.has_mm = false;
  zombie.swap_kib = 5;
  EXPECT_EQ(estimated({zombie}).reclaim_kib, 0U);
}

// Its leader has exited: a live thread stands for it.
TEST(Reclaim, OfADeadLeaderIsThatOfItsThreads) {
  Task dead_leader = test::holding(10, 1000, 500);
  dead_leader.has_mm = false;
  dead_leader.live_tid = 12;
  EXPECT_EQ(estimated({dead_leader}).reclaim_kib, 500U);
}

TEST(Reclaim, SharedMemoryThatOthersMayMapIsNotCounted) {
  Task task = mapping(10, 500);
  task.rss_anon_kib = 100;
  // Two others have 200 together: 300 of it cannot be theirs.
  EXPECT_EQ(estimated({task, mapping(11, 150), mapping(12, 50)}).reclaim_kib,
            400U);
  // The others have as much or more: none is its own for certain.
  EXPECT_EQ(estimated({task, mapping(11, 500)}).reclaim_kib, 100U);
  EXPECT_EQ(estimated({task, mapping(11, 4500)}).reclaim_kib, 100U);
}

TEST(Reclaim, SharedMemoryOfTheOnlyOneIsItsOwn) {
  EXPECT_EQ(estimated({mapping(10, 500)}).reclaim_kib, 500U);
}

// Two that map 300 and 50 while there are 350: no page is mapped twice.
TEST(Reclaim, WhereAllMapNoMoreThanThereIsEachMapsItsOwn) {
  Snapshot snapshot = snapshot_of({mapping(10, 300), mapping(11, 50)});
  const auto reclaim = [&](Kib there_is, std::int32_t pid) {
    snapshot.shmem_kib = there_is;
    estimate_all(snapshot);
    return test::verdict_of(snapshot, pid).reclaim_kib;
  };
  EXPECT_EQ(reclaim(350, 10), 300U);
  EXPECT_EQ(reclaim(350, 11), 50U);
  EXPECT_EQ(reclaim(349, 10), 250U);
  EXPECT_EQ(reclaim(349, 11), 0U);
}

// What processes that were not read can have mapped meanwhile counts as mapped
// by others.
TEST(Reclaim, WhatIsNotReadMayBeMappedByOthers) {
  Snapshot snapshot = snapshot_of({mapping(10, 300), mapping(11, 50)});
  snapshot.shmem_kib = 350;
  snapshot.shmem_unread_kib = 1;
  estimate_all(snapshot);
  EXPECT_EQ(test::verdict_of(snapshot, 10).reclaim_kib, 249U);
  EXPECT_EQ(snapshot.shmem_mapped_kib, 350U);
  snapshot.shmem_unread_kib = 0;
  estimate_all(snapshot);
  EXPECT_EQ(test::verdict_of(snapshot, 10).reclaim_kib, 300U);
}

// A family of three: 1000, 2000 and 4000 KiB, each the parent of the next.
Snapshot family(bool pid_ns_init) {
  std::vector<Task> tasks;
  for (std::int32_t pid = 10; pid < 13; ++pid) {
    Task task = test::holding(pid, 100, Kib{1000} << (pid - 10));
    task.ppid = pid - 1;
    tasks.push_back(task);
  }
  tasks[0].pid_ns_init = pid_ns_init;
  return snapshot_of(tasks);
}

TEST(DiesWithIt, OfTheInitOfAPidNamespaceAllDescendants) {
  Snapshot snapshot = family(true);
  estimate_all(snapshot);
  EXPECT_EQ(snapshot.verdicts[0].reclaim_kib, 1000U);
  EXPECT_EQ(snapshot.verdicts[0].death_kib(), 7000U);
  EXPECT_EQ(snapshot.verdicts[1].death_kib(), 2000U);
}

TEST(DiesWithIt, OfAnyOtherNone) {
  Snapshot snapshot = family(false);
  estimate_all(snapshot);
  EXPECT_EQ(snapshot.verdicts[0].death_kib(), 1000U);
}

TEST(DiesWithIt, AnMmThatIsSharedCountsOnce) {
  Snapshot snapshot = family(true);
  snapshot.children.at(snapshot.tasks[0].first_child).shares_mm = true;
  estimate_all(snapshot);
  EXPECT_EQ(snapshot.verdicts[0].death_kib(), 5000U);
}

TEST(DiesWithIt, ACircleOfParentsEnds) {
  Snapshot snapshot = family(true);
  snapshot.tasks[0].ppid = 12;
  link_children(snapshot);
  estimate_all(snapshot);
  EXPECT_GE(snapshot.verdicts[0].death_kib(), 7000U);
}

// A parent with 300,000 KiB that has forked eight idle workers, as a preloaded
// application server does; each shows the parent's memory as its own.
class Preloaded : public testing::Test {
 protected:
  static constexpr Kib kLoaded = 300'000;

  Preloaded() {
    std::vector<Task> tasks{test::holding(10, 100'000, kLoaded)};
    for (std::int32_t pid = 11; pid < 19; ++pid) {
      Task worker = test::holding(pid, 100'000, kLoaded + 1'000);
      worker.ppid = 10;
      worker.flags = kPfForkNoExec;
      tasks.push_back(worker);
    }
    snapshot = snapshot_of(tasks);
  }
  Task& of(std::int32_t pid) { return test::task_of(snapshot, pid); }
  Verdict& verdict_of(std::int32_t pid) {
    return test::verdict_of(snapshot, pid);
  }
  // What all held when there was a note, but for the last worker, which is new.
  void compare_with_note() {
    snapshot.baseline_age_s = 10;
    for (Task& task : snapshot.tasks) {
      task.then = Holding{task.rss_anon_kib, 0};
    }
    of(18).then.reset();
  }

  Snapshot snapshot;
};

TEST_F(Preloaded, CommonMemoryIsNotGivenBackOncePerWorker) {
  estimate_all(snapshot);
  EXPECT_EQ(verdict_of(10).reclaim_kib, 0U);
  EXPECT_EQ(verdict_of(11).reclaim_kib, 1'000U);
}

TEST_F(Preloaded, WhatAWorkerGrowsByIsItsOwn) {
  of(12).rss_anon_kib += 500'000;
  estimate_all(snapshot);
  EXPECT_EQ(verdict_of(12).reclaim_kib, 501'000U);
  EXPECT_EQ(verdict_of(10).reclaim_kib, 0U);
}

TEST_F(Preloaded, WhatTheParentGrowsByIsItsOwn) {
  of(10).rss_anon_kib += 500'000;
  estimate_all(snapshot);
  EXPECT_EQ(verdict_of(10).reclaim_kib, 499'000U);
}

TEST_F(Preloaded, OneThatHasExecedHasNothingInCommon) {
  of(11).flags = 0;
  estimate_all(snapshot);
  EXPECT_EQ(verdict_of(11).reclaim_kib, kLoaded + 1'000);
}

// A wrapper that exited: the kernel shows no mm of it.
TEST_F(Preloaded, WithAParentThatHasNoMmNothingIsShared) {
  of(10).has_mm = false;
  begin_verdicts(snapshot);
  estimate_all(snapshot);
  EXPECT_EQ(verdict_of(11).reclaim_kib, kLoaded + 1'000);
}

// Page tables are each process's own, whatever they map.
TEST_F(Preloaded, PageTablesAreSharedByNone) {
  of(10).page_tables_kib = 600;
  of(11).page_tables_kib = 640;
  estimate_all(snapshot);
  EXPECT_EQ(verdict_of(10).reclaim_kib, 600U);
  EXPECT_EQ(verdict_of(11).reclaim_kib, 1'640U);
}

TEST_F(Preloaded, ANewWorkerTookWhatItHasBeyondItsParent) {
  compare_with_note();
  of(18).rss_anon_kib = kLoaded + 70'000;
  estimate_all(snapshot);
  EXPECT_EQ(verdict_of(18).took_kib, 70'000U);
  EXPECT_EQ(verdict_of(11).took_kib, 0U);
  EXPECT_EQ(verdict_of(10).took_kib, 0U);
}

TEST_F(Preloaded, WhatTheParentGaveBackSinceTheForkNoWorkerTook) {
  compare_with_note();
  of(10).rss_anon_kib = 50'000;
  estimate_all(snapshot);
  EXPECT_EQ(verdict_of(18).took_kib, 1'000U);
}

// A worker that writes what it was forked with copies it: what it maps does not
// grow.
TEST_F(Preloaded, WhatAWorkerCopiedItTookAndGivesBack) {
  compare_with_note();
  of(11).copied_kib = 200'000;
  of(11).shared_kib = kLoaded - 200'000;
  estimate_all(snapshot);
  EXPECT_EQ(verdict_of(11).took_kib, 200'000U);
  EXPECT_EQ(verdict_of(11).reclaim_kib, 201'000U);
  EXPECT_EQ(verdict_of(12).took_kib, 0U);
  EXPECT_EQ(verdict_of(12).reclaim_kib, 1'000U);
}

TEST_F(Preloaded, WhatItHadCopiedBeforeItDidNotTakeSince) {
  compare_with_note();
  of(11).copied_kib = 200'000;
  of(11).then->private_kib += 150'000;
  estimate_all(snapshot);
  EXPECT_EQ(verdict_of(11).took_kib, 50'000U);
}

TEST_F(Preloaded, ANewWorkerTookWhatItCopied) {
  compare_with_note();
  of(18).copied_kib = 200'000;
  estimate_all(snapshot);
  EXPECT_EQ(verdict_of(18).took_kib, 201'000U);
}

TEST_F(Preloaded, NoneTookMoreThanItHolds) {
  compare_with_note();
  of(11).copied_kib = 2 * kLoaded;
  estimate_all(snapshot);
  EXPECT_EQ(verdict_of(11).took_kib, kLoaded + 1'000);
}

// Their parent is gone, and no process is named that they could share with: a
// cgroup's account tells what they hold together.
TEST_F(Preloaded, OrphansHaveNoRelatives) {
  for (std::int32_t pid = 11; pid < 19; ++pid) {
    of(pid).ppid = 1;
  }
  snapshot.tasks.erase(snapshot.tasks.begin());
  link_children(snapshot);
  begin_verdicts(snapshot);
  estimate_all(snapshot);
  EXPECT_EQ(verdict_of(11).reclaim_kib, kLoaded + 1'000);
}

// Init forks too, and execs at once.
TEST_F(Preloaded, InitIsNoRelative) {
  of(10).id.pid = 1;
  for (std::int32_t pid = 11; pid < 19; ++pid) {
    of(pid).ppid = 1;
  }
  link_children(snapshot);
  estimate_all(snapshot);
  EXPECT_EQ(verdict_of(11).reclaim_kib, kLoaded + 1'000);
}

// A worker shares no more with its parent than that still holds.
TEST_F(Preloaded, WhatTheParentNoLongerHoldsIsNotShared) {
  of(10).rss_anon_kib = 2'000;
  estimate_all(snapshot);
  EXPECT_EQ(verdict_of(11).reclaim_kib, kLoaded - 1'000);
}

// With nothing in common with a child any more the parent gives back all.
TEST_F(Preloaded, AParentWhoseWorkersHaveCopiedAllGivesBackAll) {
  for (std::int32_t pid = 11; pid < 19; ++pid) {
    of(pid).shared_kib = 0;
  }
  estimate_all(snapshot);
  EXPECT_EQ(verdict_of(10).reclaim_kib, kLoaded);
}

// What `task` took since it held `then`, beside these others.
Kib took(Task task, std::optional<Holding> then, std::vector<Task> others = {},
         Kib shmem_fell_kib = 0) {
  task.then = then;
  others.push_back(task);
  Snapshot snapshot = snapshot_of(others);
  snapshot.baseline_age_s = 10;
  snapshot.shmem_fell_kib = shmem_fell_kib;
  estimate_all(snapshot);
  return test::verdict_of(snapshot, task.id.pid).took_kib;
}

TEST(Took, IsWhatItHoldsBeyondWhatItHeld) {
  const Task task = test::holding(10, 100'000, 5'000);
  EXPECT_EQ(took(task, Holding{3'000, 0}), 2'000U);
  EXPECT_EQ(took(task, Holding{9'000, 0}), 0U);
  EXPECT_EQ(took(task, std::nullopt), 5'000U);
}

TEST(Took, CountsSwapAndPageTables) {
  Task task = test::holding(10, 100'000, 5'000);
  task.swap_kib = 300;
  task.page_tables_kib = 20;
  EXPECT_EQ(took(task, Holding{5'000, 0}), 320U);
}

TEST(Took, WithoutABaselineIsNothing) {
  EXPECT_EQ(estimated({test::holding(10, 100'000, 5'000)}).took_kib, 0U);
}

TEST(Took, OfSharedMemoryCountsWhatIsItsOwn) {
  Task task = test::holding(10, 100'000, 5'000);
  task.rss_shmem_kib = 2'000;
  EXPECT_EQ(took(task, Holding{5'000, 500}), 1'500U);
  EXPECT_EQ(took(task, Holding{5'000, 500}, {mapping(11, 1'400)}), 600U);
  EXPECT_EQ(took(task, Holding{5'000, 500}, {mapping(11, 2'000)}), 0U);
}

// A process that copies its shared memory and gives that back takes nothing.
TEST(Took, SharedMemoryThatBecamePrivateWasNotTaken) {
  Task task = test::holding(10, 100'000, 5'000);
  task.rss_shmem_kib = 100;
  EXPECT_EQ(took(task, Holding{1'000, 4'100}, {}, 9'000), 0U);
  EXPECT_EQ(took(task, Holding{1'000, 4'100}, {}, 3'000), 1'000U);
  // The files are all there still: it copied them.
  EXPECT_EQ(took(task, Holding{1'000, 4'100}), 4'000U);
}

}  // namespace
}  // namespace badnessd
