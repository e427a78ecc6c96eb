// SPDX-License-Identifier: GPL-2.0-only
// mm/oom_kill.c: badness(), in the order of its operations: a group of
// tests for each of its rules.
#include "badnessd/engine/badness.h"

#include <cstdint>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "badnessd/engine/kernel26.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using test::kMostPoints;
using test::snapshot_of;
using test::user_task;

// The score of `task` alone.
Points points_of(const Task& task, std::uint64_t uptime_s = 0,
                 const ScoreModel& model = {}) {
  const Snapshot snapshot = snapshot_of({task}, uptime_s);
  return badness(snapshot, snapshot.judged(0), model).points();
}

TEST(BadnessOomDisable, IsZeroBeforeAnythingElse) {
  Task task = user_task(10, 1000);
  task.oom_adj = -17;
  task.pf_oom_origin = true;
  EXPECT_EQ(points_of(task), 0U);
}

TEST(BadnessOomDisable, MinusSixteenIsNotDisabled) {
  Task task = user_task(10, 1ULL << 20);
  task.oom_adj = -16;
  EXPECT_EQ(points_of(task), 16U);
}

TEST(BadnessNoMm, IsZeroWhateverElseHolds) {
  Task task = user_task(10, 1000);
  task.has_mm = false;
  task.pf_oom_origin = true;
  task.oom_adj = 15;
  EXPECT_EQ(points_of(task), 0U);
}

TEST(BadnessMemory, IsTotalVmAndNotRss) {
  Task task = user_task(10, 16'777'216);
  task.rss = 1024;
  EXPECT_EQ(points_of(task), 16'777'216U);
}

TEST(BadnessOomOrigin, IsTheMaximumAndEnds) {
  Task task = user_task(10, 1000);
  task.pf_oom_origin = true;
  task.cap_effective = kCapSysAdmin;
  task.mems_intersect = false;
  task.oom_adj = -16;
  EXPECT_EQ(points_of(task), kMostPoints);
}

TEST(BadnessOomOrigin, TheFlagBitAloneMeansNothing) {
  // It is the source that knows whether the kernel is one that means it.
  Task task = user_task(10, 1000);
  task.flags = kPfOomOrigin;
  EXPECT_EQ(points_of(task), 1000U);
}

TEST(BadnessCpuTime, BelowOneUnitDoesNothing) {
  Task task = user_task(10, 1000);
  task.cpu_jiffies = (1U << 11) - 1;  // SHIFT_HZ 8 + 3 at 250 Hz
  EXPECT_EQ(points_of(task), 1000U);
}

TEST(BadnessCpuTime, DividesByTheRootOfTheUnits) {
  Task task = user_task(10, 1000);
  task.cpu_jiffies = 1U << 11;  // one unit: the root is 1
  EXPECT_EQ(points_of(task), 1000U);
  task.cpu_jiffies = (4U << 11) - 1;
  EXPECT_EQ(points_of(task), 1000U);
  task.cpu_jiffies = 4U << 11;
  EXPECT_EQ(points_of(task), 500U);
  task.cpu_jiffies = 9U << 11;
  EXPECT_EQ(points_of(task), 333U);
}

TEST(BadnessCpuTime, UnitFollowsHz) {
  // Four units are 40.96 s at 100 Hz, 32.768 s at 250 and 1000 Hz and, as 300
  // has the shift of 250, 27.3 s at 300 Hz.
  const std::vector<std::pair<std::uint32_t, std::uint64_t>> four_units{
      {100, 4U << 10}, {250, 4U << 11}, {300, 4U << 11}, {1000, 4U << 13}};
  for (const auto& [hz, jiffies] : four_units) {
    Task task = user_task(10, 1000);
    task.cpu_jiffies = jiffies;
    EXPECT_EQ(points_of(task, 0, {.hz = hz}), 500U) << hz;
    task.cpu_jiffies = jiffies - 1;
    EXPECT_EQ(points_of(task, 0, {.hz = hz}), 1000U) << hz;
  }
}

TEST(BadnessCpuTime, LargestValueIsDefined) {
  Task task = user_task(10, kMostPoints);
  task.cpu_jiffies = kMostPoints;
  EXPECT_EQ(points_of(task), kMostPoints / int_sqrt(kMostPoints >> 11));
}

TEST(BadnessRunTime, BelowSixteenUnitsDividesByOne) {
  Task task = user_task(10, 1000);
  task.id.start_time = 0;
  EXPECT_EQ(points_of(task, 1023), 1000U);
  EXPECT_EQ(points_of(task, 16ULL * 1024 - 1), 1000U);
}

TEST(BadnessRunTime, DividesByTheFourthRoot) {
  Task task = user_task(10, 1000);
  task.id.start_time = 0;
  EXPECT_EQ(points_of(task, 16ULL * 1024), 500U);
  EXPECT_EQ(points_of(task, 81ULL * 1024 - 1), 500U);
  EXPECT_EQ(points_of(task, 81ULL * 1024), 333U);
}

TEST(BadnessRunTime, SecondsAreTruncatedBeforeTheyAreSubtracted) {
  Task task = user_task(10, 1000);
  // 100.99 s: 100 whole seconds. Subtracted first, it would be a unit less.
  task.id.start_time = 10099;
  EXPECT_EQ(points_of(task, 16ULL * 1024 + 100), 500U);
  task.id.start_time = 10100;
  EXPECT_EQ(points_of(task, 16ULL * 1024 + 100), 1000U);
}

TEST(BadnessRunTime, StartAfterUptimeIsNoRunTime) {
  Task task = user_task(10, 1000);
  task.id.start_time = 500'000;
  EXPECT_EQ(points_of(task, 100), 1000U);
  task.id.start_time = kMostPoints;
  EXPECT_EQ(points_of(task, 100), 1000U);
}

TEST(BadnessNice, PositiveDoubles) {
  Task task = user_task(10, 1000);
  for (const std::int32_t nice : {1, 10, 19}) {
    task.nice = nice;
    EXPECT_EQ(points_of(task), 2000U) << nice;
  }
}

TEST(BadnessNice, ZeroAndNegativeDoNothing) {
  Task task = user_task(10, 1000);
  for (const std::int32_t nice : {0, -1, -20}) {
    task.nice = nice;
    EXPECT_EQ(points_of(task), 1000U) << nice;
  }
}

TEST(BadnessNice, DoublesAfterTheTimesHaveDivided) {
  Task task = user_task(10, 1001);
  task.cpu_jiffies = 4U << 11;
  task.nice = 5;
  EXPECT_EQ(points_of(task), 1000U);  // 1001 x 2 / 2 would be 1001
}

TEST(BadnessCapabilities, SysAdminQuarters) {
  Task task = user_task(10, 1000);
  task.cap_effective = kCapSysAdmin;
  EXPECT_EQ(points_of(task), 250U);
}

TEST(BadnessCapabilities, SysResourceQuarters) {
  Task task = user_task(10, 1000);
  task.cap_effective = kCapSysResource;
  EXPECT_EQ(points_of(task), 250U);
}

TEST(BadnessCapabilities, SysAdminAndSysResourceCountOnce) {
  Task task = user_task(10, 1000);
  task.cap_effective = kCapSysAdmin | kCapSysResource;
  EXPECT_EQ(points_of(task), 250U);
}

TEST(BadnessCapabilities, SysRawioQuartersByItself) {
  Task task = user_task(10, 1000);
  task.cap_effective = kCapSysRawio;
  EXPECT_EQ(points_of(task), 250U);
}

TEST(BadnessCapabilities, SysRawioQuartersAgain) {
  Task task = user_task(10, 1003);
  task.cap_effective = kMostPoints;
  EXPECT_EQ(points_of(task), 62U);  // 1003 / 4 / 4
}

TEST(BadnessCapabilities, OthersDoNothing) {
  Task task = user_task(10, 1000);
  task.cap_effective = ~(kCapSysAdmin | kCapSysResource | kCapSysRawio);
  EXPECT_EQ(points_of(task), 1000U);
}

TEST(BadnessCapabilities, UidDoesNothing) {
  Task task = user_task(10, 1000);
  task.uid = 0;
  const Points as_root = points_of(task);
  task.uid = 1000;
  EXPECT_EQ(points_of(task), as_root);
}

TEST(BadnessMems, NoNodeInCommonDividesByEight) {
  Task task = user_task(10, 1000);
  task.mems_intersect = false;
  EXPECT_EQ(points_of(task), 125U);
}

TEST(BadnessOomAdj, PositiveShiftsLeft) {
  Task task = user_task(10, 1000);
  task.oom_adj = 3;
  EXPECT_EQ(points_of(task), 8000U);
  task.oom_adj = 15;
  EXPECT_EQ(points_of(task), 1000U << 15);
}

TEST(BadnessOomAdj, PositiveMakesOneOfNothingFirst) {
  Task task = user_task(10, 3);
  task.cap_effective = kCapSysAdmin;  // 3 / 4
  EXPECT_EQ(points_of(task), 0U);
  task.oom_adj = 5;
  EXPECT_EQ(points_of(task), 32U);
}

TEST(BadnessOomAdj, NegativeShiftsRightAndMakesNothingOfNothing) {
  Task task = user_task(10, 1000);
  task.oom_adj = -3;
  EXPECT_EQ(points_of(task), 125U);
  task.total_vm = 7;
  EXPECT_EQ(points_of(task), 0U);
}

TEST(BadnessOomAdj, ShiftsWhatTheDivisionsLeft) {
  Task task = user_task(10, 15);
  task.mems_intersect = false;
  task.oom_adj = 3;
  EXPECT_EQ(points_of(task), 8U);  // 15 x 8 / 8 would be 15
}

TEST(BadnessOomAdj, LeftShiftWraps) {
  Task task = user_task(10, (1ULL << 60) + 3);
  task.oom_adj = 4;
  EXPECT_EQ(points_of(task), 48U);
  task.total_vm = 1ULL << 60;
  EXPECT_EQ(points_of(task), 0U);
}

// A container host: 16 GiB that its children have, and 4 MiB of its own.
TEST(HeldPoints, BeginWithWhatADeathGivesBackAndWithoutTheChildren) {
  Task child = user_task(11, 9'000'000);
  child.ppid = 10;
  const Snapshot snapshot = snapshot_of({user_task(10, 4'000'000), child});
  EXPECT_EQ(held_points(snapshot, snapshot.judged(0), 4096, {}), 1024U);
}

TEST(HeldPoints, AreInPagesOfTheSnapshot) {
  Snapshot snapshot = snapshot_of({user_task(10, 1)});
  snapshot.page_size = 65536;
  EXPECT_EQ(held_points(snapshot, snapshot.judged(0), 640, {}), 10U);
}

TEST(HeldPoints, CreditAgeAndCpuTimeAsTheScoreDoes) {
  Task task = user_task(10, 16'000'000);
  task.id.start_time = 0;
  task.cpu_jiffies = 250 * 8 * 100;
  Snapshot snapshot = snapshot_of({task}, 16 * 1024);
  const auto points = [&](const ScoreModel& model = {}) {
    return held_points(snapshot, snapshot.judged(0), 400'000, model);
  };
  // 100,000 pages / 9 for 97 units of CPU time / 2 for 16 of age
  EXPECT_EQ(points(), 100'000U / 9 / 2);
  EXPECT_EQ(points({.hz = 100}), 100'000U / 13 / 2);
  snapshot.tasks[0].cap_effective = kCapSysAdmin;
  EXPECT_EQ(points(), 100'000U / 9 / 2 / 4);
}

TEST(HeldPoints, OfOneThatIsExemptOrHasNoMmAreNone) {
  Snapshot snapshot = snapshot_of({user_task(10, 5)});
  const auto points = [&] {
    return held_points(snapshot, snapshot.judged(0), 400'000, {});
  };
  EXPECT_EQ(points(), 100'000U);
  snapshot.verdicts[0].has_mm = false;
  EXPECT_EQ(points(), 0U);
  snapshot.verdicts[0] = {.has_mm = true, .oom_adj = kOomDisable};
  EXPECT_EQ(points(), 0U);
}

TEST(HeldPoints, OfOomOriginAreTheMost) {
  Task task = user_task(10, 5);
  task.pf_oom_origin = true;
  const Snapshot snapshot = snapshot_of({task});
  EXPECT_EQ(held_points(snapshot, snapshot.judged(0), 4, {}), kMostPoints);
}

}  // namespace
}  // namespace badnessd
