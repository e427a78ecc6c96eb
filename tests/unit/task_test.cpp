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

TEST(Reclaim, IsAnonymousMemoryAndSwap) {
  Task task = user_task(10, 16'777'216);  // reserved space is nothing
  task.rss = 5000;                        // nor is what belongs to files
  task.rss_anon_kib = 3000;
  task.swap_kib = 400;
  EXPECT_EQ(reclaim_kib(task, 0), 3400U);
}

TEST(Reclaim, SharedMemoryThatOthersMayMapIsNotCounted) {
  Task task = user_task(10, 1000);
  task.rss_anon_kib = 100;
  task.rss_shmem_kib = 500;
  // Two others have 200 together: 300 of it cannot be theirs.
  EXPECT_EQ(reclaim_kib(task, 700), 400U);
  // The others have as much or more: none is its own for certain.
  EXPECT_EQ(reclaim_kib(task, 1000), 100U);
  EXPECT_EQ(reclaim_kib(task, 5000), 100U);
}

TEST(Reclaim, SharedMemoryOfTheOnlyOneIsItsOwn) {
  Task task = user_task(10, 1000);
  task.rss_shmem_kib = 500;
  EXPECT_EQ(reclaim_kib(task, 500), 500U);
}

TEST(Reclaim, TotalThatIsBehindTheTaskDoesNotWrap) {
  // The sum was made before the task grew.
  Task task = user_task(10, 1000);
  task.rss_shmem_kib = 500;
  EXPECT_EQ(reclaim_kib(task, 0), 500U);
}

TEST(AllRssShmem, IsTheSum) {
  Task first = user_task(10, 1);
  Task second = user_task(11, 1);
  first.rss_shmem_kib = 300;
  second.rss_shmem_kib = 50;
  EXPECT_EQ(all_rss_shmem_kib(snapshot_of({first, second})), 350U);
  EXPECT_EQ(all_rss_shmem_kib(Snapshot{}), 0U);
}

TEST(AllRssShmem, WhileOneIsUnknownNobodyHasAnyOfItsOwn) {
  Task first = user_task(10, 1);
  first.rss_shmem_kib = 300;
  Task unknown = user_task(11, 1);
  unknown.detail = Detail::kCheap;
  const Snapshot snapshot = snapshot_of({first, unknown});
  EXPECT_EQ(reclaim_kib(first, all_rss_shmem_kib(snapshot)), 0U);
}

TEST(AllRssShmem, OfADeadLeaderWhoseThreadsLiveIsUnknown) {
  Task first = user_task(10, 1);
  first.rss_shmem_kib = 300;
  Task dead_leader = user_task(11, 1);
  dead_leader.has_mm = false;
  dead_leader.mm_threads = 2;
  const Snapshot snapshot = snapshot_of({first, dead_leader});
  EXPECT_EQ(reclaim_kib(first, all_rss_shmem_kib(snapshot)), 0U);
}

TEST(AllRssShmem, DoesNotNeedThoseWhoHaveNoMm) {
  Task first = user_task(10, 1);
  first.rss_shmem_kib = 300;
  Task thread = test::kernel_thread(2);
  thread.detail = Detail::kCheap;
  EXPECT_EQ(all_rss_shmem_kib(snapshot_of({first, thread})), 300U);
}

TEST(Reclaim, OfACheapTaskIsNothing) {
  Task task;
  task.has_mm = true;
  task.total_vm = 1000;
  task.rss = 900;
  EXPECT_EQ(reclaim_kib(task, 0), 0U);
}

}  // namespace
}  // namespace badnessd
