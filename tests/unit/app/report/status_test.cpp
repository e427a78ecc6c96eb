// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/status.h"

#include <gtest/gtest.h>

#include "decisions.h"
#include "snapshots.h"

namespace badnessd {
namespace {

class StatusTest : public testing::Test {
 protected:
  [[nodiscard]] Json json() const {
    return status_json({.state = state,
                        .policy = policy,
                        .settings = "a file",
                        .started_us = 10 * kSecond,
                        .now_us = 100 * kSecond,
                        .lacks = lacks,
                        .kills = kills,
                        .choice = choice,
                        .last_decision = last});
  }
  [[nodiscard]] static std::string text_of(const Json& status,
                                           bool running = true) {
    const Micros now = 103 * kSecond;
    return status_text(status, health_of(status, running, now), now);
  }

  Policy policy = test::default_policy();
  CycleState state{policy};
  std::vector<std::string> lacks;
  KillTimes kills;
  Json choice;
  Json last;
};

TEST_F(StatusTest, CountsKillsByTheirAge) {
  for (const Micros ago : {3 * kSecond, 59 * kSecond, 80 * kSecond}) {
    count_kill(kills, 100 * kSecond - ago);
  }
  const Json counts = json().at("kills");
  EXPECT_EQ(counts.at("last_minute"), 2);
  EXPECT_EQ(counts.at("last_hour"), 3);
  EXPECT_EQ(counts.at("last_day"), 3);
  EXPECT_EQ(counts.at("since_start"), 3);
}

TEST_F(StatusTest, IsHealthyWhileTheProcessWrites) {
  const Json status = json();
  const auto health = [&](bool running, Micros seconds) {
    return health_of(status, running, seconds * kSecond);
  };
  EXPECT_EQ(health(true, 103), Health::kWatching);
  EXPECT_EQ(health(true, 199), Health::kWatching);
  EXPECT_EQ(health(true, 201), Health::kNotRunning);
  EXPECT_EQ(health(false, 103), Health::kNotRunning);
  // Another boot.
  EXPECT_EQ(health(true, 50), Health::kNotRunning);
  lacks.emplace_back("there is no PSI");
  EXPECT_EQ(health_of(json(), true, 103 * kSecond), Health::kDegraded);
}

// Of 1,000,000 KiB 5 % are 50,000 KiB.
TEST_F(StatusTest, SaysHowFarATriggerIsFromFiring) {
  policy.triggers = {{.name = "low", .mem_available_below = Amount{500, {}}}};
  PressureReading reading = test::with_available(152'400);
  reading.mem_total_kib = 1'000'000;
  state.domains.system.last = reading;
  const auto sentence = [this] { return json().at("triggers").at(0); };
  EXPECT_EQ(sentence(),
            "low acts when MemAvailable < 48.8 MiB (5%); now 149 MiB; 100 MiB "
            "more must be lost");
  state.domains.system.last->mem_available_kib = 49'999;
  EXPECT_EQ(sentence(),
            "low acts when MemAvailable < 48.8 MiB (5%); now 48.8 MiB");
}

TEST_F(StatusTest, SaysHowThingsAre) {
  state.domains.system.last = test::with_available(500'000);
  choice = {"would kill 10 (db)", "900 points"};
  const std::string text = text_of(json());
  EXPECT_NE(text.find("watching: process"), std::string::npos) << text;
  EXPECT_NE(text.find("for 1 min; this is 3 s old"), std::string::npos) << text;
  EXPECT_NE(text.find("exhausted acts when"), std::string::npos) << text;
  EXPECT_NE(text.find("would kill 10 (db)"), std::string::npos) << text;
  EXPECT_NE(text.find("no decision since the start"), std::string::npos);
  EXPECT_EQ(text.find("lacks"), std::string::npos) << text;
}

TEST_F(StatusTest, NamesWhoTookMemory) {
  Json status = json();
  EXPECT_NE(text_of(status).find("lost      not known yet"), std::string::npos)
      << text_of(status);
  status["lost"] = {{"since_us", 60 * kSecond},
                    {"lost_kib", 2048},
                    {"takers",
                     {{{"pid", 7}, {"took_kib", 1024}, {"comm", "leak"}},
                      {{"pid", 8}, {"took_kib", 512}, {"comm", ""}}}}};
  const std::string text = text_of(status);
  EXPECT_NE(text.find("2.0 MiB less available than 1 min ago"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("7 (leak) took 1.0 MiB"), std::string::npos) << text;
  EXPECT_NE(text.find("process 8, gone, took 512 KiB"), std::string::npos);
}

TEST_F(StatusTest, SaysThatItIsOldWhereNothingRuns) {
  const std::string text = text_of(json(), false);
  EXPECT_NE(text.find("not running: the last status"), std::string::npos)
      << text;
}

}  // namespace
}  // namespace badnessd
