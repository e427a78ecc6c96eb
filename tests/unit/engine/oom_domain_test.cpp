// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/oom_domain.h"

#include <string>

#include <gtest/gtest.h>

#include "snapshots.h"

namespace badnessd {
namespace {

using test::acts_below_a_tenth;
using test::reading_at;

TEST(Reading, FiresTheFirstTriggerOfEachAction) {
  Policy rules = acts_below_a_tenth();
  Trigger warn = rules.triggers[0];
  warn.action = Action::kLog;
  rules.triggers = {warn, rules.triggers[0], rules.triggers[0]};
  OomDomains domains = system_domain(rules);
  const Fired fired =
      take_reading(rules, domains.system, reading_at(kSecond, 100));
  EXPECT_EQ(fired.log, 0U);
  EXPECT_EQ(fired.kill, 1U);
}

TEST(Reading, AScopedTriggerIsJudgedOnItsOwnWatchAlone) {
  Policy rules = acts_below_a_tenth();
  Trigger scoped = rules.triggers[0];
  scoped.scope = Glob::parse("user.slice/*");
  rules.triggers = {scoped, rules.triggers[0]};
  OomDomains domains = system_domain(rules);
  EXPECT_EQ(take_reading(rules, domains.system, reading_at(kSecond, 100)).kill,
            1U);
  OomDomain domain = cgroup_domain(rules, 0, "/user.slice/user-1.slice");
  EXPECT_EQ(take_reading(rules, domain, reading_at(kSecond, 100)).kill, 0U);
  EXPECT_FALSE(
      take_reading(rules, domain, reading_at(2 * kSecond, 90'000)).kill);
}

TEST(Reading, TheNearestOfAllWatchesSetsThePace) {
  Policy rules = acts_below_a_tenth();
  Trigger scoped = rules.triggers[0];
  scoped.scope = Glob::parse("*");
  rules.triggers.push_back(scoped);
  OomDomains domains = system_domain(rules);
  static_cast<void>(
      take_reading(rules, domains.system, reading_at(kSecond, 90'000)));
  const Micros far = time_to_fire_us(rules, domains);
  domains.cgroups.push_back(cgroup_domain(rules, 1, "/a"));
  EXPECT_EQ(time_to_fire_us(rules, domains), far);  // it was not read yet
  static_cast<void>(
      take_reading(rules, domains.cgroups[0], reading_at(kSecond, 9'900)));
  plan_reading(rules, domains.cgroups[0], 1);
  EXPECT_LT(time_to_fire_us(rules, domains), far / 10);
}

// The time to the next reading of one of `count` cgroups of 100,000 KiB, of
// which this much is available after as much as `before` 250 ms ago.
Micros due_in(Kib before, Kib available, std::size_t count) {
  const Policy rules = acts_below_a_tenth();
  OomDomain domain = cgroup_domain(rules, 0, "/a");
  const Micros now = kSecond + kSecond / 4;
  static_cast<void>(take_reading(rules, domain, reading_at(kSecond, before)));
  static_cast<void>(take_reading(rules, domain, reading_at(now, available)));
  plan_reading(rules, domain, count);
  return domain.due_us - now;
}

TEST(Reading, SwapThatDoesNotMoveWhileTasksStallIsUseless) {
  Policy rules = acts_below_a_tenth();
  rules.triggers[0].swap_free_below = Amount{.basis_points = 1000, .kib = {}};
  OomDomains domains = system_domain(rules);
  const auto fires = [&](Micros time, Kib swap_free) {
    PressureReading reading = reading_at(time, 500);
    reading.swap_total_kib = 50'000;
    reading.swap_free_kib = swap_free;
    reading.psi_some = PsiLine{.total_us = time / 2};
    return take_reading(rules, domains.system, reading).kill.has_value();
  };
  Micros time = kSecond;
  for (Kib swap_free = 50'000; swap_free > 40'000; swap_free -= 1'000) {
    time += kSecond / 4;
    EXPECT_FALSE(fires(time, swap_free));
  }
  EXPECT_FALSE(fires(time + kSecond / 4, 41'000));
  EXPECT_TRUE(fires(time + kSecond / 2, 41'000));
  EXPECT_FALSE(fires(time + kSecond, 40'900));  // it moves again
}

TEST(PlanReading, ASmallCgroupThatDoesNotGrowIsNotReadAllTheTime) {
  EXPECT_EQ(due_in(100'000, 100'000, 1), kSecond / 4);
  EXPECT_EQ(due_in(10'100, 10'100, 1), kSecond / 4);
  EXPECT_EQ(due_in(10'100, 10'100, 300), 300 * 4'000U);
}

TEST(PlanReading, OneThatGrowsIsReadInTime) {
  // 40,000 of 90,000 KiB went in 250 ms: the rest in 312 ms, or in half of it.
  EXPECT_EQ(due_in(100'000, 60'000, 300), 156'250U);
  EXPECT_EQ(due_in(60'000, 10'100, 300), kShortestInterval);
  EXPECT_EQ(due_in(10'100, 9'900, 300), kShortestInterval);  // it fires
}

TEST(TimeForNotes, HasAShareWhateverIsNear) {
  const Policy rules = acts_below_a_tenth();
  OomDomains domains = system_domain(rules);
  int steps = 0;
  for (Micros now = kSecond; now < 11 * kSecond; now += 2'000) {
    PressureReading reading = reading_at(now, 10'001);
    reading.psi_some = PsiLine{.total_us = now};  // stalled all the time
    reading.psi_full = PsiLine{};
    static_cast<void>(take_reading(rules, domains.system, reading));
    steps += take_time_for_note(rules, domains) ? 1 : 0;
  }
  EXPECT_EQ(steps, 100);  // 2 ms of each 100
}

TEST(Calm, IsFarFromTheThresholdOrWithoutStalls) {
  const Policy rules = acts_below_a_tenth();
  OomDomains domains = system_domain(rules);
  EXPECT_FALSE(calm(rules, domains));  // nothing is known yet
  const auto take = [&](Micros time_us, Kib available, Micros stalled_us) {
    PressureReading now = reading_at(time_us, available);
    now.psi_some = PsiLine{.total_us = stalled_us};
    now.psi_full = PsiLine{};
    static_cast<void>(take_reading(rules, domains.system, now));
  };
  take(kSecond, 99'000'000, 0);
  EXPECT_TRUE(calm(rules, domains));
  take(2 * kSecond, 10'100, 0);
  take(5 * kSecond, 10'100, 10'000);
  EXPECT_TRUE(calm(rules, domains));  // short, but no task stalls
  take(9 * kSecond, 10'100, kSecond);
  EXPECT_FALSE(calm(rules, domains));
  take(10 * kSecond, 99'000'000, 2 * kSecond);
  EXPECT_TRUE(calm(rules, domains));
}

class ChooseActor : public testing::Test {
 protected:
  ChooseActor() {
    rules.kills_per_minute = 1;
    rules.triggers.push_back(rules.triggers[0]);
    rules.triggers[1].scope = Glob::parse("*");
    domains = system_domain(rules);
    for (const char* cgroup : {"/a", "/b", "/c"}) {
      domains.cgroups.push_back(cgroup_domain(rules, 1, cgroup));
      read(domains.cgroups.back(), true);
    }
    read(domains.system, false);
  }
  void read(OomDomain& domain, bool low) {
    static_cast<void>(
        take_reading(rules, domain, reading_at(kSecond, low ? 100 : 90'000)));
  }
  std::string chosen() {
    const auto trigger = choose_actor(rules, domains);
    return trigger ? domains.actor().cgroup + " " + std::to_string(*trigger)
                   : "";
  }

  Policy rules = acts_below_a_tenth();
  OomDomains domains;
};

TEST_F(ChooseActor, TakesTheSystemFirst) {
  EXPECT_EQ(chosen(), "/a 1");
  read(domains.system, true);
  EXPECT_EQ(chosen(), " 0");
}

TEST_F(ChooseActor, SkipsThoseThatCannotAct) {
  read(domains.system, true);
  rest(domains.system);
  count_kill(domains.cgroups[0].kills, kSecond);
  EXPECT_EQ(chosen(), "/b 1");
  rest(domains.cgroups[1]);
  rest(domains.cgroups[2]);
  EXPECT_EQ(chosen(), " 0");  // none can: one that fires
  for (OomDomain& domain : domains.cgroups) {
    plan_reading(rules, domain, 3);
  }
  EXPECT_EQ(time_to_fire_us(rules, domains), 100'000U);
}

TEST_F(ChooseActor, CgroupsTakeTurns) {
  rules.kills_per_minute = 100;
  for (const char* next : {"/a 1", "/b 1", "/c 1", "/a 1"}) {
    EXPECT_EQ(chosen(), next);
    count_kill(domains, kSecond);
  }
}

TEST_F(ChooseActor, IsNobodyWhereNoneFires) {
  for (OomDomain& domain : domains.cgroups) {
    read(domain, false);
  }
  EXPECT_EQ(chosen(), "");
  EXPECT_FALSE(domains.acting);
}

TEST(Budget, CountsTheKillsOfTheLastMinute) {
  Policy rules = acts_below_a_tenth();
  rules.kills_per_minute = 2;
  KillTimes kills;
  EXPECT_TRUE(budget_left(rules, kills, 0));
  count_kill(kills, 10 * kSecond);
  count_kill(kills, 20 * kSecond);
  EXPECT_FALSE(budget_left(rules, kills, 69 * kSecond));
  EXPECT_TRUE(budget_left(rules, kills, 70 * kSecond));
}

TEST(Budget, HoldsBeyondTheRing) {
  Policy rules = acts_below_a_tenth();
  rules.kills_per_minute = KillTimes::kMost;
  KillTimes kills;
  for (std::size_t i = 0; i < KillTimes::kMost; ++i) {
    EXPECT_TRUE(budget_left(rules, kills, kSecond));
    count_kill(kills, kSecond);
  }
  EXPECT_FALSE(budget_left(rules, kills, kSecond));
}

}  // namespace
}  // namespace badnessd
