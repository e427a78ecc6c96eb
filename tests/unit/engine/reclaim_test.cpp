// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/reclaim.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "badnessd/engine/kernel26.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using test::snapshot_of;
using test::user_task;

// The verdict on the first of these tasks alone.
Verdict estimated(const std::vector<Task>& tasks, Kib swap_used_kib,
                  Kib others_shmem_kib) {
  Snapshot snapshot = snapshot_of(tasks);
  estimate_reclaim(snapshot, 0, swap_used_kib, others_shmem_kib);
  return snapshot.verdicts[0];
}

// What is certain, given how much shared memory others map.
Kib certain(const Task& task, Kib others_shmem_kib) {
  return estimated({task}, 0, others_shmem_kib).reclaim_kib;
}

TEST(Reclaim, IsAnonymousMemoryAndSwap) {
  Task task = user_task(10, 16'777'216);  // reserved space is nothing
  task.rss = 5000;                        // nor is what belongs to files
  task.rss_anon_kib = 3000;
  task.swap_kib = 400;
  EXPECT_EQ(certain(task, 0), 3400U);
}

TEST(Reclaim, SharedMemoryThatOthersMayMapIsNotCounted) {
  Task task = user_task(10, 1000);
  task.rss_anon_kib = 100;
  task.rss_shmem_kib = 500;
  // Two others have 200 together: 300 of it cannot be theirs.
  EXPECT_EQ(certain(task, 200), 400U);
  // The others have as much or more: none is its own for certain.
  EXPECT_EQ(certain(task, 500), 100U);
  EXPECT_EQ(certain(task, 4500), 100U);
}

TEST(Reclaim, SharedMemoryOfTheOnlyOneIsItsOwn) {
  Task task = user_task(10, 1000);
  task.rss_shmem_kib = 500;
  EXPECT_EQ(certain(task, 0), 500U);
}

TEST(Reclaim, WhileSharedMemoryIsUnknownItIsPossibleAndNotCertain) {
  Task task = user_task(10, 1000);
  task.rss_anon_kib = 100;
  task.rss_shmem_kib = 500;
  Task unknown = user_task(11, 1000);
  unknown.detail = Detail::kCheap;
  unknown.rss = 1'000;
  const Verdict verdict = estimated({task, unknown}, 0, kUnknownKib);
  EXPECT_EQ(verdict.reclaim_kib, 100U);
  EXPECT_EQ(verdict.reclaim_most_kib, 600U);
}

TEST(Reclaim, OfACheapTaskIsAtMostWhatIsResidentAndAllUsedSwap) {
  Task task = user_task(10, 1000);
  task.detail = Detail::kCheap;
  task.rss = 25;
  const Verdict verdict = estimated({task}, 300, kUnknownKib);
  EXPECT_EQ(verdict.reclaim_kib, 0U);
  EXPECT_EQ(verdict.reclaim_most_kib, 400U);
}

// A family of three: 1000, 2000 and 4000 KiB, each the parent of the next.
Snapshot family(Detail detail, bool pid_ns_init) {
  std::vector<Task> tasks;
  for (std::int32_t pid = 10; pid < 13; ++pid) {
    Task task = user_task(pid, 100);
    task.rss_anon_kib = Kib{1000} << (pid - 10);
    task.rss = task.rss_anon_kib / 4;
    task.ppid = pid - 1;
    task.detail = detail;
    tasks.push_back(task);
  }
  tasks[0].pid_ns_init = pid_ns_init;
  return snapshot_of(tasks);
}

TEST(DiesWithIt, OfTheInitOfAPidNamespaceAllDescendants) {
  Snapshot snapshot = family(Detail::kFull, true);
  estimate_reclaim(snapshot, 0);
  EXPECT_EQ(snapshot.verdicts[0].reclaim_kib, 1000U);
  EXPECT_EQ(snapshot.verdicts[0].death_kib(), 7000U);
  EXPECT_EQ(snapshot.verdicts[1].death_kib(), 2000U);
}

TEST(DiesWithIt, OfAnyOtherNone) {
  Snapshot snapshot = family(Detail::kFull, false);
  estimate_reclaim(snapshot, 0);
  EXPECT_EQ(snapshot.verdicts[0].death_most_kib(), 1000U);
}

TEST(DiesWithIt, WhileItIsNotKnownItIsPossibleAndNotCertain) {
  Snapshot snapshot = family(Detail::kCheap, false);
  estimate_reclaim(snapshot, 0);
  EXPECT_EQ(snapshot.verdicts[0].death_most_kib(), 7000U);
  EXPECT_EQ(snapshot.verdicts[0].death_kib(), 0U);
}

TEST(DiesWithIt, ACircleOfParentsEnds) {
  Snapshot snapshot = family(Detail::kCheap, false);
  snapshot.tasks[0].ppid = 12;
  link_children(snapshot);
  estimate_reclaim(snapshot, 0);
  EXPECT_GE(snapshot.verdicts[0].death_most_kib(), 7000U);
}

TEST(Reclaim, OfATaskWithoutMmIsNothing) {
  Task zombie = user_task(10, 1000);
  zombie.has_mm = false;
  zombie.swap_kib = 5;
  const Verdict verdict = estimated({zombie}, 300, 0);
  EXPECT_EQ(verdict.reclaim_kib, 0U);
  EXPECT_EQ(verdict.reclaim_most_kib, 0U);
}

// Two processes with shared memory, and a kernel thread, which has none.
Snapshot two_with_shared_memory(Detail second_detail) {
  Task first = user_task(10, 1);
  Task second = user_task(11, 1);
  Task thread = test::kernel_thread(2);
  first.rss_shmem_kib = 300;
  second.rss_shmem_kib = 50;
  second.detail = second_detail;
  thread.detail = Detail::kCheap;
  Snapshot snapshot = snapshot_of({first, second, thread});
  estimate_reclaim(snapshot, 0);
  return snapshot;
}

TEST(Reclaim, TakesAllTasksSharedMemoryTogether) {
  Snapshot snapshot = two_with_shared_memory(Detail::kFull);
  EXPECT_EQ(test::verdict_of(snapshot, 10).reclaim_kib, 250U);
  EXPECT_EQ(test::verdict_of(snapshot, 10).reclaim_most_kib, 250U);
  EXPECT_EQ(test::verdict_of(snapshot, 11).reclaim_kib, 0U);
}

Task sharing(std::int32_t pid, const char* name, Kib shmem_kib) {
  Task task = user_task(pid, 1);
  task.comm = {};
  std::string_view(name).copy(task.comm.data(), task.comm.size() - 1);
  task.rss_shmem_kib = shmem_kib;
  return task;
}

// Four processes of one name map one segment, not four.
TEST(Reclaim, ALeakInSharedMemoryIsItsOwnBesideASegmentOfOthers) {
  Snapshot snapshot = snapshot_of(
      {sharing(10, "pg", 205), sharing(11, "pg", 205), sharing(12, "pg", 204),
       sharing(13, "pg", 205), sharing(20, "hog", 667), sharing(21, "x", 0)});
  estimate_reclaim(snapshot, 0);
  EXPECT_EQ(test::verdict_of(snapshot, 20).reclaim_kib, 462U);
  EXPECT_EQ(test::verdict_of(snapshot, 10).reclaim_kib, 0U);
  EXPECT_EQ(test::verdict_of(snapshot, 21).reclaim_kib, 0U);
}

TEST(Reclaim, OfMoreNamesThanThereIsRoomForEachCountsByItself) {
  std::vector<Task> tasks;
  for (std::int32_t pid = 10; pid < 2010; ++pid) {
    tasks.push_back(sharing(pid, ("n" + std::to_string(pid)).c_str(), 10));
  }
  tasks.push_back(sharing(5000, "hog", 50'000));
  Snapshot snapshot = snapshot_of(tasks);
  estimate_reclaim(snapshot, 0);
  EXPECT_EQ(test::verdict_of(snapshot, 5000).reclaim_kib, 30'000U);
  EXPECT_EQ(test::verdict_of(snapshot, 10).reclaim_kib, 0U);
}

TEST(Reclaim, ADeadLeaderHidesItsThreadsSharedMemory) {
  Task first = user_task(10, 1);
  first.rss_shmem_kib = 300;
  Task dead_leader = user_task(11, 1);
  dead_leader.has_mm = false;
  dead_leader.mm_threads = 2;
  Snapshot snapshot = snapshot_of({first, dead_leader});
  estimate_reclaim(snapshot, 0);
  EXPECT_EQ(test::verdict_of(snapshot, 10).reclaim_kib, 0U);
}

TEST(Reclaim, OneThatIsUnknownCanMapAsMuchAsIsResident) {
  Snapshot snapshot = two_with_shared_memory(Detail::kCheap);
  test::task_of(snapshot, 11).rss = 40;
  const auto first = static_cast<std::uint32_t>(find_task(snapshot, 10));
  estimate_reclaim(snapshot, first, 0, kUnknownKib);
  EXPECT_EQ(snapshot.verdicts[first].reclaim_kib, 140U);
  EXPECT_EQ(snapshot.verdicts[first].reclaim_most_kib, 300U);
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
  estimate_reclaim(snapshot, 0);
  EXPECT_EQ(verdict_of(10).reclaim_kib, 0U);
  EXPECT_EQ(verdict_of(11).reclaim_kib, 1'000U);
  EXPECT_EQ(verdict_of(11).reclaim_most_kib, 1'000U);
}

TEST_F(Preloaded, WhatAWorkerGrowsByIsItsOwn) {
  of(12).rss_anon_kib += 500'000;
  estimate_reclaim(snapshot, 0);
  EXPECT_EQ(verdict_of(12).reclaim_kib, 501'000U);
  EXPECT_EQ(verdict_of(10).reclaim_kib, 0U);
}

TEST_F(Preloaded, WhatTheParentGrowsByIsItsOwn) {
  of(10).rss_anon_kib += 500'000;
  estimate_reclaim(snapshot, 0);
  EXPECT_EQ(verdict_of(10).reclaim_kib, 499'000U);
}

TEST_F(Preloaded, OneThatHasExecedHasNothingInCommon) {
  of(11).flags = 0;
  estimate_reclaim(snapshot, 0);
  EXPECT_EQ(verdict_of(11).reclaim_kib, kLoaded + 1'000);
}

TEST_F(Preloaded, WhileTheParentIsNotReadItIsPossibleAndNotCertain) {
  of(10).detail = Detail::kCheap;
  estimate_reclaim(snapshot, 0);
  EXPECT_EQ(verdict_of(11).reclaim_kib,
            1'000U);  // at most what is resident is common
  EXPECT_EQ(verdict_of(11).reclaim_most_kib, kLoaded + 1'000);
}

TEST_F(Preloaded, ANewWorkerTookWhatItHasBeyondItsParent) {
  compare_with_note();
  of(18).rss_anon_kib = kLoaded + 70'000;
  estimate_reclaim(snapshot, 0);
  EXPECT_EQ(verdict_of(18).took_kib, 70'000U);
  EXPECT_EQ(verdict_of(11).took_kib, 0U);
  EXPECT_EQ(verdict_of(10).took_kib, 0U);
}

TEST_F(Preloaded, WhatTheParentGaveBackSinceTheForkNoWorkerTook) {
  compare_with_note();
  of(10).rss_anon_kib = 50'000;
  estimate_reclaim(snapshot, 0);
  EXPECT_EQ(verdict_of(18).took_kib, 1'000U);
}

// A worker that writes what it was forked with copies it: what it maps does not
// grow.
TEST_F(Preloaded, WhatAWorkerCopiedItTookAndGivesBack) {
  compare_with_note();
  of(11).copied_kib = 200'000;
  of(11).shared_most_kib = kLoaded - 200'000;
  estimate_reclaim(snapshot, 0);
  EXPECT_EQ(verdict_of(11).took_kib, 200'000U);
  EXPECT_EQ(verdict_of(11).reclaim_kib, 201'000U);
  EXPECT_EQ(verdict_of(11).reclaim_most_kib, 201'000U);
  EXPECT_EQ(verdict_of(12).took_kib, 0U);
  EXPECT_EQ(verdict_of(12).reclaim_kib, 1'000U);
}

TEST_F(Preloaded, WhatItHadCopiedBeforeItDidNotTakeSince) {
  compare_with_note();
  of(11).copied_kib = 200'000;
  of(11).then->private_kib += 150'000;
  estimate_reclaim(snapshot, 0);
  EXPECT_EQ(verdict_of(11).took_kib, 50'000U);
}

TEST_F(Preloaded, ANewWorkerTookWhatItCopied) {
  compare_with_note();
  of(18).copied_kib = 200'000;
  estimate_reclaim(snapshot, 0);
  EXPECT_EQ(verdict_of(18).took_kib, 201'000U);
}

TEST_F(Preloaded, NoneTookMoreThanItHolds) {
  compare_with_note();
  of(11).copied_kib = 2 * kLoaded;
  estimate_reclaim(snapshot, 0);
  EXPECT_EQ(verdict_of(11).took_kib, kLoaded + 1'000);
  of(11).detail = Detail::kCheap;
  estimate_reclaim(snapshot, 0);
  EXPECT_GE(verdict_of(11).took_most_kib, kLoaded + 1'000);
}

// Their parent is gone: they have the pages in common still.
TEST_F(Preloaded, OrphansGiveBackWhatIsTheirOwn) {
  for (std::int32_t pid = 11; pid < 19; ++pid) {
    of(pid).ppid = 1;
  }
  snapshot.tasks.erase(snapshot.tasks.begin());
  link_children(snapshot);
  begin_verdicts(snapshot);
  estimate_reclaim(snapshot, 0);
  EXPECT_EQ(verdict_of(11).reclaim_kib, 0U);
  of(12).rss_anon_kib += 50'000;
  estimate_reclaim(snapshot, 0);
  EXPECT_EQ(verdict_of(12).reclaim_kib, 50'000U);
}

// A parent of another name, as a launcher or a master has, is no sign of that.
TEST_F(Preloaded, WorkersOfALivingParentAreNotComparedWithEachOther) {
  of(10).comm = {"master"};
  of(10).rss_anon_kib = 2'000;
  estimate_reclaim(snapshot, 0);
  EXPECT_EQ(verdict_of(11).reclaim_kib, kLoaded - 1'000);
}

// With nothing in common with a child any more the parent gives back all.
TEST_F(Preloaded, AParentWhoseWorkersHaveCopiedAllGivesBackAll) {
  for (std::int32_t pid = 11; pid < 19; ++pid) {
    of(pid).shared_most_kib = 0;
  }
  estimate_reclaim(snapshot, 0);
  EXPECT_EQ(verdict_of(10).reclaim_kib, kLoaded);
}

// What `task` took since it held `then`.
Verdict compared(Task task, std::optional<Holding> then,
                 Kib others_shmem_kib = kUnknownKib) {
  task.then = then;
  Snapshot snapshot = snapshot_of({task});
  snapshot.baseline_age_s = 10;
  estimate_reclaim(snapshot, 0, 0, others_shmem_kib);
  return snapshot.verdicts[0];
}

TEST(Took, IsWhatItHoldsBeyondWhatItHeld) {
  const Task task = test::holding(10, 100'000, 5'000);
  EXPECT_EQ(compared(task, Holding{3'000, 0}).took_kib, 2'000U);
  EXPECT_EQ(compared(task, Holding{9'000, 0}).took_kib, 0U);
  EXPECT_EQ(compared(task, std::nullopt).took_kib, 5'000U);
}

TEST(Took, WithoutABaselineIsNothing) {
  const Task task = test::holding(10, 100'000, 5'000);
  EXPECT_EQ(estimated({task}, 0, 0).took_most_kib, 0U);
}

TEST(Took, OfSharedMemoryCountsWhatIsItsOwn) {
  Task task = test::holding(10, 100'000, 5'000);
  task.rss_shmem_kib = 2'000;
  EXPECT_EQ(compared(task, Holding{5'000, 500}, 0).took_kib, 1'500U);
  EXPECT_EQ(compared(task, Holding{5'000, 500}, 2'000).took_kib, 0U);
  const Verdict alone = compared(task, Holding{5'000, 500});
  EXPECT_EQ(alone.took_kib, 1'500U);
  EXPECT_EQ(alone.took_most_kib, 1'500U);
}

TEST(Took, OfACheapTaskIsAtMostAllThatIsResidentAndItsSwap) {
  Task task = test::holding(10, 100'000, 0);
  task.detail = Detail::kCheap;
  task.rss = 1'000;
  task.swap_most_kib = 300;
  task.then = Holding{1'000, 200};
  Snapshot snapshot = snapshot_of({task});
  snapshot.baseline_age_s = 10;
  estimate_reclaim(snapshot, 0, 50'000, kUnknownKib);
  EXPECT_EQ(snapshot.verdicts[0].took_kib, 0U);
  EXPECT_EQ(snapshot.verdicts[0].took_most_kib, 3'100U);
}

}  // namespace
}  // namespace badnessd
