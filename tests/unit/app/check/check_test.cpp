// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/check/check.h"

#include <string>

#include <gtest/gtest.h>

#include "proc_tree.h"
#include "roots.h"

namespace badnessd {
namespace {

class Check : public testing::Test {
 protected:
  Json json() {
    const auto source = test::open_root(tree.path());
    const auto result = check(loaded, *source, true, {});
    clean = result && result->clean;
    return result ? Json::parse(result->text) : Json();
  }
  // Where the value of a setting is from.
  std::string origin_of(const Json& report, const std::string& key) {
    for (const Json& setting : report.at("settings")) {
      if (setting.at("key") == key) {
        return setting.at("from");
      }
    }
    return {};
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
  const Json report = json();
  EXPECT_EQ(report["origin"], "x.toml");
  EXPECT_EQ(origin_of(report, "kill.per_minute"), "x.toml:2");
  EXPECT_EQ(origin_of(report, "kernel.hz"), "--set");
  EXPECT_EQ(origin_of(report, "kill.victim"), "default");
}

TEST_F(Check, ChoosesWithAndWithoutRulesAndGuard) {
  ASSERT_TRUE(apply_toml(loaded,
                         "[[rule]]\nname = \"db\"\ncomm = \"db\"\n"
                         "user = \"1000\"\nprotect = true\n",
                         "x.toml"));
  const Json chosen = json()["chosen"];
  EXPECT_EQ(chosen["configured_pid"], 21);
  EXPECT_EQ(chosen["without_rules_pid"], 20);  // it holds the most
  EXPECT_EQ(chosen["kernel_2_6_32_pid"], 21);  // it reserves the most
}

TEST_F(Check, AWarningIsNotClean) {
  static_cast<void>(json());
  // A stored tree has no PSI, so that the trigger "stalled" cannot fire.
  EXPECT_FALSE(clean);
  loaded.settings.policy.triggers.pop_back();
  static_cast<void>(json());
  EXPECT_TRUE(clean);
}

TEST_F(Check, WithoutMeminfoItFails) {
  tree.remove("meminfo");
  const auto source = test::open_root(tree.path());
  EXPECT_FALSE(check(loaded, *source, false, {}));
}

}  // namespace
}  // namespace badnessd
