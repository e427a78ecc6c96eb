// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/metrics.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tree.h"

namespace badnessd {
namespace {

// After two kills, with the name of a trigger that has all that a label must
// escape.
Metrics after_two_kills() {
  Metrics metrics{.degraded = {Lack::kClamped},
                  .start_s = 1'700'000'000,
                  .kills = {{"exhausted", 1}, {"a \"b\"\\\n\xff{}", 1}},
                  .last_kill_s = 1'700'000'060,
                  .spared = 3,
                  .lost_lines = 7};
  metrics.latency_us.add(412);
  metrics.latency_us.add(2'000'000);
  metrics.reclaimed_kib.add(1024);
  metrics.reclaimed_kib.add(Kib{2} << 20);
  metrics.reading.emplace();
  metrics.reading->psi_some = PsiLine{.total_us = 12'345'678};
  metrics.reading->psi_full = PsiLine{.total_us = 1'000'000};
  return metrics;
}

// The stored file, which promtool checks too; with BADNESSD_UPDATE_GOLDEN in
// the environment it is written anew.
TEST(Metrics, TheFileIsTheStoredOne) {
  const std::string path = SOURCE_DIR "/tests/golden/metrics.prom";
  if (std::getenv("BADNESSD_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << metrics_text(after_two_kills());
  }
  EXPECT_EQ(metrics_text(after_two_kills()), test::contents_of(path));
}

TEST(Metrics, ALabelStaysOnItsLine) {
  const std::string text =
      metrics_text({.kills = {{"a\" 1\nbadnessd_up 0\n\\", 5}}});
  EXPECT_NE(
      text.find("{trigger=\"a\\\" 1\\\\x0abadnessd_up 0\\\\x0a\\\\\\\\\"} "
                "5\n"),
      std::string::npos)
      << text;
  EXPECT_EQ(text.find("\nbadnessd_up 0"), std::string::npos) << text;
}

TEST(Metrics, WhatIsNotKnownIsLeftOut) {
  const std::string text = metrics_text({});
  EXPECT_EQ(text.find("badnessd_stall_seconds_total"), std::string::npos);
  Metrics some;
  some.reading.emplace().psi_some = PsiLine{};
  const std::string with_some = metrics_text(some);
  EXPECT_NE(with_some.find("{tasks=\"some\"} 0\n"), std::string::npos);
  EXPECT_EQ(with_some.find("{tasks=\"full\"}"), std::string::npos);
}

// What the examples for Prometheus and Grafana ask for.
TEST(Metrics, TheExamplesAskForThoseThatExist) {
  std::set<std::string> known;
  std::istringstream lines(metrics_text(after_two_kills()));
  for (std::string line; std::getline(lines, line);) {
    known.insert(line.substr(0, line.find_first_of(" {")));
  }
  const std::regex name("\\bbadnessd_[a-z_]+\\b");
  for (const char* path : {"/config/prometheus/badnessd.rules.yml",
                           "/config/prometheus/badnessd.rules.test.yml",
                           "/config/grafana/badnessd.json"}) {
    const std::string text = test::contents_of(std::string(SOURCE_DIR) + path);
    auto it = std::sregex_iterator(text.begin(), text.end(), name);
    EXPECT_NE(it, std::sregex_iterator()) << path;
    for (; it != std::sregex_iterator(); ++it) {
      EXPECT_TRUE(known.contains(it->str())) << it->str() << " in " << path;
    }
  }
}

TEST(Metrics, TheDashboardHasPanelsWithQueries) {
  const auto dashboard = nlohmann::json::parse(
      test::contents_of(SOURCE_DIR "/config/grafana/badnessd.json"));
  EXPECT_GE(dashboard.at("panels").size(), 4U);
  for (const auto& panel : dashboard.at("panels")) {
    EXPECT_FALSE(panel.at("targets").empty()) << panel.at("title");
    for (const auto& target : panel.at("targets")) {
      EXPECT_FALSE(target.at("expr").get<std::string>().empty());
    }
  }
}

}  // namespace
}  // namespace badnessd
