// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/task.h"

#include <cstdint>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "badnessd/engine/kernel26.h"
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

TEST(FirstVerdict, IsThatOfTheFactsAlone) {
  Task task = user_task(10, 5);
  task.oom_adj = 3;
  EXPECT_EQ(first_verdict(task, Threads::kLeader).oom_adj, 3);
  EXPECT_TRUE(first_verdict(task, Threads::kLeader).has_mm);
}

TEST(FirstVerdict, ALiveThreadStandsForALeaderThatHasExited) {
  Task task = user_task(10, 5);
  task.has_mm = false;
  EXPECT_FALSE(first_verdict(task, Threads::kAnyLive).has_mm);
  task.live_tid = 12;
  EXPECT_TRUE(first_verdict(task, Threads::kAnyLive).has_mm);
  EXPECT_FALSE(first_verdict(task, Threads::kLeader).has_mm);
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

}  // namespace
}  // namespace badnessd
