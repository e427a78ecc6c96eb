// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/incident.h"

#include <gtest/gtest.h>

#include "snapshots.h"

namespace badnessd {
namespace {

using test::acts_below_a_tenth;
using test::reading_at;

TEST(Incident, TheEndOfTheIncident) {
  Incident incident;
  incident.reported = true;
  incident.waiting_since_us = 5;
  set_aside(incident, {10, 7});
  end_incident(incident);
  EXPECT_TRUE(set_aside_of(incident).empty());
  EXPECT_FALSE(incident.reported);
  EXPECT_FALSE(incident.waiting_since_us);
}

TEST(Waiting, ForTheDyingEndsPerIncident) {
  Policy rules = acts_below_a_tenth();
  rules.exit_timeout_us = 2 * kSecond;
  Incident incident;
  EXPECT_EQ(wait_for(rules, incident, 100 * kSecond), WaitFor::kExiting);
  incident.waiting_since_us = 100 * kSecond;
  EXPECT_EQ(wait_for(rules, incident, 101 * kSecond), WaitFor::kExiting);
  EXPECT_EQ(wait_for(rules, incident, 102 * kSecond), WaitFor::kNone);
}

TEST(Waiting, ForTheKernelEndsPerIncidentToo) {
  Policy rules = acts_below_a_tenth();
  rules.exit_timeout_us = 2 * kSecond;
  Incident incident;
  EXPECT_FALSE(waits_for_kernel(rules, incident, 100 * kSecond));
  // The kernel kills again every 100 ms.
  int waits = 0;
  for (Micros now = 100 * kSecond; now < 110 * kSecond; now += 100'000) {
    incident.kernel_kill_us = now;
    if (waits_for_kernel(rules, incident, now)) {
      begin_waiting(incident, now);
      ++waits;
    }
  }
  EXPECT_EQ(waits, 20);
  EXPECT_EQ(wait_for(rules, incident, 110 * kSecond), WaitFor::kNone);
  end_incident(incident);
  EXPECT_TRUE(waits_for_kernel(rules, incident, 110 * kSecond));
  EXPECT_FALSE(waits_for_kernel(rules, incident, 111 * kSecond));
}

TEST(SetAside, ForgetsTheOldestBeyondItsSize) {
  Incident incident;
  for (std::int32_t pid = 1; pid <= 33; ++pid) {
    set_aside(incident, {pid, 7});
  }
  const auto aside = set_aside_of(incident);
  EXPECT_EQ(aside.size(), Incident::kMaxSetAside);
  EXPECT_EQ(aside.front(), (TaskId{33, 7}));
  EXPECT_EQ(aside.back(), (TaskId{32, 7}));
}

class PendingTest : public testing::Test {
 protected:
  PendingTest() {
    rules.exit_timeout_us = 2 * kSecond;
    rules.recover_timeout_us = kSecond;
    rules.term_grace_us = kSecond / 2;
    incident.pending = Pending{.id = {10, 7},
                               .phase = Pending::Phase::kKilling,
                               .since_us = 10 * kSecond,
                               .free_before_kib = 1000,
                               .expected_kib = 400};
  }
  PendingStep step(Micros time, Kib available, bool fires, bool exited) {
    const PressureReading reading = reading_at(time, available);
    need.acting = fires;
    update_pending(*incident.pending, reading, exited, left);
    return next_step(rules, *incident.pending, reading, need);
  }

  Policy rules = acts_below_a_tenth();
  Incident incident;
  Need need;
  std::uint32_t left = 0;
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
  incident.pending->phase = Pending::Phase::kTerminating;
  EXPECT_EQ(step(11 * kSecond, 1000, false, false), PendingStep::kWait);
  EXPECT_EQ(step(11 * kSecond, 1000, true, false), PendingStep::kEscalate);
}

TEST_F(PendingTest, ItsMemoryIsWaitedForAfterItsExit) {
  EXPECT_EQ(step(11 * kSecond, 1000, true, true), PendingStep::kWait);
  EXPECT_EQ(step(11 * kSecond, 1100, true, true), PendingStep::kWait);
  EXPECT_EQ(step(11 * kSecond, 1200, true, true), PendingStep::kDone);
}

TEST_F(PendingTest, MemoryThatDoesNotComeIsNotWaitedForForEver) {
  EXPECT_EQ(step(11 * kSecond, 1000, true, true), PendingStep::kWait);
  EXPECT_EQ(step(12 * kSecond - 1, 1001, true, true), PendingStep::kWait);
  EXPECT_EQ(step(12 * kSecond, 1001, true, true), PendingStep::kDone);
}

TEST_F(PendingTest, MemoryThatOthersHaveTakenIsNotWaitedFor) {
  EXPECT_EQ(step(11 * kSecond, 1000, true, true), PendingStep::kWait);
  EXPECT_EQ(step(11 * kSecond + 99'999, 1000, true, true), PendingStep::kWait);
  EXPECT_EQ(step(11 * kSecond + 100'000, 1000, true, true), PendingStep::kDone);
}

TEST_F(PendingTest, WithNobodyInNeedTheAccountIsOfTheWhole) {
  EXPECT_EQ(step(11 * kSecond, 1000, false, true), PendingStep::kWait);
  EXPECT_EQ(step(11 * kSecond, 1399, false, true), PendingStep::kWait);
  EXPECT_EQ(step(11 * kSecond, 1400, false, true), PendingStep::kDone);
}

TEST_F(PendingTest, WithNobodyInNeedTheAccountEndsToo) {
  EXPECT_EQ(step(11 * kSecond, 1000, false, true), PendingStep::kWait);
  EXPECT_EQ(step(12 * kSecond, 1000, false, true), PendingStep::kDone);
}

TEST_F(PendingTest, AfterTheGraceComesSigkill) {
  incident.pending->phase = Pending::Phase::kTerminating;
  EXPECT_EQ(step(10 * kSecond + kSecond / 2 - 1, 1000, true, false),
            PendingStep::kWait);
  EXPECT_EQ(step(10 * kSecond + kSecond / 2, 1000, true, false),
            PendingStep::kEscalate);
}

TEST_F(PendingTest, WithoutSigkillAProcessIsLetGo) {
  incident.pending->phase = Pending::Phase::kTerminating;
  EXPECT_EQ(step(30 * kSecond - 1, 1000, false, false), PendingStep::kWait);
  EXPECT_EQ(step(30 * kSecond, 1000, false, false), PendingStep::kLetGo);
}

TEST_F(PendingTest, ANeighbourInNeedIsNotKeptWaiting) {
  need.elsewhere = true;
  EXPECT_EQ(step(10 * kSecond + 249'999, 1000, false, false),
            PendingStep::kWait);
  EXPECT_EQ(step(10 * kSecond + 250'000, 1000, false, false),
            PendingStep::kGiveUp);
  EXPECT_EQ(step(10 * kSecond + 250'000, 1000, true, false),
            PendingStep::kWait);  // both are in need
  incident.pending->phase = Pending::Phase::kTerminating;
  EXPECT_EQ(step(10 * kSecond + 250'000, 1000, false, false),
            PendingStep::kLetGo);
  EXPECT_EQ(step(10 * kSecond + 250'000, 1000, false, true),
            PendingStep::kDone);
}

TEST_F(PendingTest, TheSystemInNeedDoesNotWaitForTheVictimOfACgroup) {
  need.system = true;
  EXPECT_EQ(step(10 * kSecond + 250'000, 1000, true, false),
            PendingStep::kWait);  // the victim is the system's own
  need.in_cgroup = true;
  EXPECT_EQ(step(10 * kSecond + 250'000, 1000, true, false),
            PendingStep::kGiveUp);
  incident.pending->phase = Pending::Phase::kTerminating;
  EXPECT_EQ(step(10 * kSecond + 250'000, 1000, true, false),
            PendingStep::kEscalate);
}

TEST_F(PendingTest, MemoryThatComesBackRenewsTheWaitForTheExit) {
  Micros now = 10 * kSecond;
  for (Kib back = 50; back <= 400; back += 50) {
    now += 2 * kSecond - 1;
    EXPECT_EQ(step(now, 1000 + back, true, false), PendingStep::kWait) << back;
  }
  // All of it is back: more is no progress of this exit.
  EXPECT_EQ(step(now + 2 * kSecond, 2000, true, false), PendingStep::kGiveUp);
}

TEST_F(PendingTest, ATrickleDoesNotRenewIt) {
  EXPECT_EQ(step(11 * kSecond, 1049, true, false), PendingStep::kWait);
  EXPECT_EQ(step(12 * kSecond, 1049, true, false), PendingStep::kGiveUp);
}

TEST_F(PendingTest, MembersOfTheKillSetThatGoRenewIt) {
  incident.pending->swept = incident.pending->left = left = 251;
  Micros now = 10 * kSecond;
  while (left >= 31) {
    left -= 31;
    now += 2 * kSecond - 1;
    EXPECT_EQ(step(now, 1000, true, false), PendingStep::kWait) << left;
  }
  EXPECT_EQ(step(now + 2 * kSecond, 1000, true, false), PendingStep::kGiveUp);
}

TEST_F(PendingTest, NothingIsTakenWhileMembersOfTheKillSetLive) {
  incident.pending->swept = incident.pending->left = left = 251;
  EXPECT_EQ(step(11 * kSecond, 1000, true, true), PendingStep::kWait);
  EXPECT_EQ(step(12 * kSecond - 1, 1000, true, true), PendingStep::kWait);
  left = 200;
  EXPECT_EQ(step(12 * kSecond - 1, 1000, true, true), PendingStep::kWait);
  EXPECT_EQ(step(13 * kSecond - 2, 1000, true, true), PendingStep::kWait);
  EXPECT_EQ(step(13 * kSecond - 1, 1000, true, true), PendingStep::kDone);
}

}  // namespace
}  // namespace badnessd
