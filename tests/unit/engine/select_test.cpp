// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/select.h"

#include <array>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "badnessd/engine/badness.h"
#include "badnessd/engine/kernel26.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using test::judged;
using test::kernel_thread;
using test::scored;
using test::snapshot_of;
using test::user_task;
using Found = Selection::Kind;

constexpr std::int32_t kSelf = 4711;
constexpr std::array kAllWaits{WaitFor::kNone, WaitFor::kExitingWithMm,
                               WaitFor::kExiting};

// The pid that is chosen, 0 if none is, minus that which is waited for.
std::int32_t selected(const Snapshot& snapshot,
                      WaitFor wait_for = WaitFor::kExiting) {
  const Selection selection =
      select_bad_process(snapshot, {.self_pid = kSelf, .wait_for = wait_for});
  if (selection.kind == Found::kNone) {
    return 0;
  }
  const std::int32_t pid = snapshot.tasks.at(selection.task).id.pid;
  return selection.kind == Found::kWait ? -pid : pid;
}

Task exiting(std::int32_t pid, bool has_mm) {
  Task task = user_task(pid, has_mm ? 100 : 0);
  task.flags = kPfExiting;
  task.has_mm = has_mm;
  task.mm_threads = has_mm ? 1 : 0;
  return task;
}

TEST(Select, GreatestPointsWin) {
  EXPECT_EQ(
      selected(scored({user_task(10, 5), user_task(11, 9), user_task(12, 7)})),
      11);
}

TEST(Select, NobodyInAnEmptySnapshot) {
  EXPECT_EQ(selected(Snapshot{}), 0);
}

TEST(Select, AmongEqualsTheEarliestInTheTaskList) {
  // Pids have wrapped: 12 is the oldest.
  Task oldest = user_task(12, 9);
  oldest.id.start_time = 1;
  EXPECT_EQ(selected(scored({user_task(10, 9), user_task(11, 9), oldest})), 12);
}

TEST(Select, AmongEqualsOfOneTickTheLowestPid) {
  Task first = user_task(11, 9);
  Task second = user_task(12, 9);
  first.id.start_time = second.id.start_time = 500;
  EXPECT_EQ(selected(scored({second, first})), 11);
}

TEST(Select, EarlierStartDoesNotBeatMorePoints) {
  EXPECT_EQ(selected(scored({user_task(10, 8), user_task(11, 9)})), 11);
}

TEST(Select, CandidateWithZeroPointsCanBeChosen) {
  EXPECT_EQ(selected(scored({user_task(10, 0), kernel_thread(2)})), 10);
}

TEST(Select, SkipsWhoHasNoMm) {
  Task zombie = user_task(10, 0);
  zombie.has_mm = false;
  EXPECT_EQ(selected(scored({zombie, kernel_thread(2)})), 0);
  EXPECT_EQ(skip_reason(judged(zombie).view(), {.self_pid = kSelf}),
            Skip::kNoMm);
}

TEST(Select, SkipsInit) {
  EXPECT_EQ(selected(scored({user_task(1, 900), user_task(10, 5)})), 10);
  EXPECT_EQ(skip_reason(judged(user_task(1, 900)).view(), {.self_pid = kSelf}),
            Skip::kInit);
}

TEST(Select, SkipsItself) {
  EXPECT_EQ(selected(scored({user_task(kSelf, 900), user_task(10, 5)})), 10);
  EXPECT_EQ(
      skip_reason(judged(user_task(kSelf, 900)).view(), {.self_pid = kSelf}),
      Skip::kSelf);
}

TEST(Select, OnAForeignRootNobodyIsItself) {
  const Snapshot snapshot = scored({user_task(kSelf, 900), user_task(10, 5)});
  const Selection selection =
      select_bad_process(snapshot, {.wait_for = WaitFor::kExiting});
  EXPECT_EQ(snapshot.tasks.at(selection.task).id.pid, kSelf);
}

TEST(Select, SkipsTheExemptEvenWhereEverybodyElseHasZero) {
  Task exempt = user_task(10, 900);
  exempt.oom_adj = kOomDisable;
  EXPECT_EQ(selected(scored({exempt, user_task(11, 0)})), 11);
  EXPECT_EQ(selected(scored({exempt})), 0);
  EXPECT_EQ(skip_reason(judged(exempt).view(), {.self_pid = kSelf}),
            Skip::kOomDisabled);
}

TEST(Select, SkipReasonsOfACandidateAreNone) {
  EXPECT_EQ(skip_reason(judged(user_task(10, 5)).view(), {.self_pid = kSelf}),
            Skip::kNone);
  Task nearly_exempt = user_task(10, 5);
  nearly_exempt.oom_adj = kOomAdjustMin;
  EXPECT_EQ(skip_reason(judged(nearly_exempt).view(), {.self_pid = kSelf}),
            Skip::kNone);
}

TEST(Select, SkipsWhoWasSetAsideButNotALaterProcessOfThatPid) {
  const Snapshot snapshot = scored({user_task(10, 900), user_task(11, 5)});
  const std::array aside{snapshot.tasks.at(0).id};
  EXPECT_EQ(select_bad_process(snapshot, {.set_aside = aside}).task, 1U);
  EXPECT_EQ(
      skip_reason(judged(snapshot.tasks.at(0)).view(), {.set_aside = aside}),
      Skip::kSetAside);
  Task reused = snapshot.tasks.at(0);
  ++reused.id.start_time;
  EXPECT_EQ(skip_reason(judged(reused).view(), {.set_aside = aside}),
            Skip::kNone);
}

// Scored tasks from pid 10 on, whose deaths give back as much as that.
struct GivesBack {
  Pages points;
  Kib reclaim_kib;
};
Snapshot giving_back(const std::vector<GivesBack>& given,
                     bool first_is_oom_origin = false) {
  std::vector<Task> tasks;
  for (const GivesBack& it : given) {
    tasks.push_back(
        user_task(10 + static_cast<std::int32_t>(tasks.size()), it.points));
  }
  tasks[0].pf_oom_origin = first_is_oom_origin;
  Snapshot snapshot = scored(tasks);
  for (std::size_t i = 0; i < given.size(); ++i) {
    snapshot.verdicts[i].reclaim_kib = given[i].reclaim_kib;
  }
  return snapshot;
}

TEST(Guard, PassesOverWhoCannotGiveBackEnough) {
  const Snapshot snapshot = giving_back({{900, 99}, {50, 100}, {60, 5000}});
  const auto chosen = [&](Kib least) {
    return select_bad_process(snapshot, {.min_reclaim_kib = least}).task;
  };
  EXPECT_EQ(chosen(0), 0U);
  EXPECT_EQ(chosen(99), 0U);
  EXPECT_EQ(chosen(100), 2U);
}

TEST(Guard, NobodyIsChosenWhereNobodyGivesBackEnough) {
  const Snapshot snapshot = giving_back({{900, 99}});
  EXPECT_EQ(select_bad_process(snapshot, {.min_reclaim_kib = 100}).kind,
            Found::kNone);
}

TEST(Guard, DoesNotStopOomOrigin) {
  const Snapshot snapshot = giving_back({{5, 0}, {900, 5000}}, true);
  EXPECT_EQ(select_bad_process(snapshot, {.min_reclaim_kib = 100}).task, 0U);
}

TEST(Guard, OfZeroIsTheOrderOf2632) {
  const Snapshot snapshot = giving_back({{900, 0}, {50, 100}});
  EXPECT_EQ(select_bad_process(snapshot, {}).task, 0U);
}

TEST(Guard, CountsTheProcessesThatDieWithIt) {
  Snapshot snapshot = giving_back({{900, 40}, {50, 100}});
  snapshot.verdicts[0].with_it_kib = 60;
  EXPECT_EQ(select_bad_process(snapshot, {.min_reclaim_kib = 100}).task, 0U);
  EXPECT_EQ(select_bad_process(snapshot, {.min_reclaim_kib = 101}).kind,
            Found::kNone);
}

// Whether a task with this verdict meets these bars.
bool meets_them(const Verdict& verdict, const Bars& bars,
                bool pf_oom_origin = false) {
  Task task = user_task(10, 5);
  task.pf_oom_origin = pf_oom_origin;
  return meets({task, verdict}, bars);
}

TEST(Meets, EachAmountIsABarOfItsOwn) {
  const Verdict verdict{
      .held_points = 30, .reclaim_kib = 9, .with_it_kib = 1, .took_kib = 20};
  EXPECT_TRUE(meets_them(verdict, {}));
  EXPECT_TRUE(meets_them(
      verdict,
      {.min_reclaim_kib = 10, .min_took_kib = 20, .min_held_points = 30}));
  EXPECT_FALSE(meets_them(verdict, {.min_reclaim_kib = 11}));
  EXPECT_FALSE(meets_them(verdict, {.min_took_kib = 21}));
  EXPECT_FALSE(meets_them(verdict, {.min_held_points = 31}));
}

TEST(Meets, WhereCgroupsTookItOnlyTheirProcesses) {
  EXPECT_FALSE(meets_them({.took_kib = 900}, {.suspects_only = true}));
  EXPECT_TRUE(meets_them({.suspect = true}, {.suspects_only = true}));
}

TEST(Meets, OomOriginMeetsAll) {
  EXPECT_TRUE(meets_them({}, {.suspects_only = true, .min_took_kib = 9}, true));
}

// The one with the most points is not in the cgroup.
TEST(Select, AmongSuspectsTheGreatestPointsWin) {
  Snapshot snapshot =
      scored({user_task(10, 9), user_task(11, 5), user_task(12, 7)});
  snapshot.verdicts[1].suspect = true;
  snapshot.verdicts[2].suspect = true;
  EXPECT_EQ(select_bad_process(snapshot, {.suspects_only = true}).task, 2U);
}

// It dies whatever took the memory.
TEST(Wait, ForAnExitingTaskThatIsNoSuspect) {
  Snapshot snapshot = scored({user_task(10, 900), exiting(11, true)});
  snapshot.verdicts[0].suspect = true;
  EXPECT_EQ(select_bad_process(snapshot, {.suspects_only = true}).kind,
            Found::kWait);
}

TEST(Wait, NotForWhoWasSetAside) {
  const Snapshot snapshot = scored({exiting(10, true), user_task(11, 5)});
  const std::array aside{snapshot.tasks.at(0).id};
  EXPECT_EQ(select_bad_process(snapshot, {.set_aside = aside}).task, 1U);
}

TEST(Wait, ForAnExitingTaskThatStillHasItsMm) {
  const Snapshot snapshot = scored({user_task(10, 900), exiting(11, true)});
  EXPECT_EQ(selected(snapshot, WaitFor::kExitingWithMm), -11);
  EXPECT_EQ(selected(snapshot, WaitFor::kExiting), -11);
}

TEST(Wait, ForAnExitingTaskWithoutMmOnlyBeyond2632) {
  const Snapshot snapshot = scored({user_task(10, 900), exiting(11, false)});
  EXPECT_EQ(selected(snapshot, WaitFor::kExitingWithMm), 10);
  EXPECT_EQ(selected(snapshot, WaitFor::kExiting), -11);
}

TEST(Wait, ForNobodyChoosesAmongThoseThatLive) {
  EXPECT_EQ(
      selected(scored({user_task(10, 5), exiting(11, true)}), WaitFor::kNone),
      10);
  // Killing the dying once more gives nothing back.
  EXPECT_EQ(selected(scored({exiting(11, true)}), WaitFor::kNone), 0);
}

TEST(Wait, StandsAboveAnyPointsAndAnyOrder) {
  Task hog = user_task(10, std::numeric_limits<Pages>::max());
  for (const std::int32_t pid : {5, 15}) {
    EXPECT_EQ(selected(scored({hog, exiting(pid, true)})), -pid);
  }
}

TEST(Wait, ForAnExemptTaskThatExitsToo) {
  // 2.6.32 looks at PF_EXITING before it looks at oom_adj.
  Task exempt = exiting(11, true);
  exempt.oom_adj = kOomDisable;
  EXPECT_EQ(selected(scored({user_task(10, 5), exempt})), -11);
}

TEST(Wait, NotForInit) {
  EXPECT_EQ(selected(scored({exiting(1, true), user_task(10, 5)})), 10);
}

TEST(Wait, NotForZombies) {
  for (const char state : {'Z', 'X'}) {
    Task zombie = exiting(11, false);
    zombie.state = state;
    EXPECT_EQ(selected(scored({user_task(10, 5), zombie})), 10) << state;
    EXPECT_FALSE(dying(judged(zombie).view(), WaitFor::kExiting));
  }
}

TEST(Wait, ForAZombieStateThatStillHasItsMm) {
  // Between the two reads of one stat; the mm decides.
  Task task = exiting(11, true);
  task.state = 'Z';
  EXPECT_TRUE(dying(judged(task).view(), WaitFor::kExiting));
}

TEST(Wait, NotForKernelThreads) {
  Task thread = kernel_thread(2);
  thread.flags |= kPfExiting;
  EXPECT_EQ(selected(scored({user_task(10, 5), thread})), 10);
}

TEST(Wait, NotForOneThatGivesBackTooLittle) {
  const auto kind = [](const Task& dying, Kib wait_kib) {
    Snapshot snapshot = scored({user_task(10, 5), dying});
    snapshot.verdicts[1].reclaim_kib = 500;
    return select_bad_process(snapshot, {.wait_kib = wait_kib}).kind;
  };
  EXPECT_EQ(kind(exiting(11, true), 500), Found::kWait);
  EXPECT_EQ(kind(exiting(11, true), 501), Found::kChosen);
  // Without its mm it no longer shows that: what it held before counts.
  Task without = exiting(11, false);
  without.noted_kib = 600;
  EXPECT_EQ(kind(without, 600), Found::kWait);
  EXPECT_EQ(kind(without, 601), Found::kChosen);
  // It was never seen with an mm.
  without.noted_kib = 0;
  EXPECT_EQ(kind(without, 1), Found::kChosen);
  EXPECT_EQ(kind(without, 0), Found::kWait);
}

TEST(Wait, NotForThoseWhoDoNotExit) {
  for (const WaitFor wait_for : kAllWaits) {
    EXPECT_FALSE(dying(judged(user_task(10, 5)).view(), wait_for));
    EXPECT_FALSE(dying(judged(kernel_thread(2)).view(), wait_for));
  }
}

Task child_of_ten(std::int32_t pid, std::uint64_t start) {
  Task task = user_task(pid, 1);
  task.ppid = 10;
  task.id.start_time = start;
  return task;
}

// The victim if pid 10 is chosen.
std::int32_t victim(const Snapshot& snapshot,
                    VictimOrder order = VictimOrder::kChildFirst) {
  const auto chosen = static_cast<std::uint32_t>(find_task(snapshot, 10));
  return snapshot.tasks
      .at(oom_kill_victim(snapshot, chosen, order, {.self_pid = kSelf}))
      .id.pid;
}

TEST(Victim, IsTheChosenOneByDefault) {
  EXPECT_EQ(victim(snapshot_of({user_task(10, 9), child_of_ten(11, 20)}),
                   VictimOrder::kProcess),
            10);
}

TEST(Victim, IsTheFirstChildOnTheListWhateverItsScore) {
  Task rich = child_of_ten(11, 30);
  rich.total_vm = 5000;
  EXPECT_EQ(victim(snapshot_of({user_task(10, 9), rich, child_of_ten(12, 20)})),
            12);
}

TEST(Victim, IsTheChosenOneWithoutChildren) {
  EXPECT_EQ(victim(snapshot_of({user_task(10, 9)})), 10);
}

TEST(Victim, PassesOverAChildThatSharesTheMm) {
  Snapshot snapshot = snapshot_of(
      {user_task(10, 9), child_of_ten(11, 20), child_of_ten(12, 30)});
  snapshot.children.at(0).shares_mm = true;
  EXPECT_EQ(victim(snapshot), 12);
}

TEST(Victim, PassesOverAChildWithoutMm) {
  Task zombie = child_of_ten(11, 20);
  zombie.has_mm = false;
  zombie.mm_threads = 0;
  EXPECT_EQ(
      victim(snapshot_of({user_task(10, 9), zombie, child_of_ten(12, 30)})),
      12);
}

TEST(Victim, IsAChildWhoseLeaderIsDeadAndWhoseThreadsLive) {
  // Each thread stands on 2.6.32's list, and those still have the mm.
  Task dead_leader = child_of_ten(11, 20);
  dead_leader.has_mm = false;
  dead_leader.mm_threads = 2;
  EXPECT_EQ(victim(snapshot_of(
                {user_task(10, 9), dead_leader, child_of_ten(12, 30)})),
            11);
}

TEST(Victim, PassesOverAnExemptChild) {
  Task exempt = child_of_ten(11, 20);
  exempt.oom_adj = kOomDisable;
  EXPECT_EQ(
      victim(snapshot_of({user_task(10, 9), exempt, child_of_ten(12, 30)})),
      12);
  EXPECT_EQ(victim(snapshot_of({user_task(10, 9), exempt})), 10);
}

TEST(Victim, PassesOverBadnessdItself) {
  EXPECT_EQ(victim(snapshot_of({user_task(10, 9), child_of_ten(kSelf, 20)})),
            10);
}

TEST(Victim, PassesOverAChildThatWasSetAside) {
  const Snapshot snapshot =
      snapshot_of({user_task(10, 9), child_of_ten(11, 20)});
  const std::array aside{snapshot.tasks.at(1).id};
  EXPECT_EQ(oom_kill_victim(snapshot, 0, VictimOrder::kChildFirst,
                            {.set_aside = aside}),
            0U);
}

TEST(Victim, IsNoGrandchild) {
  Task zombie = child_of_ten(11, 20);
  zombie.mm_threads = 0;
  Task grandchild = user_task(12, 1);
  grandchild.ppid = 11;
  EXPECT_EQ(victim(snapshot_of({user_task(10, 9), zombie, grandchild})), 10);
}

}  // namespace
}  // namespace badnessd
