// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/task.h"

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "snapshots.h"

namespace badnessd {
namespace {

using test::children_of;
using test::snapshot_of;
using test::task_of;
using test::user_task;
using Pids = std::vector<std::int32_t>;

Task child_of(std::int32_t parent, std::int32_t pid, std::uint64_t start) {
  Task task = user_task(pid, 10);
  task.ppid = parent;
  task.id.start_time = start;
  return task;
}

TEST(Task, NameEndsAtTheNul) {
  Task task;
  EXPECT_EQ(task.name(), "");
  std::string_view("nginx").copy(task.comm.data(), 5);
  EXPECT_EQ(task.name(), "nginx");
}

TEST(Task, IdIsPidAndStartTime) {
  EXPECT_EQ((TaskId{7, 100}), (TaskId{7, 100}));
  EXPECT_NE((TaskId{7, 100}), (TaskId{7, 101}));
  EXPECT_NE((TaskId{7, 100}), (TaskId{8, 100}));
}

TEST(FindTask, FindsEachAndNothingElse) {
  const Snapshot snapshot =
      snapshot_of({user_task(1, 1), user_task(5, 1), user_task(4194304, 1)});
  EXPECT_EQ(find_task(snapshot, 1), 0U);
  EXPECT_EQ(find_task(snapshot, 5), 1U);
  EXPECT_EQ(find_task(snapshot, 4194304), 2U);
  for (const std::int32_t absent : {-1, 0, 2, 6, 4194303, 4194305}) {
    EXPECT_EQ(find_task(snapshot, absent), 3U) << absent;
  }
}

TEST(FindTask, InNoTasksIsTheEnd) {
  EXPECT_EQ(find_task(Snapshot{}, 1), 0U);
}

TEST(LinkChildren, InOrderOfCreationNotOfPids) {
  // Pids have wrapped: 300 is the oldest.
  Snapshot snapshot =
      snapshot_of({user_task(1, 1), child_of(1, 20, 900), child_of(1, 30, 700),
                   child_of(1, 300, 500)});
  EXPECT_EQ(children_of(snapshot, task_of(snapshot, 1)), (Pids{300, 30, 20}));
}

TEST(LinkChildren, WithinOneTickByPid) {
  Snapshot snapshot = snapshot_of(
      {user_task(1, 1), child_of(1, 12, 500), child_of(1, 11, 500)});
  EXPECT_EQ(children_of(snapshot, task_of(snapshot, 1)), (Pids{11, 12}));
}

TEST(LinkChildren, GrandchildrenAreNotChildren) {
  Snapshot snapshot =
      snapshot_of({user_task(1, 1), child_of(1, 10, 10), child_of(10, 11, 11)});
  EXPECT_EQ(children_of(snapshot, task_of(snapshot, 1)), Pids{10});
  EXPECT_EQ(children_of(snapshot, task_of(snapshot, 10)), Pids{11});
  EXPECT_EQ(children_of(snapshot, task_of(snapshot, 11)), Pids{});
}

TEST(LinkChildren, ParentsOutsideOfTheSnapshotAreNobody) {
  Snapshot snapshot = snapshot_of(
      {child_of(0, 1, 1), child_of(99, 10, 10), child_of(-1, 11, 11)});
  EXPECT_TRUE(snapshot.children.empty());
}

TEST(LinkChildren, AgainAfterAChangeLeavesNothingOfBefore) {
  Snapshot snapshot =
      snapshot_of({user_task(1, 1), user_task(2, 1), child_of(1, 10, 10)});
  task_of(snapshot, 10).ppid = 2;
  link_children(snapshot);
  EXPECT_EQ(children_of(snapshot, task_of(snapshot, 1)), Pids{});
  EXPECT_EQ(children_of(snapshot, task_of(snapshot, 2)), Pids{10});
  EXPECT_EQ(snapshot.children.size(), 1U);
}

TEST(LinkChildren, ChildrenShareNoMmUntilThatIsKnown) {
  const Snapshot snapshot = snapshot_of({user_task(1, 1), child_of(1, 10, 10)});
  EXPECT_FALSE(snapshot.children.at(0).shares_mm);
}

TEST(TaskList, EarlierStartIsEarlier) {
  EXPECT_TRUE(earlier_in_task_list(child_of(1, 9, 10), child_of(1, 5, 11)));
  EXPECT_FALSE(earlier_in_task_list(child_of(1, 5, 11), child_of(1, 9, 10)));
}

TEST(TaskList, WithinOneTickTheLowerPidIsEarlier) {
  EXPECT_TRUE(earlier_in_task_list(child_of(1, 5, 10), child_of(1, 9, 10)));
  EXPECT_FALSE(earlier_in_task_list(child_of(1, 9, 10), child_of(1, 5, 10)));
  EXPECT_FALSE(earlier_in_task_list(child_of(1, 5, 10), child_of(1, 5, 10)));
}

// What is certain, given how much shared memory others map.
Kib certain(Task task, Kib others_shmem_kib) {
  estimate_reclaim(task, snapshot_of({task}), 0, others_shmem_kib);
  return task.reclaim_kib;
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
  estimate_reclaim(task, snapshot_of({task}), 0, kUnknownKib);
  EXPECT_EQ(task.reclaim_kib, 100U);
  EXPECT_EQ(task.reclaim_most_kib, 600U);
}

TEST(Reclaim, OfACheapTaskIsAtMostWhatIsResidentAndAllUsedSwap) {
  Task task = user_task(10, 1000);
  task.detail = Detail::kCheap;
  task.rss = 25;
  estimate_reclaim(task, snapshot_of({task}), 300, kUnknownKib);
  EXPECT_EQ(task.reclaim_kib, 0U);
  EXPECT_EQ(task.reclaim_most_kib, 400U);
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
  EXPECT_EQ(snapshot.tasks[0].reclaim_kib, 1000U);
  EXPECT_EQ(snapshot.tasks[0].death_kib(), 7000U);
  EXPECT_EQ(snapshot.tasks[1].death_kib(), 2000U);
}

TEST(DiesWithIt, OfAnybodyElseNobodyUnlessFamiliesAreKilled) {
  Snapshot snapshot = family(Detail::kFull, false);
  estimate_reclaim(snapshot, 0);
  EXPECT_EQ(snapshot.tasks[0].death_most_kib(), 1000U);
  estimate_reclaim(snapshot, 0, DiesWith::kFamily);
  EXPECT_EQ(snapshot.tasks[0].death_kib(), 7000U);
  EXPECT_EQ(snapshot.tasks[1].death_kib(), 6000U);
}

TEST(DiesWithIt, WhileItIsNotKnownItIsPossibleAndNotCertain) {
  Snapshot snapshot = family(Detail::kCheap, false);
  estimate_reclaim(snapshot, 0);
  EXPECT_EQ(snapshot.tasks[0].death_most_kib(), 7000U);
  EXPECT_EQ(snapshot.tasks[0].death_kib(), 0U);
}

TEST(DiesWithIt, ACircleOfParentsEnds) {
  Snapshot snapshot = family(Detail::kCheap, false);
  snapshot.tasks[0].ppid = 12;
  link_children(snapshot);
  estimate_reclaim(snapshot, 0);
  EXPECT_GE(snapshot.tasks[0].death_most_kib(), 7000U);
}

TEST(Reclaim, OfWhoHasNoMmIsNothing) {
  Task zombie = user_task(10, 1000);
  zombie.has_mm = false;
  zombie.swap_kib = 5;
  estimate_reclaim(zombie, snapshot_of({zombie}), 300, 0);
  EXPECT_EQ(zombie.reclaim_kib, 0U);
  EXPECT_EQ(zombie.reclaim_most_kib, 0U);
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
  EXPECT_EQ(test::task_of(snapshot, 10).reclaim_kib, 250U);
  EXPECT_EQ(test::task_of(snapshot, 10).reclaim_most_kib, 250U);
  EXPECT_EQ(test::task_of(snapshot, 11).reclaim_kib, 0U);
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
  EXPECT_EQ(test::task_of(snapshot, 20).reclaim_kib, 462U);
  EXPECT_EQ(test::task_of(snapshot, 10).reclaim_kib, 0U);
  EXPECT_EQ(test::task_of(snapshot, 21).reclaim_kib, 0U);
}

TEST(Reclaim, OfMoreNamesThanThereIsRoomForEachCountsByItself) {
  std::vector<Task> tasks;
  for (std::int32_t pid = 10; pid < 2010; ++pid) {
    tasks.push_back(sharing(pid, ("n" + std::to_string(pid)).c_str(), 10));
  }
  tasks.push_back(sharing(5000, "hog", 50'000));
  Snapshot snapshot = snapshot_of(tasks);
  estimate_reclaim(snapshot, 0);
  EXPECT_EQ(test::task_of(snapshot, 5000).reclaim_kib, 30'000U);
  EXPECT_EQ(test::task_of(snapshot, 10).reclaim_kib, 0U);
}

TEST(Reclaim, ADeadLeaderHidesItsThreadsSharedMemory) {
  Task first = user_task(10, 1);
  first.rss_shmem_kib = 300;
  Task dead_leader = user_task(11, 1);
  dead_leader.has_mm = false;
  dead_leader.mm_threads = 2;
  Snapshot snapshot = snapshot_of({first, dead_leader});
  estimate_reclaim(snapshot, 0);
  EXPECT_EQ(test::task_of(snapshot, 10).reclaim_kib, 0U);
}

TEST(Reclaim, WhileOneIsUnknownNobodyHasAnyOfItsOwn) {
  Snapshot snapshot = two_with_shared_memory(Detail::kCheap);
  EXPECT_EQ(test::task_of(snapshot, 10).reclaim_kib, 0U);
  EXPECT_EQ(test::task_of(snapshot, 10).reclaim_most_kib, 300U);
}

}  // namespace
}  // namespace badnessd
