// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/cycle.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "badnessd/app/config/settings.h"
#include "badnessd/engine/kernel26.h"
#include "fake_source.h"
#include "forwarding_source.h"
#include "recording_killer.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using test::FakeSource;
using test::holding;
using test::RecordingKiller;
using test::snapshot_of;
using test::user_task;
using test::with_available;
using Kind = CycleResult::Kind;

// Acts below 100,000 KiB; the bare order of 2.6.32.
Policy policy() {
  Policy policy = test::acts_below_a_tenth();
  policy.min_reclaim = Amount{.basis_points = {}, .kib = 0};
  return policy;
}

class CycleTest : public testing::Test {
 protected:
  template <class Source>
  CycleResult run(Source& source) {
    return run_cycle(source.sources(), rules, killer, state);
  }
  CycleResult run_low(FakeSource& source) {
    source.set_pressure(with_available(50'000));
    return run(source);
  }
  // Below half of the limit.
  CycleResult run_deep(FakeSource& source) {
    source.set_pressure(with_available(40'000));
    return run(source);
  }

  Policy rules = policy();
  CycleState state{rules};
  RecordingKiller killer;
  FakeSource source_of_started{
      snapshot_of({holding(10, 90'000, 500'000), holding(11, 80'000, 1'000)})};
};

// Answers each reading of memory with the next of a list.
class ChangingSource final : public test::ForwardingSource {
 public:
  ChangingSource(FakeSource& tasks, std::vector<Kib> available)
      : ForwardingSource(tasks.sources()), available_(std::move(available)) {}
  [[nodiscard]] Expected<PressureReading> read_pressure() override {
    return with_available(available_[next_++]);
  }

 private:
  std::vector<Kib> available_;
  std::size_t next_ = 0;
};

TEST_F(CycleTest, CalmMemoryReadsNoProcess) {
  FakeSource source(snapshot_of({user_task(10, 500)}));
  source.set_pressure(with_available(500'000));
  EXPECT_EQ(run(source).kind, Kind::kCalm);
  EXPECT_EQ(source.lists(), 1U);  // for a note
  EXPECT_TRUE(killer.pids().empty());
}

TEST_F(CycleTest, ShortMemoryKillsTheChosenOne) {
  FakeSource source(snapshot_of(
      {user_task(1, 9000), user_task(10, 500), user_task(11, 900)}));
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{11});
  EXPECT_EQ(killer.signals(), std::vector<Signal>{Signal::kKill});
  EXPECT_EQ(killer.releases(), 1);
  EXPECT_EQ(state.decision.score.points(), 900U);
  EXPECT_EQ(state.decision.candidates, 2U);
}

TEST_F(CycleTest, ItsMemoryIsWaitedForBeforeAnotherIsKilled) {
  FakeSource source(
      snapshot_of({holding(10, 500, 10'000), holding(11, 900, 20'000)}));
  killer.set_exited(false);
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(run_low(source).kind, Kind::kPending);
  killer.set_exited(true);
  EXPECT_EQ(run_low(source).kind, Kind::kPending);
  source.set_pressure(with_available(60'000));  // half of the 20,000
  EXPECT_EQ(run(source).kind, Kind::kDone);
  EXPECT_EQ(state.decision.reclaimed_kib, 10'000U);
  EXPECT_EQ(killer.pids().size(), 1U);
}

TEST_F(CycleTest, AVictimThatDoesNotDieIsSetAsideAndTheNextTaken) {
  FakeSource source(snapshot_of({user_task(10, 500), user_task(11, 900)}));
  source.set_step(1'000'000);
  killer.set_exited(false);
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(run_low(source).kind, Kind::kPending);
  EXPECT_EQ(run_low(source).kind, Kind::kGaveUp);
  EXPECT_EQ(state.decision.end, Decision::End::kStillAlive);
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), (std::vector<std::int32_t>{11, 10}));
}

// Fifty young copies of one program, which have taken 400,000 KiB since the
// note.
class StormCycle : public CycleTest {
 protected:
  StormCycle() {
    Task forker = holding(100, 900, 100);
    forker.id.start_time = (kUptime - 3) * kUserHz;
    source.emplace(snapshot_of(
        {holding(1, 10, 100), holding(20, 90'000, 300'000), forker}, kUptime));
    source->set_step(1'000'000);
    source->set_pressure(with_available(450'000));
    EXPECT_EQ(run(*source).kind, Kind::kCalm);
    for (std::int32_t pid = 101; pid <= 150; ++pid) {
      Task task = holding(pid, 800, 8'000);
      task.id.start_time = (kUptime - 1) * kUserHz;
      task.ppid = forker.id.pid;
      source->add(task);
    }
    rules.min_reclaim.reset();
  }

  static constexpr std::uint64_t kUptime = 1000;
  std::optional<FakeSource> source;
};

TEST_F(StormCycle, TheForkerGoesFirstAndThenAllOfItsStorm) {
  EXPECT_EQ(run_low(*source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{100});
  ASSERT_TRUE(state.decision.storm);
  EXPECT_EQ(killer.also().size(), 50U);
  EXPECT_EQ(state.decision.swept, 50U);
  EXPECT_EQ(state.domains.system.kills.count, 1U);
}

// Right before the signal three processes appear below the forker: a shell of
// another user, one that took little, and a member.
TEST_F(StormCycle, TheSweepTakesOnlyMembers) {
  Task late = holding(160, 800, 8'000);
  late.id.start_time = (kUptime - 1) * kUserHz;
  late.ppid = 100;
  struct Newcomers {
    FakeSource* source;
    std::vector<Task> tasks;
  } newcomers{&*source, {late, late, late}};
  newcomers.tasks[0].uid = 4242;
  newcomers.tasks[1].id.pid = 161;
  newcomers.tasks[1].rss_anon_kib = 100;
  newcomers.tasks[1].comm = test::named_task(161, 1, "bash").comm;
  newcomers.tasks[2].id.pid = 162;
  source->set_pressure(with_available(50'000));
  const CycleHooks hooks{[](void* context) {
                           const auto& it = *static_cast<Newcomers*>(context);
                           for (const Task& task : it.tasks) {
                             it.source->add(task);
                           }
                         },
                         &newcomers};
  EXPECT_EQ(run_cycle(source->sources(), rules, killer, state, hooks).kind,
            Kind::kSignalled);
  EXPECT_EQ(std::ranges::count(killer.also(), 160), 0);
  EXPECT_EQ(std::ranges::count(killer.also(), 161), 0);
  EXPECT_EQ(std::ranges::count(killer.also(), 162), 1);
}

// An old forker is spared once; a victim that vanished was no kill.
TEST_F(StormCycle, TheForkerWasSparedOnlyIfASignalWasSent) {
  source->task(100).id.start_time = 0;
  killer.set_answer(KillOutcome::Kind::kVanished);
  EXPECT_EQ(run_low(*source).kind, Kind::kNotSignalled);
  ASSERT_TRUE(state.decision.storm);
  EXPECT_TRUE(state.decision.storm->spare_forker);
  killer.set_answer(KillOutcome::Kind::kSent);
  EXPECT_EQ(run_low(*source).kind, Kind::kSignalled);
  ASSERT_TRUE(state.decision.storm);
  EXPECT_TRUE(state.decision.storm->spare_forker);
  EXPECT_EQ(state.incident.spared_forker.pid, 100);
}

TEST_F(StormCycle, AForkerThatARuleProtectsIsSpared) {
  Rule rule{.name = "way in", .protect = true};
  ASSERT_TRUE(set_option(rule, "exe", "/bin/forker"));
  rules.rules.push_back(rule);
  source->set_identity(100, {"/bin/forker", "", "/"});
  EXPECT_EQ(run(*source).kind, Kind::kCalm);
  source->wait_for_answers();
  EXPECT_EQ(run(*source).kind, Kind::kCalm);
  EXPECT_EQ(run_low(*source).kind, Kind::kSignalled);
  ASSERT_TRUE(state.decision.storm);
  EXPECT_TRUE(state.decision.storm->spare_forker);
  EXPECT_NE(killer.pids(), std::vector<std::int32_t>{100});
  EXPECT_EQ(killer.also().size(), 49U);
}

TEST_F(StormCycle, IsLeftAloneWhereOneProcessIsAskedFor) {
  rules.victim = VictimOrder::kProcess;
  EXPECT_EQ(run_low(*source).kind, Kind::kSignalled);
  EXPECT_FALSE(state.decision.storm);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{101});
  EXPECT_TRUE(killer.also().empty());
}

TEST_F(StormCycle, TheBareOrderOf2632HasNone) {
  rules.min_reclaim = Amount{.basis_points = {}, .kib = 0};
  EXPECT_EQ(run_low(*source).kind, Kind::kSignalled);
  EXPECT_FALSE(state.decision.storm);
  EXPECT_TRUE(killer.also().empty());
}

TEST_F(StormCycle, SigkillAtOnceEvenWithAGrace) {
  rules.term_grace_us = 1'000'000;
  static_cast<void>(run_low(*source));
  EXPECT_EQ(killer.signals(), std::vector<Signal>{Signal::kKill});
}

TEST_F(StormCycle, ADryRunSweepsNobody) {
  killer.set_answer(KillOutcome::Kind::kNotSent);
  EXPECT_EQ(run_low(*source).kind, Kind::kNotSignalled);
  EXPECT_TRUE(state.decision.storm);
  EXPECT_TRUE(killer.also().empty());
}

TEST_F(CycleTest, OneThatMayNotBeSignalledIsSetAside) {
  FakeSource source(snapshot_of({user_task(10, 500), user_task(11, 900)}));
  killer.set_answer(KillOutcome::Kind::kFailed);
  EXPECT_EQ(run_low(source).kind, Kind::kNotSignalled);
  killer.set_answer(KillOutcome::Kind::kSent);
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), (std::vector<std::int32_t>{11, 10}));
}

TEST_F(CycleTest, TheBudgetEndsTheKilling) {
  rules.kills_per_minute = 1;
  FakeSource source(snapshot_of({user_task(10, 500), user_task(11, 900)}));
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(run_low(source).kind, Kind::kDone);
  EXPECT_EQ(run_low(source).kind, Kind::kBudgetSpent);
  source.set_step(60'000'000);
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
}

TEST_F(CycleTest, TermFirstWhereAGraceIsConfigured) {
  rules.term_grace_us = 1'000'000;
  FakeSource source(snapshot_of({user_task(10, 500)}));
  source.set_step(600'000);
  killer.set_exited(false);
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(run_low(source).kind, Kind::kPending);
  EXPECT_EQ(run_low(source).kind, Kind::kEscalated);
  EXPECT_EQ(killer.signals(),
            (std::vector<Signal>{Signal::kTerm, Signal::kKill}));
}

TEST_F(CycleTest, ADryRunHasOneVictimPerIncident) {
  killer.set_answer(KillOutcome::Kind::kNotSent);
  FakeSource source(snapshot_of({user_task(10, 500)}));
  EXPECT_EQ(run_low(source).kind, Kind::kNotSignalled);
  EXPECT_EQ(run_low(source).kind, Kind::kCoolingDown);
  source.set_pressure(with_available(900'000));
  EXPECT_EQ(run(source).kind, Kind::kCalm);
  EXPECT_EQ(run_low(source).kind, Kind::kNotSignalled);
}

TEST_F(CycleTest, TheKernelsOwnVictimIsWaitedFor) {
  FakeSource source(snapshot_of({user_task(10, 500)}));
  source.set_pressure(with_available(500'000));
  EXPECT_EQ(run(source).kind, Kind::kCalm);
  source.set_oom_kills(1);
  const CycleResult result = run_low(source);
  EXPECT_EQ(result.kind, Kind::kWaiting);
  EXPECT_EQ(result.kernel_kills, 1U);
  source.set_step(250'000);
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
}

// A container at its limit: the memory that is short is another.
TEST_F(CycleTest, AKernelKillForTheLimitOfACgroupHoldsNothingOff) {
  FakeSource source(snapshot_of({user_task(10, 500)}));
  source.set_limit_ooms("/user.slice", 3);
  source.set_pressure(with_available(500'000));
  EXPECT_EQ(run(source).kind, Kind::kCalm);
  source.set_limit_ooms("/user.slice", 4);
  source.set_oom_kills(5);  // memory.oom.group
  const CycleResult result = run_low(source);
  EXPECT_EQ(result.kind, Kind::kSignalled);
  EXPECT_EQ(result.kernel_kills, 5U);
}

TEST_F(CycleTest, ChildFirstKillsTheFirstChild) {
  Task child = user_task(12, 10);
  child.ppid = 11;
  FakeSource source(
      snapshot_of({user_task(10, 500), user_task(11, 900), child}));
  rules.victim = VictimOrder::kChildFirst;
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(state.decision.chosen.task.id.pid, 11);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{12});
}

TEST_F(CycleTest, MemoryThatCameBackDuringTheScanSpares) {
  FakeSource tasks(snapshot_of({user_task(10, 500)}));
  ChangingSource source(tasks, {50'000, 300'000});
  EXPECT_EQ(run(source).kind, Kind::kRecovered);
  EXPECT_TRUE(killer.pids().empty());
}

TEST_F(CycleTest, AnUnreadableSampleKillsNobody) {
  FakeSource source(snapshot_of({user_task(10, 500)}));
  source.set_pressure(tl::unexpected(Error{EBADMSG, "meminfo"}));
  const CycleResult result = run(source);
  EXPECT_EQ(result.kind, Kind::kSampleLost);
  EXPECT_EQ(result.error.code, EBADMSG);
  EXPECT_TRUE(killer.pids().empty());
}

TEST_F(CycleTest, SomebodyDyingIsWaitedForAndThenPassedOver) {
  Task dying = user_task(10, 500);
  dying.flags = kPfExiting;
  FakeSource source(snapshot_of({dying, user_task(11, 900)}));
  source.set_step(1'500'000);
  EXPECT_EQ(run_low(source).kind, Kind::kWaiting);
  EXPECT_EQ(run_low(source).dying, dying.id);
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{11});
}

TEST_F(CycleTest, NobodyIsKilledWhereNobodyIsACandidate) {
  FakeSource source(snapshot_of({user_task(1, 9000), user_task(7, 100)}));
  rules.machine.self_pid = 7;
  EXPECT_EQ(run_low(source).kind, Kind::kNoCandidate);
  EXPECT_TRUE(killer.pids().empty());
}

TEST_F(CycleTest, OnceDecidesWithoutTheTrigger) {
  FakeSource source(snapshot_of({user_task(10, 500)}));
  source.set_pressure(with_available(900'000));
  state.once = true;
  killer.set_answer(KillOutcome::Kind::kNotSent);
  EXPECT_EQ(run(source).kind, Kind::kNotSignalled);
  EXPECT_FALSE(state.decision.fired);
}

TEST_F(CycleTest, OneThatVanishesBeforeItIsRefinedIsPassedOver) {
  FakeSource source(snapshot_of({user_task(10, 500), user_task(11, 900)}));
  source.set_vanishing(11);
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{10});
}

TEST_F(CycleTest, AProcessThatGivesNothingBackIsPassedOver) {
  rules.min_reclaim.reset();  // 150,000 wanted, 40,000 there
  FakeSource source(
      snapshot_of({holding(10, 16'000'000, 4'000), holding(11, 50'000, 120'000),
                   holding(12, 40'000, 300'000)}));
  EXPECT_EQ(run_deep(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{12});
  EXPECT_EQ(state.decision.needed_kib, 110'000U);
  EXPECT_EQ(state.decision.required_kib, 110'000U);
  EXPECT_EQ(state.decision.culprit.kind, Culprit::Kind::kOlder);
  ASSERT_EQ(state.decision.passed_over_count, 2U);
  EXPECT_EQ(state.decision.passed_over[0].task.id.pid, 10);
  EXPECT_EQ(state.decision.passed_over[0].verdict.points, 16'000'000U);
}

// Started in the middle of an emergency: nothing is known yet.
TEST_F(CycleTest, TheFirstDecisionWaitsForASecondOfNotes) {
  rules.min_reclaim.reset();
  source_of_started.set_step(300'000);
  source_of_started.set_pressure(with_available(90'000));
  EXPECT_EQ(run(source_of_started).kind, Kind::kLooking);
  source_of_started.task(11).rss_anon_kib += 60'000;
  source_of_started.set_pressure(with_available(89'900));
  EXPECT_EQ(run(source_of_started).kind, Kind::kLooking);
  EXPECT_EQ(run(source_of_started).kind, Kind::kLooking);
  EXPECT_EQ(run(source_of_started).kind, Kind::kLooking);
  // Nothing was lost meanwhile: the greatest score for what is held decides.
  EXPECT_EQ(run(source_of_started).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{10});
}

TEST_F(CycleTest, WhatTakesMemoryInItsFirstSecondDies) {
  rules.min_reclaim.reset();
  source_of_started.set_pressure(with_available(99'000));
  EXPECT_EQ(run(source_of_started).kind, Kind::kLooking);
  source_of_started.task(11).rss_anon_kib += 40'000;
  source_of_started.set_pressure(with_available(60'000));
  EXPECT_EQ(run(source_of_started).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{11});
  EXPECT_EQ(state.decision.culprit.kind, Culprit::Kind::kProcess);
}

TEST_F(CycleTest, BelowHalfOfTheLimitTheFirstDecisionDoesNotWait) {
  rules.min_reclaim.reset();
  EXPECT_EQ(run_deep(source_of_started).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{10});
}

// A calm look, at which 500,000 KiB are available and all is noted; then memory
// is short.
class BlameTest : public CycleTest {
 protected:
  explicit BlameTest(std::vector<Task> tasks =
                         {holding(10, 3'000'000, 140'000),  // reserves
                          holding(11, 80'000, 300'000),     // holds the most
                          holding(12, 60'000, 20'000)})     // the leak to be
      : source(snapshot_of(std::move(tasks))) {
    rules.min_reclaim.reset();
    source.set_pressure(with_available(500'000));
    EXPECT_EQ(run(source).kind, Kind::kCalm);
  }

  void grow(std::int32_t pid, Kib kib) {
    source.task(pid).rss_anon_kib += kib;
    source.task(pid).rss += kib / 4;
  }

  FakeSource source;
};

TEST_F(BlameTest, AnInnocentProcessThatOnlyReservesIsPassedOver) {
  grow(12, 440'000);
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{12});
  EXPECT_EQ(state.decision.culprit.kind, Culprit::Kind::kProcess);
  ASSERT_TRUE(state.decision.loss);
  EXPECT_EQ(state.decision.loss->lost_kib, 450'000U);
  EXPECT_EQ(state.decision.chosen.verdict.took_kib, 440'000U);
  EXPECT_EQ(state.decision.passed_over_count, 2U);
}

TEST_F(BlameTest, RootIsNotSparedForWhatItTook) {
  grow(12, 440'000);
  source.task(12).cap_effective = kCapSysAdmin | kCapSysRawio;
  static_cast<void>(run_low(source));
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{12});
}

TEST_F(BlameTest, OfThoseThatTookAFairPartPointsDecide) {
  grow(12, 240'000);
  grow(11, 200'000);
  static_cast<void>(run_low(source));
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{11});
}

TEST_F(BlameTest, TheBareOrderHasNoGuard) {
  rules.min_reclaim = Amount{.basis_points = {}, .kib = 0};
  grow(12, 440'000);
  static_cast<void>(run_low(source));
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{10});
}

// A tmpfs that fills: nobody dies for it early, and below half of the limit the
// score of what is held decides, without address space that is only reserved.
TEST_F(BlameTest, WhereNoProcessTookItInnocentOnesDieOnlyBelowHalfOfTheLimit) {
  EXPECT_EQ(run_low(source).kind, Kind::kNobody);
  EXPECT_TRUE(killer.pids().empty());
  source.set_step(200'000);
  EXPECT_EQ(run_deep(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{11});
  EXPECT_EQ(state.decision.culprit.kind, Culprit::Kind::kNobody);
}

// By a trigger of stalls alone, they die after one more window.
TEST_F(BlameTest, ATriggerOfStallsGivesInnocentOnesOneMoreWindow) {
  Trigger stalled{.name = "stalled"};
  stalled.psi_full_above = 1000;
  rules.triggers = {stalled};
  EXPECT_FALSE(innocents_may_die(stalled, with_available(10), 9 * kSecond));
  EXPECT_TRUE(innocents_may_die(stalled, with_available(10), 10 * kSecond));
}

TEST_F(BlameTest, AHogThatMustNotDieIsNamedAndItsNeighboursLive) {
  source.task(12).oom_adj = kOomDisable;
  grow(12, 440'000);
  EXPECT_EQ(run_low(source).kind, Kind::kNobody);
  EXPECT_TRUE(killer.pids().empty());
  ASSERT_TRUE(state.decision.culprit.exempt);
  EXPECT_EQ(state.decision.exempt.task.id.pid, 12);
  EXPECT_EQ(state.decision.exempt.verdict.took_kib, 440'000U);
}

// An innocent process does not die for a few KiB, however short memory is.
TEST_F(BlameTest, NoInnocentOneDiesForLessThanAnEighthOfWhatIsNeeded) {
  source.task(10).rss_anon_kib = 13'000;
  source.task(11).rss_anon_kib = 13'000;
  source.task(12).rss_anon_kib = 1'000;
  EXPECT_EQ(run_deep(source).kind, Kind::kNobody);
  EXPECT_TRUE(killer.pids().empty());
}

// The workers of a server under load: none took what is needed, all together
// did. No process that took nothing dies for that.
class PoolTest : public BlameTest {
 protected:
  PoolTest() : BlameTest(pool()) {
    rules.victim = VictimOrder::kProcess;  // its workers are old: no storm
  }

  void grow_all(Kib kib) {
    for (std::int32_t pid = 21; pid < 41; ++pid) {
      grow(pid, kib);
    }
  }

  static std::vector<Task> pool() {
    std::vector<Task> tasks{holding(10, 3'000'000, 140'000),
                            holding(11, 80'000, 300'000),
                            holding(20, 60'000, 2'000)};
    for (std::int32_t pid = 21; pid < 41; ++pid) {
      Task worker = holding(pid, 60'000 + static_cast<Pages>(pid), 12'000);
      worker.ppid = 20;
      worker.comm[0] = static_cast<char>('A' + pid - 21);  // names do not count
      tasks.push_back(worker);
    }
    return tasks;
  }
};

TEST_F(PoolTest, OneOfItsWorkersDies) {
  for (std::int32_t pid = 21; pid < 41; ++pid) {
    grow(pid, pid < 31 ? 20'000 : 25'000);
  }
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{40});
  EXPECT_EQ(state.decision.culprit.kind, Culprit::Kind::kGroup);
  EXPECT_FALSE(state.decision.culprit.by_account);
}

TEST_F(PoolTest, ThatTookLessThanHalfOfTheLossIsNone) {
  grow_all(10'000);
  EXPECT_EQ(run_low(source).kind, Kind::kNobody);
}

// The same with the accounts of cgroups: a service (20) whose workers did not
// take it by what they hold, but which is charged with it.
class AccountsTest : public PoolTest {
 protected:
  AccountsTest() {
    source.set_identity(10, {"/bin/java", "", "/system/java"});
    source.set_identity(11, {"/bin/redis", "", "/system/redis"});
    for (std::int32_t pid = 20; pid < 41; ++pid) {
      source.set_identity(pid, {"/bin/writer", "", "/system/writer"});
    }
    charge("/system", 442'000);
    charge("/system/java", 140'000);
    charge("/system/redis", 300'000);
    charge("/system/writer", 2'000);
    source.set_step(1'100'000);
    // A note of processes and accounts.
    source.set_pressure(with_available(480'000));
    EXPECT_EQ(run(source).kind, Kind::kCalm);
    source.wait_for_answers();
    EXPECT_EQ(run(source).kind, Kind::kCalm);
    EXPECT_TRUE(state.accounts.known());
  }

  void charge(const std::string& cgroup, Kib anonymous, Kib shmem = 0) {
    Account account;
    account[Charge::kAnonymous] = anonymous;
    account[Charge::kShmem] = shmem;
    source.set_account(cgroup, account);
  }
};

TEST_F(AccountsTest, TheProcessesOfTheCgroupThatIsChargedAreEligible) {
  charge("/system", 442'000, 430'000);
  charge("/system/writer", 2'000, 430'000);
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{20});
  const Decision& decision = state.decision;
  EXPECT_EQ(decision.culprit.kind, Culprit::Kind::kGroup);
  EXPECT_TRUE(decision.culprit.by_account);
  EXPECT_EQ(decision.culprit.min_took_kib, 0U);
  ASSERT_EQ(decision.cgroups.count, 1U);
  EXPECT_EQ(decision.cgroups.list[0].path.view(), "/system/writer");
  EXPECT_EQ(decision.cgroups.list[0].took_kib, 430'000U);
  EXPECT_EQ(decision.cgroups.source, CgroupsTook::Source::kNow);
}

// After the writers' cgroup is gone, its files are charged to the one above.
TEST_F(AccountsTest, WhatTheDeadHaveLeftIsNobodys) {
  charge("/system", 440'000, 430'000);
  source.remove_cgroup("/system/writer");
  for (std::int32_t pid = 20; pid < 41; ++pid) {
    source.remove(pid);
  }
  EXPECT_EQ(run_low(source).kind, Kind::kNobody);
  EXPECT_TRUE(state.decision.cgroups.dead);
  EXPECT_TRUE(killer.pids().empty());
}

TEST_F(AccountsTest, ACgroupWhoseProcessesMustNotDieIsNobodysToo) {
  charge("/system", 442'000, 430'000);
  charge("/system/writer", 2'000, 430'000);
  for (std::int32_t pid = 20; pid < 41; ++pid) {
    source.task(pid).oom_adj = kOomDisable;
  }
  EXPECT_EQ(run_low(source).kind, Kind::kNobody);
  EXPECT_TRUE(killer.pids().empty());
}

TEST_F(AccountsTest, AmongItsProcessesThoseThatTookAFairPartAreEligible) {
  grow(22, 150'000);
  grow(23, 140'000);
  charge("/system", 870'000);
  charge("/system/writer", 430'000);
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{23});
  EXPECT_EQ(state.decision.culprit.min_took_kib, 75'000U);
}

// Nothing is known of a cgroup that came after the note but what it is charged
// with: all of that it took.
TEST_F(AccountsTest, ANewCgroupTookAllThatItIsChargedWith) {
  charge("/system", 872'000);
  charge("/system/new", 0, 430'000);
  source.add(holding(50, 10, 100));
  source.set_identity(50, {"/bin/new", "", "/system/new"});
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{50});
}

// Two cgroups that took about the same are both asked.
TEST_F(AccountsTest, CgroupsThatTookAboutTheSameAreAskedTogether) {
  charge("/system", 872'000);
  charge("/system/java", 140'000, 210'000);
  charge("/system/writer", 2'000, 220'000);
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(state.decision.cgroups.count, 2U);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{10});
}

TEST_F(BlameTest, WithoutNotesWhatIsHeldDecides) {
  state.census = Census();
  grow(12, 440'000);
  static_cast<void>(run_deep(source));
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{12});
  EXPECT_FALSE(state.decision.loss);
  EXPECT_EQ(state.decision.culprit.kind, Culprit::Kind::kOlder);
}

// The parent took the memory and then forked: what both map goes with neither
// alone. No other process dies for that.
TEST_F(BlameTest, OneThatSharesItAllWithItsChildIsStillTheOne) {
  grow(12, 440'000);
  Task child = source.task(12);
  child.id = {13, 13};
  child.ppid = 12;
  child.flags = kPfForkNoExec;
  source.add(child);
  static_cast<void>(run_low(source));
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{12});
  EXPECT_EQ(state.decision.required_kib, 0U);
}

TEST_F(BlameTest, AfterAKillTheBaselineFromBeforeItStays) {
  grow(12, 220'000);
  grow(11, 220'000);
  static_cast<void>(run_low(source));
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{11});
  source.remove(11);
  source.set_pressure(with_available(110'000));
  EXPECT_EQ(run(source).kind, Kind::kPending);  // half of it came back
  source.set_step(2'000'000);
  EXPECT_EQ(run(source).kind, Kind::kDone);
  EXPECT_EQ(run(source).kind, Kind::kCalm);  // and a note
  grow(12, 60'000);
  static_cast<void>(run_low(source));
  EXPECT_EQ(killer.pids(), (std::vector<std::int32_t>{11, 12}));
  EXPECT_EQ(state.decision.chosen.verdict.took_kib, 280'000U);
}

TEST_F(BlameTest, ADeadLeaderDoesNotHideWhatItsThreadsTook) {
  Task& leak = source.task(12);
  grow(12, 440'000);
  leak.has_mm = false;
  leak.live_tid = 14;
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{12});
}

TEST_F(BlameTest, WhatSharesItsAddressSpaceGoesWithIt) {
  grow(12, 440'000);
  Task twin = source.task(12);
  twin.id = {13, 13};
  twin.ppid = 12;
  twin.flags = kPfForkNoExec;
  source.add(twin);
  source.set_sharing(12, 13);
  static_cast<void>(run_low(source));
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{12});
  EXPECT_EQ(killer.also(), std::vector<std::int32_t>{13});
  EXPECT_EQ(state.decision.kill_set, KillSet::kSharedMm);
  EXPECT_EQ(state.incident.pending->expected_kib, 460'000U);
}

// All processes from pid 200 on share the address space of pid 12.
class SharingSource final : public test::ForwardingSource {
 public:
  using ForwardingSource::ForwardingSource;
  [[nodiscard]] bool share_mm(const Task& a, const Task& b) override {
    return a.id.pid >= 200 || b.id.pid >= 200;
  }
};

TEST_F(BlameTest, HoweverManyShareItsAddressSpaceTheyGoWithIt) {
  constexpr std::int32_t kMany = 200;
  grow(12, 440'000);
  for (std::int32_t i = 0; i < kMany; ++i) {
    Task twin = source.task(12);
    twin.id = {200 + i, 200};
    twin.ppid = 12;
    twin.flags = kPfForkNoExec;
    source.add(twin);
  }
  SharingSource sharing(source.sources());
  source.set_pressure(with_available(50'000));
  EXPECT_EQ(run(sharing).kind, Kind::kSignalled);
  EXPECT_EQ(state.decision.kill_set, KillSet::kSharedMm);
  EXPECT_EQ(killer.also().size() + killer.pids().size(), kMany + 1U);
}

// Those that the choice did not judge are judged for the record.
TEST_F(CycleTest, WhoIsListedBesideAChoiceFromTheCensusHasPoints) {
  FakeSource source(
      snapshot_of({holding(10, 3'000'000, 140'000),
                   holding(11, 80'000, 300'000), holding(12, 60'000, 20'000)}));
  source.fault(1);
  rules.min_reclaim.reset();
  source.set_pressure(with_available(500'000));
  EXPECT_EQ(run(source).kind, Kind::kCalm);
  source.task(12).rss_anon_kib += 440'000;
  source.fault(440'000);
  const std::uint32_t lists = source.lists();
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_LE(source.lists(), lists + 1);
  const Decision& decision = state.decision;
  EXPECT_EQ(decision.chosen.task.id.pid, 12);
  ASSERT_EQ(decision.passed_over_count, 2U);
  EXPECT_EQ(decision.passed_over[0].task.id.pid, 10);
  EXPECT_GT(decision.passed_over[0].verdict.points, 1'000'000U);
}

TEST_F(CycleTest, WhereNobodyGivesBackEnoughTheBarIsHalved) {
  rules.min_reclaim.reset();
  FakeSource source(
      snapshot_of({holding(10, 9000, 4'000), holding(11, 500, 30'000)}));
  EXPECT_EQ(run_deep(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{11});
  EXPECT_EQ(state.decision.required_kib, 27'500U);
}

TEST_F(CycleTest, WhereNoneGivesBackAnEighthNoneDies) {
  rules.min_reclaim.reset();
  FakeSource source(
      snapshot_of({user_task(10, 500), holding(11, 900, 13'000)}));
  EXPECT_EQ(run_deep(source).kind, Kind::kNoCandidate);
  EXPECT_TRUE(killer.pids().empty());
}

TEST_F(CycleTest, SharedMemoryThatNobodyElseMapsCounts) {
  rules.min_reclaim.reset();
  Task leak = user_task(10, 90'000);
  leak.rss = 80'000;
  leak.rss_shmem_kib = 300'000;
  Task other = holding(11, 50'000, 200'000);
  other.rss_shmem_kib = 1'000;
  FakeSource source(snapshot_of({leak, other}));
  EXPECT_EQ(run_deep(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{10});
  EXPECT_EQ(state.decision.victim.verdict.reclaim_kib, 299'000U);
}

TEST_F(CycleTest, ASegmentThatManyMapIsNobodysOwn) {
  rules.min_reclaim.reset();
  std::vector<Task> tasks{holding(50, 500, 200'000)};
  for (std::int32_t pid = 10; pid < 14; ++pid) {
    Task mapper = user_task(pid, 90'000);
    mapper.rss = 80'000;
    mapper.rss_shmem_kib = 300'000;
    tasks.push_back(mapper);
  }
  FakeSource source(snapshot_of(tasks));
  EXPECT_EQ(run_deep(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{50});
}

}  // namespace
}  // namespace badnessd
