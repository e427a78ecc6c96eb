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
  end_incident(incident);
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
    return step_pending(rules, incident, reading_at(time, available), fires,
                        exited);
  }

  Policy rules = acts_below_a_tenth();
  Incident incident;
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
  incident.pending->phase = Pending::Phase::kTerminating;
  EXPECT_EQ(step(10 * kSecond + kSecond / 2 - 1, 1000, true, false),
            PendingStep::kWait);
  EXPECT_EQ(step(10 * kSecond + kSecond / 2, 1000, true, false),
            PendingStep::kEscalate);
}

}  // namespace
}  // namespace badnessd
