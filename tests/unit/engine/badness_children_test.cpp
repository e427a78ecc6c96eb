// SPDX-License-Identifier: GPL-2.0-only
// badness.h, second part: what children add, the ledger.
#include <cstdint>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "badnessd/engine/badness.h"
#include "badnessd/engine/kernel26.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using test::kMostPoints;
using test::scored;
using test::snapshot_of;
using test::user_task;
using test::verdict_of;

Task child(std::int32_t pid, Pages total_vm) {
  Task task = user_task(pid, total_vm);
  task.ppid = 10;
  return task;
}

// The score of a task of 1000 pages, pid 10, that has `children`.
Points with_children(std::vector<Task> children) {
  children.push_back(user_task(10, 1000));
  Snapshot snapshot = scored(std::move(children));
  return verdict_of(snapshot, 10).points;
}

TEST(BadnessChildren, EachAddsHalfAndOne) {
  EXPECT_EQ(with_children({child(11, 100)}), 1051U);
  EXPECT_EQ(with_children({child(11, 101)}), 1051U);
  EXPECT_EQ(with_children({child(11, 100), child(12, 1)}), 1052U);
}

TEST(BadnessChildren, EveryThreadOfAChildCounts) {
  Task threaded = child(11, 100);
  threaded.mm_threads = 300;
  EXPECT_EQ(with_children({threaded}), 1000U + 300 * 51);
}

TEST(BadnessChildren, ChildWithoutMmAddsNothing) {
  Task zombie = child(11, 0);
  zombie.has_mm = false;
  zombie.mm_threads = 0;
  EXPECT_EQ(with_children({zombie}), 1000U);
}

TEST(BadnessChildren, ChildWithADeadLeaderCountsItsLiveThreads) {
  Task dead_leader = child(11, 100);
  dead_leader.has_mm = false;
  dead_leader.mm_threads = 2;
  EXPECT_EQ(with_children({dead_leader}), 1102U);
}

TEST(BadnessChildren, ExemptChildCountsAllTheSame) {
  Task exempt = child(11, 100);
  exempt.oom_adj = kOomDisable;
  EXPECT_EQ(with_children({exempt}), 1051U);
}

TEST(BadnessChildren, GrandchildrenDoNotCount) {
  Task grandchild = user_task(12, 5000);
  grandchild.ppid = 11;
  EXPECT_EQ(with_children({child(11, 100), grandchild}), 1051U);
}

TEST(BadnessChildren, ChildSharingMmAddsNothing) {
  Snapshot snapshot =
      snapshot_of({user_task(10, 1000), child(11, 1000), child(12, 100)});
  snapshot.children.at(0).shares_mm = true;
  score_all(snapshot, {});
  EXPECT_EQ(verdict_of(snapshot, 10).points, 1051U);
}

TEST(BadnessChildren, AreAddedBeforeAnythingDivides) {
  Task parent = user_task(10, 3);
  parent.cap_effective = kCapSysAdmin;
  Snapshot snapshot = scored({parent, child(11, 0)});
  EXPECT_EQ(verdict_of(snapshot, 10).points, 1U);  // (3 + 1) / 4
}

TEST(BadnessChildren, DoNotHelpAParentWithoutMm) {
  Task parent = user_task(10, 0);
  parent.has_mm = false;
  Snapshot snapshot = scored({parent, child(11, 100)});
  EXPECT_EQ(verdict_of(snapshot, 10).points, 0U);
}

TEST(BadnessChildren, SumWrapsAsTheKernelsDoes) {
  Task huge = child(11, kMostPoints);
  huge.mm_threads = 2;  // 2 x 2^63 is 0 in 64 bits
  EXPECT_EQ(with_children({huge}), 1000U);
}

TEST(ChildPoints, AreHalfAndOneForEachThread) {
  Task threaded = child(12, 100);
  threaded.mm_threads = 3;
  const Snapshot snapshot = snapshot_of({child(11, 101), threaded});
  EXPECT_EQ(child_points(snapshot, {.task = 0}), 51U);
  EXPECT_EQ(child_points(snapshot, {.task = 1}), 153U);
  EXPECT_EQ(child_points(snapshot, {.task = 1, .shares_mm = true}), 0U);
}

// Everything at once: a family whose parent has all the rules.
Snapshot eventful() {
  Task task = user_task(10, 1'000'000);
  task.id.start_time = 0;
  task.cpu_jiffies = 9U << 11;
  task.nice = 10;
  task.cap_effective = kCapSysAdmin | kCapSysRawio;
  task.mems_intersect = false;
  task.oom_adj = 2;
  return snapshot_of({task, child(11, 100)}, 16ULL * 1024);
}

TEST(Ledger, HasTheStepsInTheOrderOf2632) {
  Snapshot snapshot = eventful();
  const Score score =
      badness(snapshot, snapshot.judged(find_task(snapshot, 10)), {});
  const std::vector<std::pair<Factor, Op>> expected{
      {Factor::kTotalVm, Op::kSet},      {Factor::kChildren, Op::kAdd},
      {Factor::kCpuTime, Op::kDivide},   {Factor::kRunTime, Op::kDivide},
      {Factor::kNice, Op::kMultiply},    {Factor::kSysAdmin, Op::kDivide},
      {Factor::kSysRawio, Op::kDivide},  {Factor::kMemsAllowed, Op::kDivide},
      {Factor::kOomAdj, Op::kShiftLeft},
  };
  std::vector<std::pair<Factor, Op>> actual;
  for (const Step& step : score.steps()) {
    actual.emplace_back(step.factor, step.op);
  }
  EXPECT_EQ(actual, expected);
}

TEST(Ledger, EachStepBeginsWhereTheLastOneEnded) {
  Snapshot snapshot = eventful();
  const Score score =
      badness(snapshot, snapshot.judged(find_task(snapshot, 10)), {});
  Points points = 0;
  for (const Step& step : score.steps()) {
    EXPECT_EQ(step.before, points);
    points = step.after;
  }
  // ((1000000 + 51) / 3 / 2 x 2 / 4 / 4 / 8) << 2, truncated at each step.
  EXPECT_EQ(points, 10416U);
  EXPECT_EQ(score.points(), 10416U);
}

TEST(Ledger, LeavesOutWhatDoesNotApply) {
  const Snapshot snapshot = snapshot_of({user_task(10, 1000)});
  const Score score = badness(snapshot, snapshot.judged(0), {});
  ASSERT_EQ(score.steps().size(), 1U);
  EXPECT_EQ(score.steps()[0].factor, Factor::kTotalVm);
  EXPECT_EQ(score.steps()[0].operand, 1000U);
}

TEST(Ledger, SaysWhyAScoreIsZero) {
  Task exempt = user_task(10, 1000);
  exempt.oom_adj = kOomDisable;
  const Snapshot snapshot = snapshot_of({exempt, test::kernel_thread(11)});
  const Score first = badness(snapshot, snapshot.judged(0), {});
  ASSERT_EQ(first.steps().size(), 1U);
  EXPECT_EQ(first.steps()[0].factor, Factor::kExempt);
  const Score second = badness(snapshot, snapshot.judged(1), {});
  ASSERT_EQ(second.steps().size(), 1U);
  EXPECT_EQ(second.steps()[0].factor, Factor::kNoMm);
}

TEST(Ledger, WritesDownTheOneThatIsShifted) {
  Task task = user_task(10, 0);
  task.oom_adj = 4;
  const Snapshot snapshot = snapshot_of({task});
  const Score score = badness(snapshot, snapshot.judged(0), {});
  ASSERT_EQ(score.steps().size(), 3U);
  EXPECT_EQ(score.steps()[1].op, Op::kAtLeast);
  EXPECT_EQ(score.steps()[1].after, 1U);
  EXPECT_EQ(score.steps()[2].after, 16U);
}

TEST(Ledger, OfNoStepsIsZero) {
  EXPECT_EQ(Score().points(), 0U);
}

}  // namespace
}  // namespace badnessd
