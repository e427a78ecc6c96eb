// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/blame.h"

#include <array>
#include <vector>

#include <gtest/gtest.h>

#include "badnessd/engine/kernel26.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using Who = Culprit::Kind;
using Found = Selection::Kind;

// The loss of 1000 KiB by which these are asked.
constexpr Loss kLoss{.lost_kib = 1000, .needed_kib = 100};

// Processes from pid 10 on that took as much.
Snapshot who_took(const std::vector<Kib>& took) {
  std::vector<Task> tasks;
  for (std::size_t i = 0; i < took.size(); ++i) {
    tasks.push_back(test::user_task(10 + static_cast<std::int32_t>(i), 5));
  }
  Snapshot snapshot = test::snapshot_of(tasks);
  for (std::size_t i = 0; i < took.size(); ++i) {
    snapshot.verdicts[i].took_kib = took[i];
  }
  return snapshot;
}

// One cgroup that took this much, and has the tasks from `first` on.
CgroupsTook one_cgroup(Kib took_kib, Snapshot& snapshot, std::size_t first) {
  for (std::size_t i = first; i < snapshot.tasks.size(); ++i) {
    snapshot.verdicts[i].suspect = true;
  }
  CgroupsTook cgroups;
  cgroups.source = CgroupsTook::Source::kNow;
  cgroups.count = 1;
  cgroups.list[0].path = "/a.slice";
  cgroups.list[0].took_kib = took_kib;
  cgroups.took_kib = took_kib;
  return cgroups;
}

TEST(FindCulprit, IsOneProcessThatTookHalfOfTheLoss) {
  const Culprit culprit = find_culprit(who_took({30, 501, 250}), {}, kLoss, {});
  EXPECT_EQ(culprit.kind, Who::kProcess);
  EXPECT_EQ(culprit.took_kib, 501U);
  EXPECT_EQ(culprit.min_took_kib, 251U);
  EXPECT_FALSE(culprit.exempt);
  EXPECT_FALSE(culprit.by_account);
  EXPECT_NE(find_culprit(who_took({30, 499}), {}, kLoss, {}).kind,
            Who::kProcess);
}

TEST(FindCulprit, OneProcessTookWhatIsNeeded) {
  const Loss small{.lost_kib = 150, .needed_kib = 100};
  EXPECT_EQ(find_culprit(who_took({100}), {}, small, {}).kind, Who::kProcess);
  EXPECT_EQ(find_culprit(who_took({99}), {}, small, {}).kind, Who::kNobody);
}

// A leak in a service: what its cgroup took besides is no question any more.
TEST(FindCulprit, AProcessComesBeforeACgroup) {
  Snapshot snapshot = who_took({600, 200, 200});
  EXPECT_EQ(
      find_culprit(snapshot, {}, kLoss, one_cgroup(900, snapshot, 1)).kind,
      Who::kProcess);
}

TEST(FindCulprit, ACgroupTookWhatNoProcessTook) {
  Snapshot snapshot = who_took({400, 300, 90});
  const Culprit culprit =
      find_culprit(snapshot, {}, kLoss, one_cgroup(550, snapshot, 1));
  EXPECT_EQ(culprit.kind, Who::kGroup);
  EXPECT_TRUE(culprit.by_account);
  EXPECT_EQ(culprit.took_kib, 300U);  // in the cgroup
  EXPECT_EQ(culprit.min_took_kib, 150U);
}

// Copies, tmpfs: the account says more than its processes show.
TEST(FindCulprit, ACgroupThatItsProcessesDoNotExplainIsThatOfAll) {
  Snapshot snapshot = who_took({400, 120, 110, 20});
  const CgroupsTook cgroups = one_cgroup(600, snapshot, 1);
  const Culprit culprit = find_culprit(snapshot, {}, kLoss, cgroups);
  EXPECT_EQ(culprit.kind, Who::kGroup);
  EXPECT_TRUE(culprit.by_account);
  EXPECT_EQ(culprit.min_took_kib, 0U);
  // 70 KiB more by the second of them explain half of it.
  snapshot.verdicts[2].took_kib += 70;
  EXPECT_EQ(find_culprit(snapshot, {}, kLoss, cgroups).min_took_kib, 90U);
}

TEST(FindCulprit, ACgroupWhoseProcessesTookNothingIsThatOfAll) {
  Snapshot snapshot = who_took({0, 0});
  const Culprit culprit =
      find_culprit(snapshot, {}, kLoss, one_cgroup(1, snapshot, 0));
  EXPECT_EQ(culprit.kind, Who::kGroup);
  EXPECT_EQ(culprit.min_took_kib, 0U);
}

// What cgroups that are gone have left in the one above: its processes took
// nothing.
TEST(FindCulprit, WhatADeadCgroupLeftIsNobodys) {
  Snapshot snapshot = who_took({400, 300, 290});
  CgroupsTook cgroups = one_cgroup(900, snapshot, 0);
  cgroups.dead = true;
  const Culprit culprit = find_culprit(snapshot, {}, kLoss, cgroups);
  EXPECT_EQ(culprit.kind, Who::kNobody);
  EXPECT_FALSE(culprit.exempt);
  EXPECT_TRUE(culprit.by_account);
}

TEST(FindCulprit, OfACgroupInWhichNoneMayDieIsNobodys) {
  Snapshot snapshot = who_took({400, 300, 90});
  const CgroupsTook cgroups = one_cgroup(550, snapshot, 1);
  snapshot.verdicts[1].oom_adj = snapshot.verdicts[2].oom_adj = kOomDisable;
  const Culprit culprit = find_culprit(snapshot, {}, kLoss, cgroups);
  EXPECT_EQ(culprit.kind, Who::kNobody);
  EXPECT_EQ(culprit.exempt, 1U);
  EXPECT_TRUE(culprit.by_account);
}

// The one that may die did not take it.
TEST(FindCulprit, OfACgroupInWhichTheHogMustNotDieIsNobodys) {
  Snapshot snapshot = who_took({400, 300, 90});
  const CgroupsTook cgroups = one_cgroup(550, snapshot, 1);
  snapshot.verdicts[1].oom_adj = kOomDisable;
  EXPECT_EQ(find_culprit(snapshot, {}, kLoss, cgroups).kind, Who::kNobody);
}

TEST(FindCulprit, OfAnEmptyCgroupIsNobodys) {
  Snapshot snapshot = who_took({400});
  const Culprit culprit =
      find_culprit(snapshot, {}, kLoss, one_cgroup(550, snapshot, 1));
  EXPECT_EQ(culprit.kind, Who::kNobody);
  EXPECT_FALSE(culprit.exempt);
}

TEST(FindCulprit, WithoutAccountsAllProcessesAreAskedTogether) {
  const Culprit culprit =
      find_culprit(who_took({300, 200, 149}), {}, kLoss, {});
  EXPECT_EQ(culprit.kind, Who::kGroup);
  EXPECT_FALSE(culprit.by_account);
  EXPECT_EQ(culprit.min_took_kib, 150U);
  EXPECT_EQ(find_culprit(who_took({300, 199, 149}), {}, kLoss, {}).kind,
            Who::kNobody);
}

TEST(FindCulprit, AHogThatMustNotDieIsNamed) {
  Snapshot snapshot = who_took({30, 800, 90});
  snapshot.verdicts[1].oom_adj = kOomDisable;
  const Culprit culprit = find_culprit(snapshot, {}, kLoss, {});
  EXPECT_EQ(culprit.kind, Who::kNobody);
  EXPECT_EQ(culprit.exempt, 1U);
  EXPECT_EQ(culprit.took_kib, 800U);
  EXPECT_FALSE(culprit.by_account);
  // Another that took half as much dies in its place.
  snapshot.verdicts[2].took_kib = 400;
  EXPECT_EQ(find_culprit(snapshot, {}, kLoss, {}).kind, Who::kProcess);
}

TEST(FindCulprit, AHogThatWasSetAsideIsNamed) {
  const Snapshot snapshot = who_took({800});
  const std::array aside{snapshot.tasks[0].id};
  EXPECT_EQ(find_culprit(snapshot, {.set_aside = aside}, kLoss, {}).exempt, 0U);
}

TEST(FindCulprit, OneThatHasNoMmOrIsOutOfScopeTookNothing) {
  Snapshot snapshot = who_took({800});
  snapshot.verdicts[0].in_scope = false;
  EXPECT_EQ(find_culprit(snapshot, {}, kLoss, {}).kind, Who::kProcess);
  EXPECT_FALSE(find_culprit(snapshot, {.scoped = true}, kLoss, {}).exempt);
  snapshot.verdicts[0] = {.has_mm = false, .took_kib = 800};
  const Culprit culprit = find_culprit(snapshot, {}, kLoss, {});
  EXPECT_EQ(culprit.kind, Who::kNobody);
  EXPECT_FALSE(culprit.exempt);
}

// Its own memory is locked at the start.
TEST(FindCulprit, ItselfIsNoCulprit) {
  const Culprit culprit =
      find_culprit(who_took({800, 10}), {.self_pid = 10}, kLoss, {});
  EXPECT_EQ(culprit.kind, Who::kNobody);
  EXPECT_FALSE(culprit.exempt);
}

TEST(FindCulprit, WhereNothingWasTakenIsNobodys) {
  EXPECT_EQ(find_culprit(who_took({0, 0}), {}, {}, {}).kind, Who::kNobody);
  EXPECT_EQ(find_culprit(Snapshot{}, {}, kLoss, {}).kind, Who::kNobody);
}

TEST(SetBars, ByTheAnswer) {
  Bars bars{.min_took_kib = 3};
  set_bars({.kind = Who::kGroup, .min_took_kib = 9, .by_account = true}, bars);
  EXPECT_TRUE(bars.suspects_only);
  EXPECT_EQ(bars.min_took_kib, 9U);
  set_bars({.kind = Who::kGroup, .min_took_kib = 7}, bars);
  EXPECT_FALSE(bars.suspects_only);
  EXPECT_EQ(bars.min_took_kib, 7U);
  set_bars({.kind = Who::kNobody, .by_account = true}, bars);
  EXPECT_FALSE(bars.suspects_only);
  EXPECT_EQ(bars.min_took_kib, 0U);
}

// The limit is 10,000 KiB.
TEST(InnocentsMayDie, BelowHalfOfTheLimit) {
  const Trigger trigger = test::acts_below_a_tenth().triggers[0];
  const auto may = [&](Kib available) {
    return innocents_may_die(trigger, test::reading_at(0, available),
                             3600 * kSecond);
  };
  EXPECT_FALSE(may(9'999));
  EXPECT_FALSE(may(5'000));
  EXPECT_TRUE(may(4'999));
}

// Swap is full on most hosts by then.
TEST(InnocentsMayDie, SwapThatIsFullIsNotMemoryThatIsShort) {
  Trigger trigger = test::acts_below_a_tenth().triggers[0];
  trigger.swap_free_below = Amount{.basis_points = 1000, .kib = {}};
  PressureReading reading = test::reading_at(0, 9'000);
  reading.swap_total_kib = 1000;
  EXPECT_FALSE(innocents_may_die(trigger, reading, 0));
  reading.mem_available_kib = 4'999;
  reading.swap_free_kib = 99;
  EXPECT_TRUE(innocents_may_die(trigger, reading, 0));
  // With swap alone in the trigger it is swap that is short.
  trigger.mem_available_below.reset();
  EXPECT_FALSE(innocents_may_die(trigger, reading, 0));
  reading.swap_free_kib = 49;
  EXPECT_TRUE(innocents_may_die(trigger, reading, 0));
}

TEST(InnocentsMayDie, OfStallsAloneOnceTheyHaveLastedAnotherWindow) {
  Trigger trigger{.name = "stalled"};
  trigger.psi_full_above = 100;
  trigger.psi_window_us = 20 * kSecond;
  const auto may = [&](Micros firing_us) {
    return innocents_may_die(trigger, test::reading_at(0, 10), firing_us);
  };
  EXPECT_FALSE(may(20 * kSecond - 1));
  EXPECT_TRUE(may(20 * kSecond));
}

// A process from pid 10 on: its points and what its death gives back.
struct Candidate {
  Points points = 0;
  Kib reclaim_kib = 0;
  Points held_points = 0;
};

Snapshot of(const std::vector<Candidate>& candidates) {
  Snapshot snapshot = who_took(std::vector<Kib>(candidates.size(), 0));
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    snapshot.verdicts[i].points = candidates[i].points;
    snapshot.verdicts[i].reclaim_kib = candidates[i].reclaim_kib;
    snapshot.verdicts[i].held_points = candidates[i].held_points;
  }
  return snapshot;
}

constexpr Kib kNeeded = 8192;

struct Choice {
  Selection selection;
  Bars bars;
};
Choice choose(const Snapshot& snapshot, const Culprit& culprit,
              Kib needed_kib = kNeeded) {
  Choice choice;
  set_bars(culprit, choice.bars);
  choice.selection = select_victim(snapshot, culprit, choice.bars, needed_kib);
  return choice;
}

TEST(SelectVictim, HasTheHighestBarThatOneMeets) {
  const Culprit hog{.kind = Who::kProcess};
  const Choice whole = choose(of({{900, 8191}, {50, 8192}}), hog);
  EXPECT_EQ(whole.selection.task, 1U);
  EXPECT_EQ(whole.bars.min_reclaim_kib, kNeeded);
  // Both give back a quarter, none gives back a half.
  const Choice quarter = choose(of({{900, 2048}, {50, 4095}, {5000, 99}}), hog);
  EXPECT_EQ(quarter.selection.task, 0U);
  EXPECT_EQ(quarter.bars.min_reclaim_kib, kNeeded / 4);
}

TEST(SelectVictim, OfThoseThatTookItAnyIsAtLastGoodEnough) {
  const Culprit hog{.kind = Who::kProcess};
  const Choice little = choose(of({{900, 63}, {50, 64}}), hog);
  EXPECT_EQ(little.selection.task, 1U);
  EXPECT_EQ(little.bars.min_reclaim_kib, 64U);
  const Choice less = choose(of({{900, 3}, {50, 63}}), hog);
  EXPECT_EQ(less.selection.task, 0U);
  EXPECT_EQ(less.bars.min_reclaim_kib, 0U);
}

TEST(SelectVictim, NeverOneThatTookLessThanTheBar) {
  Snapshot snapshot = of({{900, 9000}, {50, 70}});
  snapshot.verdicts[1].took_kib = 500;
  const Culprit hog{.kind = Who::kProcess, .min_took_kib = 500};
  EXPECT_EQ(choose(snapshot, hog).selection.task, 1U);
}

TEST(SelectVictim, OfThoseThatTookNothingGivesBackAnEighth) {
  for (const Who kind : {Who::kOlder, Who::kNobody}) {
    const Culprit culprit{.kind = kind};
    EXPECT_EQ(choose(of({{900, 1023}}), culprit).selection.kind, Found::kNone);
    const Choice eighth = choose(of({{900, 1024}}), culprit);
    EXPECT_EQ(eighth.selection.kind, Found::kChosen);
    EXPECT_EQ(eighth.bars.min_reclaim_kib, 1024U);
    // 64 KiB at least.
    EXPECT_EQ(choose(of({{900, 63}}), culprit, 64).selection.kind,
              Found::kNone);
    EXPECT_EQ(choose(of({{900, 64}}), culprit, 64).selection.kind,
              Found::kChosen);
  }
}

TEST(SelectVictim, OfThoseThatTookNothingHoldsTheMost) {
  const Snapshot snapshot =
      of({{900, 9000, 10}, {50, 9000, 20}, {70, 9000, 20}, {999, 90, 500}});
  for (const Who kind : {Who::kOlder, Who::kNobody}) {
    const Choice choice = choose(snapshot, {.kind = kind});
    EXPECT_EQ(choice.selection.task, 2U);
    EXPECT_EQ(choice.bars.min_held_points, 20U);
  }
  const Choice choice = choose(snapshot, {.kind = Who::kProcess});
  EXPECT_EQ(choice.selection.task, 0U);
  EXPECT_EQ(choice.bars.min_held_points, 0U);
}

// The protected one holds more: it sets no bar for the others.
TEST(SelectVictim, TheExemptSetNoBar) {
  Snapshot snapshot = of({{900, 9000, 90}, {50, 9000, 20}});
  snapshot.verdicts[0].oom_adj = kOomDisable;
  EXPECT_EQ(choose(snapshot, {.kind = Who::kNobody}).selection.task, 1U);
  snapshot.verdicts[0].oom_adj = 0;
  snapshot.tasks[0].pf_oom_origin = true;
  snapshot.verdicts[0].points = 0;
  const Choice choice = choose(snapshot, {.kind = Who::kNobody});
  EXPECT_EQ(choice.selection.task, 1U);
  EXPECT_EQ(choice.bars.min_held_points, 20U);
}

// Each of its processes can hold what the account shows, whatever it seems to
// give back.
TEST(SelectVictim, OfAnUnknownAccountIsTheGreatestScore) {
  Snapshot snapshot = of({{50, 9000}, {900, 0}, {999, 9000}});
  snapshot.verdicts[0].suspect = snapshot.verdicts[1].suspect = true;
  const Culprit unknown{.kind = Who::kGroup, .by_account = true};
  const Choice choice = choose(snapshot, unknown);
  EXPECT_EQ(choice.selection.task, 1U);
  EXPECT_EQ(choice.bars.min_reclaim_kib, 0U);
  // What each took is known: one that gives back what is needed goes first.
  snapshot.verdicts[0].took_kib = snapshot.verdicts[1].took_kib = 30;
  const Culprit known{
      .kind = Who::kGroup, .min_took_kib = 15, .by_account = true};
  EXPECT_EQ(choose(snapshot, known).selection.task, 0U);
}

TEST(SelectVictim, UnaskedIsTheOrderOf2632) {
  const Choice choice = choose(of({{900, 0}, {50, 9000, 20}}), {}, 0);
  EXPECT_EQ(choice.selection.task, 0U);
  EXPECT_EQ(choice.bars.min_reclaim_kib, 0U);
}

TEST(SelectVictim, WaitsForOneThatIsExiting) {
  Snapshot snapshot = of({{900, 9000}, {50, 20}});
  snapshot.tasks[1].flags = kPfExiting;
  const Choice choice = choose(snapshot, {.kind = Who::kProcess});
  EXPECT_EQ(choice.selection.kind, Found::kWait);
  EXPECT_EQ(choice.selection.task, 1U);
}

}  // namespace
}  // namespace badnessd
