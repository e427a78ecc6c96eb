// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/policy.h"

#include <gtest/gtest.h>

namespace badnessd {
namespace {

constexpr Micros kSecond = 1'000'000;

Policy policy() {
  Policy policy;
  Trigger trigger;
  trigger.name = "low";
  trigger.mem_available_below = Amount{.basis_points = 1000, .kib = {}};
  policy.triggers = {trigger};
  return policy;
}

PressureReading reading(Micros time, Kib available) {
  PressureReading now;
  now.time_us = time;
  now.mem_total_kib = 100'000;
  now.mem_available_kib = available;
  return now;
}

TEST(Need, IsHalfAsMuchAgainAsTheTriggerAsksFor) {
  // The limit is 10,000: 15,000 is wanted, 4,000 is there.
  const Policy rules = policy();
  EXPECT_EQ(needed_kib(rules, rules.triggers[0], reading(0, 4000)), 11'000U);
  // An audit of a calm machine asks as if memory had just run short.
  EXPECT_EQ(needed_kib(rules, rules.triggers[0], reading(0, 90'000)), 5000U);
}

TEST(Need, IsWhatIsConfigured) {
  Policy rules = policy();
  rules.min_reclaim_kib = 0;
  EXPECT_EQ(needed_kib(rules, rules.triggers[0], reading(0, 4000)), 0U);
}

TEST(Need, OfATriggerThatAsksForNoMemoryIsAShareOfAll) {
  Trigger stalls;
  stalls.psi_full_above = 100;
  EXPECT_EQ(needed_kib(policy(), stalls, reading(0, 4000)), 100'000U / 64);
}

TEST(Reading, FiresTheFirstTriggerOfEachAction) {
  Policy rules = policy();
  Trigger warn = rules.triggers[0];
  warn.action = Action::kLog;
  rules.triggers = {warn, rules.triggers[0], rules.triggers[0]};
  PolicyState state = initial_state(rules);
  const Fired fired = take_reading(rules, state.system, reading(kSecond, 100));
  EXPECT_EQ(fired.log, 0U);
  EXPECT_EQ(fired.kill, 1U);
}

TEST(Reading, AScopedTriggerIsJudgedOnItsOwnWatchAlone) {
  Policy rules = policy();
  Trigger scoped = rules.triggers[0];
  scoped.scope = Glob::parse("user.slice/*");
  rules.triggers = {scoped, rules.triggers[0]};
  PolicyState state = initial_state(rules);
  EXPECT_EQ(take_reading(rules, state.system, reading(kSecond, 100)).kill, 1U);
  OomDomain domain = cgroup_domain(rules, 0, "/user.slice/user-1.slice");
  EXPECT_EQ(take_reading(rules, domain, reading(kSecond, 100)).kill, 0U);
  EXPECT_FALSE(take_reading(rules, domain, reading(2 * kSecond, 90'000)).kill);
}

TEST(Reading, TheNearestOfAllWatchesSetsThePace) {
  Policy rules = policy();
  Trigger scoped = rules.triggers[0];
  scoped.scope = Glob::parse("*");
  rules.triggers.push_back(scoped);
  PolicyState state = initial_state(rules);
  static_cast<void>(
      take_reading(rules, state.system, reading(kSecond, 90'000)));
  const Micros far = next_poll_interval_us(rules, state);
  state.cgroups.push_back(cgroup_domain(rules, 1, "/a"));
  EXPECT_EQ(next_poll_interval_us(rules, state), far);  // it was not read yet
  static_cast<void>(
      take_reading(rules, state.cgroups[0], reading(kSecond, 10'100)));
  EXPECT_LT(next_poll_interval_us(rules, state), far / 10);
}

TEST(Calm, IsFarFromTheThresholdOrWithoutStalls) {
  const Policy rules = policy();
  PolicyState state = initial_state(rules);
  EXPECT_FALSE(calm(rules, state));  // nothing is known yet
  const auto take = [&](Micros time_us, Kib available, Micros stalled_us) {
    PressureReading now = reading(time_us, available);
    now.psi_some = PsiLine{.total_us = stalled_us};
    now.psi_full = PsiLine{};
    static_cast<void>(take_reading(rules, state.system, now));
  };
  take(kSecond, 99'000'000, 0);
  EXPECT_TRUE(calm(rules, state));
  take(2 * kSecond, 10'100, 0);
  take(5 * kSecond, 10'100, 10'000);
  EXPECT_TRUE(calm(rules, state));  // short, but nobody waits
  take(9 * kSecond, 10'100, kSecond);
  EXPECT_FALSE(calm(rules, state));
  take(10 * kSecond, 99'000'000, 2 * kSecond);
  EXPECT_TRUE(calm(rules, state));
  state.pending = Pending{};
  EXPECT_FALSE(calm(rules, state));
}

TEST(Reading, TheEndOfTheTriggersIsTheEndOfTheIncident) {
  PolicyState state = initial_state(policy());
  state.reported = true;
  state.waiting_since_us = 5;
  end_incident(state);
  EXPECT_FALSE(state.reported);
  EXPECT_FALSE(state.waiting_since_us);
}

TEST(Waiting, ForTheDyingEndsPerIncident) {
  Policy rules = policy();
  rules.exit_timeout_us = 2 * kSecond;
  PolicyState state = initial_state(rules);
  EXPECT_EQ(wait_for(rules, state, 100 * kSecond), WaitFor::kExiting);
  state.waiting_since_us = 100 * kSecond;
  EXPECT_EQ(wait_for(rules, state, 101 * kSecond), WaitFor::kExiting);
  EXPECT_EQ(wait_for(rules, state, 102 * kSecond), WaitFor::kNone);
}

TEST(Budget, CountsTheKillsOfTheLastMinute) {
  Policy rules = policy();
  rules.kills_per_minute = 2;
  KillTimes kills;
  EXPECT_TRUE(budget_left(rules, kills, 0));
  count_kill(kills, 10 * kSecond);
  count_kill(kills, 20 * kSecond);
  EXPECT_FALSE(budget_left(rules, kills, 69 * kSecond));
  EXPECT_TRUE(budget_left(rules, kills, 70 * kSecond));
}

TEST(Budget, HoldsBeyondTheRing) {
  Policy rules = policy();
  rules.kills_per_minute = KillTimes::kMost;
  KillTimes kills;
  for (std::size_t i = 0; i < KillTimes::kMost; ++i) {
    EXPECT_TRUE(budget_left(rules, kills, kSecond));
    count_kill(kills, kSecond);
  }
  EXPECT_FALSE(budget_left(rules, kills, kSecond));
}

TEST(SetAside, ForgetsTheOldestBeyondItsSize) {
  PolicyState state = initial_state(policy());
  for (std::int32_t pid = 1; pid <= 33; ++pid) {
    set_aside(state, {pid, 7});
  }
  const auto aside = set_aside_of(state);
  EXPECT_EQ(aside.size(), PolicyState::kMaxSetAside);
  EXPECT_EQ(aside.front(), (TaskId{33, 7}));
  EXPECT_EQ(aside.back(), (TaskId{32, 7}));
}

class PendingTest : public testing::Test {
 protected:
  PendingTest() {
    rules.exit_timeout_us = 2 * kSecond;
    rules.recover_timeout_us = kSecond;
    rules.term_grace_us = kSecond / 2;
    state.pending = Pending{.id = {10, 7},
                            .phase = Pending::Phase::kKilling,
                            .since_us = 10 * kSecond,
                            .free_before_kib = 1000,
                            .expected_kib = 400};
  }
  PendingStep step(Micros time, Kib available, bool fires, bool exited) {
    return step_pending(rules, state, reading(time, available), fires, exited);
  }

  Policy rules = policy();
  PolicyState state;
};

TEST_F(PendingTest, AVictimIsWaitedForAndThenGivenUp) {
  EXPECT_EQ(step(11 * kSecond, 1000, true, false), PendingStep::kWait);
  EXPECT_EQ(step(12 * kSecond, 1000, true, false), PendingStep::kGiveUp);
}

TEST_F(PendingTest, WithNobodyInNeedAVictimMayTakeLongerToDie) {
  EXPECT_EQ(step(12 * kSecond, 1000, false, false), PendingStep::kWait);
  EXPECT_EQ(step(30 * kSecond, 1000, false, false), PendingStep::kGiveUp);
}

TEST_F(PendingTest, WithNobodyInNeedAGraceIsNotEndedBySigkill) {
  state.pending->phase = Pending::Phase::kTerminating;
  EXPECT_EQ(step(11 * kSecond, 1000, false, false), PendingStep::kWait);
  EXPECT_EQ(step(11 * kSecond, 1000, true, false), PendingStep::kEscalate);
}

TEST_F(PendingTest, ItsMemoryIsWaitedForAfterItsExit) {
  EXPECT_EQ(step(11 * kSecond, 1000, true, true), PendingStep::kExited);
  EXPECT_EQ(step(11 * kSecond, 1100, true, true), PendingStep::kWait);
  EXPECT_EQ(step(11 * kSecond, 1200, true, true), PendingStep::kDone);
}

TEST_F(PendingTest, MemoryThatDoesNotComeIsNotWaitedForForEver) {
  EXPECT_EQ(step(11 * kSecond, 1000, true, true), PendingStep::kExited);
  EXPECT_EQ(step(12 * kSecond - 1, 1001, true, true), PendingStep::kWait);
  EXPECT_EQ(step(12 * kSecond, 1001, true, true), PendingStep::kDone);
}

TEST_F(PendingTest, MemoryThatOthersHaveTakenIsNotWaitedFor) {
  EXPECT_EQ(step(11 * kSecond, 1000, true, true), PendingStep::kExited);
  EXPECT_EQ(step(11 * kSecond + 99'999, 1000, true, true), PendingStep::kWait);
  EXPECT_EQ(step(11 * kSecond + 100'000, 1000, true, true), PendingStep::kDone);
}

TEST_F(PendingTest, WithNobodyInNeedTheAccountIsOfTheWhole) {
  EXPECT_EQ(step(11 * kSecond, 1000, false, true), PendingStep::kExited);
  EXPECT_EQ(step(11 * kSecond, 1399, false, true), PendingStep::kWait);
  EXPECT_EQ(step(11 * kSecond, 1400, false, true), PendingStep::kDone);
}

TEST_F(PendingTest, WithNobodyInNeedTheAccountEndsToo) {
  EXPECT_EQ(step(11 * kSecond, 1000, false, true), PendingStep::kExited);
  EXPECT_EQ(step(12 * kSecond, 1000, false, true), PendingStep::kDone);
}

TEST_F(PendingTest, AfterTheGraceComesSigkill) {
  state.pending->phase = Pending::Phase::kTerminating;
  EXPECT_EQ(step(10 * kSecond + kSecond / 2 - 1, 1000, true, false),
            PendingStep::kWait);
  EXPECT_EQ(step(10 * kSecond + kSecond / 2, 1000, true, false),
            PendingStep::kEscalate);
}

}  // namespace
}  // namespace badnessd
