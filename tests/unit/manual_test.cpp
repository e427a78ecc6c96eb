// SPDX-License-Identifier: GPL-2.0-only
// The manual pages name every option, setting, field and metric.
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "badnessd/app/config/settings.h"
#include "badnessd/app/report/metrics.h"
#include "badnessd/app/report/record.h"
#include "badnessd/app/report/report.h"
#include "badnessd/app/report/status.h"
#include "badnessd/engine/badness.h"
#include "badnessd/system/proc/identity.h"
#include "badnessd/system/proc/stat_reader.h"
#include "command_help.h"
#include "decisions.h"
#include "snapshots.h"
#include "tree.h"

namespace badnessd {
namespace {

std::string page(const char* name) {
  return test::contents_of(std::string(SOURCE_DIR "/config/") + name);
}

// As the pages write it.
std::string troff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c == '-' ? "\\-" : std::string(1, c);
  }
  return out;
}

TEST(Manual, HasEveryOptionOfTheCommandLine) {
  const std::string text = page("badnessd.8");
  for (const test::CommandHelp& command : test::command_help()) {
    std::string entry = text;  // of a command: the line with its options
    if (!command.name.empty()) {
      const std::size_t begin = text.find("\n.B " + command.name);
      ASSERT_NE(begin, std::string::npos) << command.name;
      entry = text.substr(begin + 1, text.find('\n', begin + 1) - begin);
    }
    for (const std::string& name : command.options) {
      EXPECT_NE(entry.find("\\fB" + troff(name) + "\\fR"), std::string::npos)
          << command.name << ' ' << name;
    }
  }
}

TEST(Manual, HasEverySettingWithItsDefault) {
  const std::string text = page("badnessd.toml.5");
  const auto has = [&](std::string_view line) {
    EXPECT_NE(text.find(fmt::format("\n.B {}\n", troff(line))),
              std::string::npos)
        << line;
  };
  for (const auto& option : options_of<Settings>()) {
    has(fmt::format("{} = {}", option.key, option.text(Settings{})));
  }
  for (const auto& option : options_of<Trigger>()) {
    has(option.key);
  }
  for (const auto& option : options_of<Rule>()) {
    has(option.key);
  }
}

TEST(Manual, HasEveryMetricWithItsType) {
  const std::string text = page("badnessd.8");
  Metrics metrics{.kills = {{"exhausted", 1}}};
  metrics.reading.emplace().psi_some = PsiLine{};
  std::istringstream lines(metrics_text(metrics));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash;
    std::string keyword;
    std::string name;
    std::string type;
    words >> hash >> keyword >> name >> type;
    if (keyword == "TYPE") {
      ++count;
      EXPECT_NE(text.find(fmt::format(".BR {} \" ({})\"\n", name, type)),
                std::string::npos)
          << line;
    }
  }
  EXPECT_GT(count, 9U);
}

// With eight the control process of a reload could not start on Debian 13.
TEST(Unit, HasRoomForAllThreadsAndAReload) {
  const std::string unit =
      test::contents_of(SOURCE_DIR "/systemd/badnessd.service");
  constexpr std::string_view kKey = "\nTasksMax=";
  const std::size_t at = unit.find(kKey);
  ASSERT_NE(at, std::string::npos);
  // exe and cgroup, cmdline, smaps_rollup; accounts, memory.stat of scopes, the
  // reaper; systemd's process and what that forks.
  constexpr std::size_t kThreads = 1 + StatReader::kThreads +
                                   3 * (1 + Worker<IdentityReader>::kMostLeft) +
                                   3;
  constexpr std::size_t kControl = 4;
  EXPECT_GE(std::stoul(unit.substr(at + kKey.size())), kThreads + kControl);
}

// Conflicts= alone orders nothing (systemd/systemd#7104).
TEST(Unit, StartsAfterTheEndOfWhatItConflictsWith) {
  const std::string unit =
      test::contents_of(SOURCE_DIR "/systemd/badnessd.service");
  const auto all_of = [&](const std::string& key) {
    std::set<std::string> units;
    std::istringstream lines(unit);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line.starts_with(key) ? line.substr(key.size())
                                                     : std::string());
      for (std::string word; words >> word;) {
        units.insert(word);
      }
    }
    return units;
  };
  EXPECT_GE(all_of("Conflicts=").size(), 5U);
  EXPECT_EQ(all_of("Conflicts="), all_of("After="));
}

TEST(Manual, HasEveryReasonOfADegradedDaemon) {
  const std::string text = page("badnessd.8");
  const std::size_t at = text.find(".BR badnessd_degraded ");
  for (const std::string_view reason : Names<Lack>::kAll) {
    EXPECT_NE(text.find(fmt::format("\n.I {}\n", reason), at),
              std::string::npos)
        << reason;
  }
}

// Every key below `json`, but not below the facts, whose sentences explain
// them, and the record of a stored status, which can be an old one.
void collect_keys(const Json& json, std::set<std::string>& keys) {
  for (const auto& [key, value] : json.items()) {
    if (json.is_object()) {
      keys.insert(key);
    }
    if (value.is_structured() && key != "facts" && key != "last_decision") {
      collect_keys(value, keys);
    }
  }
}

void expect_fields(const std::string& text, const Json& json,
                   std::size_t at_least) {
  std::set<std::string> keys;
  collect_keys(json, keys);
  EXPECT_GT(keys.size(), at_least);
  for (const std::string& key : keys) {
    EXPECT_TRUE(text.find("B " + key + "\n") != std::string::npos ||
                text.find("\\fB" + key + "\\fR") != std::string::npos)
        << key;
  }
}

TEST(Manual, HasEveryFieldOfTheRecord) {
  Policy policy;
  policy.triggers = default_triggers();
  Decision decision;
  decision.reading.psi_some = decision.reading.psi_full = PsiLine{};
  decision.stalls = PressureHistory::Share{};
  decision.storm = Storm{};
  decision.loss = Loss{};
  decision.cgroups.count = 1;
  decision.culprit.exempt = 0;
  decision.score = badness(
      Snapshot{}, test::judged(test::user_task(10, 1)).view(), policy.score);
  expect_fields(page("badnessd.8"), record_json(decision, policy, "id"), 50);
}

TEST(Manual, HasEveryFieldOfAnAudit) {
  const Policy policy = test::default_policy();
  CycleState state(policy);
  state.domains.system.last = test::with_available(10'000);
  state.census.table() = test::scored({test::user_task(10, 500)});
  const CycleResult nothing;
  expect_fields(page("badnessd.8"), once_json(nothing, state, policy), 30);
}

TEST(Manual, HasEveryFieldOfTheStatus) {
  const Json status =
      Json::parse(test::contents_of(SOURCE_DIR "/tests/golden/status.json"));
  const Policy policy = test::default_policy();
  const CycleState state(policy);
  const KillTimes kills;
  const Json none;
  expect_fields(page("badnessd.8"), status, 25);  // with all inside
  expect_fields(page("badnessd.8"),
                status_json({.state = state,
                             .policy = policy,
                             .settings = "",
                             .lacks = {},
                             .kills = kills,
                             .choice = none,
                             .last_decision = none}),
                15);
}

}  // namespace
}  // namespace badnessd
