// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/record.h"

#include <utility>

#include <gtest/gtest.h>

#include "decisions.h"

namespace badnessd {
namespace {

using test::decision_on;
using test::default_policy;

Json record_of(const Decision& decision) {
  return record_json(decision, default_policy(), "5e-1");
}

TEST(Record, EveryOutcomeHasItsName) {
  using Kind = KillOutcome::Kind;
  using End = Decision::End;
  for (const auto& [kind, end, name] :
       {std::tuple{Kind::kSent, End::kPending, "pending"},
        std::tuple{Kind::kSent, End::kExited, "exited"},
        std::tuple{Kind::kSent, End::kStillAlive, "still_alive"},
        std::tuple{Kind::kNotSent, End::kNotSignalled, "would_kill"},
        std::tuple{Kind::kVanished, End::kNotSignalled, "vanished"},
        std::tuple{Kind::kRefused, End::kNotSignalled, "refused"},
        std::tuple{Kind::kFailed, End::kNotSignalled, "failed"}}) {
    Decision decision = decision_on("db");
    decision.outcome.kind = kind;
    decision.end = end;
    EXPECT_EQ(record_of(decision)["outcome"], name);
  }
}

TEST(Record, HoldsWhatWasDecided) {
  const Json record = record_of(test::ended(decision_on("db")));
  EXPECT_EQ(record["schema"], 1);
  EXPECT_EQ(record["id"], "5e-1");
  EXPECT_EQ(record["trigger"], "exhausted");
  EXPECT_EQ(record["victim"]["pid"], 11);
  EXPECT_EQ(record["victim"]["took_kib"], 0);
  EXPECT_EQ(record["steps"].back()["after"], 900);
  EXPECT_EQ(record["sets_off"]["unit"], "db.service");
  EXPECT_EQ(record["sets_off"]["oom_group"], nullptr);
  EXPECT_EQ(record["signal"], "SIGKILL");
  EXPECT_EQ(record["reclaimed_kib"], 1U << 20U);
  EXPECT_EQ(record["timings_us"]["exited"], 1'022'500);
  EXPECT_EQ(record["sentences"].size(), 7U);
  for (const char* absent : {"scope", "group", "stalls", "storm", "loss"}) {
    EXPECT_EQ(record[absent], nullptr) << absent;
  }
  EXPECT_FALSE(record["victim"].contains("steps"));
}

TEST(Record, AnAuditHasNoIdAndNoTimes) {
  const Json record = record_json(decision_on("db"), default_policy(), "");
  EXPECT_EQ(record["id"], nullptr);
  EXPECT_EQ(record["timings_us"], nullptr);
}

TEST(Record, ListsAtMostFiveOfAKind) {
  Decision decision = decision_on("db");
  decision.runners_up_count = 2;
  decision.runners_up[0].task.id.pid = 7;
  decision.runners_up[1].task.id.pid = 8;
  const Json record = record_of(decision);
  EXPECT_TRUE(record["passed_over"].empty());
  ASSERT_EQ(record["runners_up"].size(), 2U);
  EXPECT_EQ(record["runners_up"][1]["pid"], 8);
}

TEST(Record, SaysWhichCgroupTookHowMuchOfEachKind) {
  Decision decision = decision_on("db");
  decision.culprit.kind = Culprit::Kind::kGroup;
  decision.cgroups.source = CgroupsTook::Source::kNow;
  decision.cgroups.count = 1;
  decision.cgroups.list[0].path = "/system.slice/db.service";
  decision.cgroups.list[0].took_kib = 5'000;
  decision.cgroups.list[0].grown[Charge::kShmem] = 4'000;
  const Json culprit = record_of(decision)["culprit"];
  EXPECT_EQ(culprit["kind"], "group");
  EXPECT_EQ(culprit["accounts"], "now");
  ASSERT_EQ(culprit["cgroups"].size(), 1U);
  EXPECT_EQ(culprit["cgroups"][0]["path"], "/system.slice/db.service");
  EXPECT_EQ(culprit["cgroups"][0]["shmem_kib"], 4'000);
  EXPECT_EQ(culprit["exempt"], nullptr);
}

TEST(Record, AHostileNameIsAnEscapedString) {
  const std::string text = record_of(decision_on(test::hostile_name())).dump();
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_EQ(Json::parse(text)["victim"]["comm"],
            "a\\x0aMESSAGE=b\\x1b[31m\\xff\\xfe\"\\\\ " + std::string(42, 'x'));
}

}  // namespace
}  // namespace badnessd
