// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>

#include "badnessd/app/report/report.h"
#include "decisions.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using test::scored;
using test::user_task;

TEST(Json, HoldsTheTasksInTheGivenOrder) {
  const Json json =
      report_json(scored({user_task(10, 500), user_task(11, 900)}), {1, 0}, {});
  ASSERT_EQ(json["tasks"].size(), 2U);
  EXPECT_EQ(json["tasks"][0]["pid"], 11);
  EXPECT_EQ(json["tasks"][1]["points"], 500);
}

TEST(Json, FactsAreFlagsCountsAndSentences) {
  Snapshot snapshot;
  snapshot.gaps.unreadable = 2;
  snapshot.gaps.vanished = 1;
  snapshot.gaps.kernel26 = true;
  const Json facts = report_json(snapshot, {}, {})["facts"];
  EXPECT_EQ(facts["unreadable"], 2);
  EXPECT_EQ(facts["vanished"], 1);
  EXPECT_EQ(facts["kernel_2_6"], true);
  ASSERT_EQ(facts["sentences"].size(), 1U);
  EXPECT_EQ(facts["sentences"][0],
            "2 processes: could not be read (hidepid? it needs "
            "CAP_SYS_PTRACE)");
}

TEST(Json, TheTriggerThatFiresIsMarked) {
  const Policy policy = test::default_policy();
  OomDomains domains = system_domain(policy);
  domains.system.last = test::with_available(10'000);
  Decision decision;
  decision.fired = true;
  decision.trigger = 1;
  const Json triggers = triggers_json(policy, domains, decision);
  ASSERT_EQ(triggers.size(), 2U);
  EXPECT_EQ(triggers[0]["fires"], false);
  EXPECT_EQ(triggers[1]["fires"], true);
  EXPECT_EQ(triggers[1]["name"], "stalled");
  EXPECT_EQ(triggers[1]["cgroup"], nullptr);
}

TEST(Json, WithoutPsiThereIsNone) {
  PressureReading reading = test::with_available(10'000);
  EXPECT_EQ(pressure_json(reading)["some"], nullptr);
  reading.psi_some = PsiLine{.avg10 = 125};
  EXPECT_EQ(pressure_json(reading)["some"]["avg10_basis_points"], 125);
}

}  // namespace
}  // namespace badnessd
