// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/check/check.h"

#include <regex>
#include <string>

#include <gtest/gtest.h>

#include "proc_tree.h"
#include "roots.h"

namespace badnessd {
namespace {

class Check : public testing::Test {
 protected:
  std::string text() {
    const auto source = test::open_root(tree.path());
    const auto result = check(loaded, *source, {});
    clean = result && result->clean;
    return result ? result->text : "";
  }
  // Whether a line begins with the words, whatever is between them.
  static bool has_line(const std::string& text, const std::string& words) {
    return std::regex_search(
        text, std::regex("(^|\n)" +
                         std::regex_replace(words, std::regex(" "), " +")));
  }

  test::TempTree tree{test::together(
      test::system_files(),
      {test::process({.pid = 1, .comm = "init"}, test::oom_files(0, 0)),
       test::process({.pid = 20,
                      .comm = "db",
                      .size = 9000,
                      .resident = 4000,
                      .rss_anon_kib = 16'000},
                     test::oom_files(0, 0)),
       test::process({.pid = 21, .comm = "web", .size = 90'000},
                     test::oom_files(0, 0))})};
  LoadedSettings loaded{.settings = {}, .origin = "x.toml"};
  bool clean = false;
};

TEST_F(Check, SaysWhereEachSettingIsFrom) {
  ASSERT_TRUE(apply_toml(loaded, "[kill]\nper_minute = 3\n", "x.toml"));
  ASSERT_TRUE(apply_assignment(loaded, "kernel.hz=100"));
  const std::string report = text();
  EXPECT_TRUE(has_line(report, "settings x.toml"));
  EXPECT_TRUE(has_line(report, "kill.per_minute 3 x.toml:2"));
  EXPECT_TRUE(has_line(report, "kernel.hz 100 --set"));
  EXPECT_TRUE(has_line(report, "kill.victim auto default"));
}

TEST_F(Check, ChoosesWithAndWithoutRulesAndGuard) {
  ASSERT_TRUE(apply_toml(loaded,
                         "[[rule]]\nname = \"db\"\ncomm = \"db\"\n"
                         "user = \"1000\"\nprotect = true\n",
                         "x.toml"));
  const std::string report = text();
  // What is left would give back next to nothing.
  EXPECT_TRUE(has_line(report, "chosen none as configured"));
  // It holds the most.
  EXPECT_TRUE(has_line(report, " 20 .db. without the rules"));
  // It reserves the most.
  EXPECT_TRUE(
      has_line(report, " 21 .web. without rules, no matter who took it"));
}

TEST_F(Check, AWarningIsNotClean) {
  static_cast<void>(text());
  // A stored tree has no PSI, so that the trigger "stalled" cannot fire.
  EXPECT_FALSE(clean);
  loaded.settings.policy.triggers.pop_back();
  static_cast<void>(text());
  EXPECT_TRUE(clean);
}

TEST_F(Check, WithoutMeminfoItFails) {
  tree.remove("meminfo");
  const auto source = test::open_root(tree.path());
  EXPECT_FALSE(check(loaded, *source, {}));
}

}  // namespace
}  // namespace badnessd
