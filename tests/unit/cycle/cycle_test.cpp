// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/cycle.h"

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

  Policy rules = policy();
  CycleState state{rules};
  RecordingKiller killer;
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
  EXPECT_EQ(source.scans(), 0U);
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

TEST_F(StormCycle, AForkerThatARuleProtectsIsSpared) {
  Rule rule{.name = "way in", .protect = true};
  ASSERT_TRUE(set_option(rule, "exe", "/bin/forker"));
  rules.rules.push_back(rule);
  source->set_identity(100, {"/bin/forker", "", ""});
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
  EXPECT_TRUE(result.kernel_killed);
  source.set_step(250'000);
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
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

TEST_F(CycleTest, OnlyThoseThatCanWinAreRefined) {
  std::vector<Task> tasks;
  for (std::int32_t pid = 100; pid < 1100; ++pid) {
    tasks.push_back(user_task(pid, static_cast<Pages>(pid)));
  }
  // Root's large processes look like winners until their discount is known.
  tasks[500].total_vm = 1500;
  tasks[500].cap_effective = kCapSysAdmin;
  FakeSource source(snapshot_of(tasks));
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{1099});
  // Two before the signal, and those that the record lists after it.
  EXPECT_LE(source.refines(), 2U + 2 * Decision::kListed);
}

TEST_F(CycleTest, TheGuardPassesOverWhoGivesNothingBack) {
  rules.min_reclaim.reset();  // 150,000 wanted, 50,000 there
  rules.spare_bystanders = false;
  FakeSource source(
      snapshot_of({holding(10, 16'000'000, 4'000), holding(11, 50'000, 120'000),
                   holding(12, 40'000, 300'000)}));
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{11});
  EXPECT_EQ(state.decision.needed_kib, 100'000U);
  EXPECT_EQ(state.decision.required_kib, 100'000U);
  ASSERT_EQ(state.decision.passed_over_count, 1U);
  EXPECT_EQ(state.decision.passed_over[0].task.id.pid, 10);
  ASSERT_EQ(state.decision.runners_up_count, 1U);
  EXPECT_EQ(state.decision.runners_up[0].task.id.pid, 12);
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
  EXPECT_EQ(state.decision.blame, Blame::kTook);
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

TEST_F(BlameTest, WithoutItsSwitchOnlyTheReclaimCounts) {
  rules.spare_bystanders = false;
  grow(12, 440'000);
  static_cast<void>(run_low(source));
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{10});
  EXPECT_EQ(state.decision.blame, Blame::kNone);
}

TEST_F(BlameTest, TheBareOrderHasNoGuard) {
  rules.min_reclaim = Amount{.basis_points = {}, .kib = 0};
  grow(12, 440'000);
  static_cast<void>(run_low(source));
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{10});
}

// A tmpfs that fills: the score of what is held decides, without address space
// that is only reserved.
TEST_F(BlameTest, WhereNoProcessTookItWhatIsHeldDecides) {
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{11});
  EXPECT_EQ(state.decision.blame, Blame::kHeld);
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
      tasks.push_back(worker);
    }
    return tasks;
  }
};

TEST_F(PoolTest, OneOfItsWorkersDies) {
  for (std::int32_t pid = 21; pid < 41; ++pid) {
    grow(pid, pid < 31 ? 20'000 : 25'000);
  }
  grow(10, 15'000);  // as much as a fair part, but not of the pool
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{40});
  EXPECT_EQ(state.decision.blame, Blame::kTook);
  ASSERT_TRUE(state.decision.pool);
  EXPECT_EQ(state.decision.pool->parent.pid, 20);
  EXPECT_EQ(state.decision.pool->members, 20U);
  EXPECT_EQ(state.decision.pool->took_kib, 450'000U);
}

// A helper of the pool maps a file. Until the helper is read, that could be
// memory that it took: more than each worker, less than another process took.
TEST_F(PoolTest, IsFoundBesideAChildOfAnotherNameWithMoreResident) {
  grow_all(25'000);
  grow(10, 30'000);
  Task helper = holding(41, 60'000, 1'000);
  helper.ppid = 20;
  helper.comm[0] = 'h';
  helper.rss = 27'000 / 4;
  source.add(helper);
  static_cast<void>(run_low(source));
  ASSERT_TRUE(state.decision.pool);
  EXPECT_EQ(state.decision.pool->members, 20U);
}

TEST_F(PoolTest, ThatTookLessThanHalfOfTheLossIsNone) {
  grow_all(10'000);
  static_cast<void>(run_low(source));
  EXPECT_EQ(state.decision.blame, Blame::kHeld);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{11});
}

TEST_F(PoolTest, OfOtherNamesIsNone) {
  grow_all(25'000);
  for (std::int32_t pid = 21; pid < 41; ++pid) {
    source.task(pid).comm[0] = static_cast<char>('A' + pid - 21);
  }
  static_cast<void>(run_low(source));
  EXPECT_FALSE(state.decision.pool);
}

// Workers that write, and so copy, what they were forked with: what they hold
// does not change. No census has measured it, but each copy is a fault.
class CopiesTest : public BlameTest {
 protected:
  CopiesTest() : BlameTest(family()) { rules.victim = VictimOrder::kProcess; }

  static std::vector<Task> family() {
    std::vector<Task> tasks{holding(11, 80'000, 300'000),
                            holding(20, 40'000, 120'000)};
    for (std::int32_t pid = 21; pid < 29; ++pid) {
      Task worker = holding(pid, 40'000, 120'000);
      worker.ppid = 20;
      worker.flags |= kPfForkNoExec;
      tasks.push_back(worker);
    }
    return tasks;
  }
};

TEST_F(CopiesTest, OneOfThoseThatFaultedThemInDies) {
  for (std::int32_t pid = 21; pid < 29; ++pid) {
    source.task(pid).faulted_kib = 40'000;
  }
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(state.decision.blame, Blame::kTook);
  ASSERT_TRUE(state.decision.pool);
  EXPECT_EQ(state.decision.pool->took_kib, 8 * 40'000U);
  EXPECT_EQ(state.decision.victim.task.ppid, 20);
  EXPECT_GE(state.decision.expected_kib(), 40'000U);
}

TEST_F(CopiesTest, FaultsExplainNoMoreThanWhatIsShared) {
  source.task(21).faulted_kib = 9'000'000;
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{21});
  EXPECT_EQ(state.decision.victim.verdict.took_kib, 120'000U);
}

TEST_F(CopiesTest, NoneIsSuspectedWhereSharedMemoryGrew) {
  for (std::int32_t pid = 21; pid < 29; ++pid) {
    source.task(pid).faulted_kib = 120'000;
  }
  PressureReading low = with_available(50'000);
  low.shmem_kib = 400'000;
  source.set_pressure(low);
  EXPECT_EQ(run(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{11});
}

TEST_F(CopiesTest, SmallOnesAreNotSuspected) {
  for (std::int32_t pid = 20; pid < 29; ++pid) {
    source.task(pid).rss_anon_kib = 16'000;
    source.task(pid).rss = 4'000;
    source.task(pid).faulted_kib = 9'000'000;
  }
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{11});
}

TEST_F(CopiesTest, WhatWasTakenForCertainComesFirst) {
  source.task(21).faulted_kib = 120'000;
  grow(11, 440'000);
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{11});
}

TEST_F(BlameTest, WithoutNotesWhatIsHeldDecides) {
  state.census = Census();
  grow(12, 440'000);
  static_cast<void>(run_low(source));
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{12});
  EXPECT_FALSE(state.decision.loss);
  EXPECT_EQ(state.decision.blame, Blame::kHeld);
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

TEST_F(CycleTest, WhereNobodyGivesBackEnoughTheBarIsHalved) {
  rules.min_reclaim.reset();
  FakeSource source(
      snapshot_of({holding(10, 9000, 4'000), holding(11, 500, 30'000)}));
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{11});
  EXPECT_EQ(state.decision.required_kib, 25'000U);
}

TEST_F(CycleTest, WhereNobodyGivesBackAnythingTheBareOrderHolds) {
  rules.min_reclaim.reset();
  FakeSource source(snapshot_of({user_task(10, 500), user_task(11, 900)}));
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{11});
  EXPECT_EQ(state.decision.required_kib, 0U);
}

TEST_F(CycleTest, SharedMemoryThatNobodyElseMapsCounts) {
  rules.min_reclaim.reset();
  Task leak = user_task(10, 90'000);
  leak.rss = 80'000;
  leak.rss_shmem_kib = 300'000;
  Task other = holding(11, 50'000, 200'000);
  other.rss_shmem_kib = 1'000;
  FakeSource source(snapshot_of({leak, other}));
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
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
  EXPECT_EQ(run_low(source).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{50});
}

}  // namespace
}  // namespace badnessd
