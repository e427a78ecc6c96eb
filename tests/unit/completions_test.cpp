// SPDX-License-Identifier: GPL-2.0-only
// config/completions has every command, option and setting.
#include <cstdio>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "badnessd/app/config/settings.h"
#include "badnessd/app/report/process.h"
#include "command_help.h"
#include "tree.h"

namespace badnessd {
namespace {

std::string file(const std::string& name) {
  return test::contents_of(SOURCE_DIR "/config/completions/" + name);
}

// What --set takes before the '=': each setting, and each key of the triggers.
std::set<std::string> setting_keys() {
  std::set<std::string> keys;
  for (const auto& option : options_of<Settings>()) {
    keys.insert(std::string(option.key));
  }
  for (const Trigger& trigger : default_triggers()) {
    for (const auto& option : options_of<Trigger>()) {
      keys.insert(fmt::format("trigger.{}.{}", trigger.name, option.key));
    }
  }
  return keys;
}

std::set<std::string> words_in(const std::string& text, const char* form) {
  const std::regex word(form);
  return {std::sregex_token_iterator(text.begin(), text.end(), word, 1), {}};
}

TEST(Completions, HaveEachOptionAndNoOther) {
  std::set<std::string> known;
  std::set<std::string> for_fish;
  for (const test::CommandHelp& command : test::command_help()) {
    for (const std::string& option : command.options) {
      if (option.starts_with("--")) {
        known.insert(option);
        for_fish.insert(option.substr(2));
      }
    }
  }
  EXPECT_GT(known.size(), 8U);
  for (const char* name : {"badnessd.bash", "_badnessd"}) {
    // One that is followed by ':' or a blank in the help of another is its own.
    EXPECT_EQ(words_in(file(name), R"([ '({,|\n](--[a-z-]+)(?=[ ',)}\[|]))"),
              known)
        << name;
  }
  EXPECT_EQ(words_in(file("badnessd.fish"), " -l ([a-z-]+)"), for_fish);
}

TEST(Completions, HaveEachCommandSettingAndKeyOfSort) {
  std::string keys;
  for (const std::string& key : sort_keys()) {
    keys += (keys.empty() ? "" : " ") + key;
  }
  for (const char* name : {"badnessd.bash", "_badnessd", "badnessd.fish"}) {
    const std::string text = file(name);
    EXPECT_EQ(words_in(text, R"(([a-z_]+\.[a-z_.]+)=)"), setting_keys())
        << name;
    for (const test::CommandHelp& command : test::command_help()) {
      EXPECT_NE(text.find(" " + command.name), std::string::npos)
          << command.name;
    }
    EXPECT_NE(text.find(keys), std::string::npos) << name;
  }
}

// What bash offers for `line`; its last word is completed.
std::string offered(const std::string& words) {
  const test::TempTree tree({test::file(
      "script", "source " SOURCE_DIR
                "/config/completions/badnessd.bash; compopt() { :; }; "
                "COMP_WORDS=(badnessd " +
                    words +
                    "); "
                    "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _badnessd; echo "
                    "${COMPREPLY[*]}")});
  FILE* output = ::popen(("bash " + tree.path("script")).c_str(), "r");
  std::string text;
  for (int c = 0; output != nullptr && (c = std::fgetc(output)) != EOF;) {
    text += static_cast<char>(c);
  }
  EXPECT_EQ(::pclose(output), 0);
  return text.substr(0, text.find('\n'));
}

TEST(Completions, BashOffersCommandsAndOptions) {
  EXPECT_EQ(offered("ch"), "check");
  EXPECT_EQ(offered("--dry"), "--dry-run --dryrun");
  EXPECT_EQ(offered("scores --so"), "--sort");
  EXPECT_EQ(offered("history --so"), "");
  EXPECT_EQ(offered("scores st"), "");
}

TEST(Completions, BashOffersArguments) {
  EXPECT_EQ(offered("scores --sort rec"), "reclaim");
  EXPECT_EQ(offered("scores --sort = rec"), "reclaim");
  EXPECT_EQ(offered("--set kill.min"), "kill.min_reclaim=");
  EXPECT_EQ(offered("--set trigger.stalled.psi_f"),
            "trigger.stalled.psi_full_above=");
  EXPECT_EQ(offered("-c " SOURCE_DIR "/config/badnessd.8"),
            SOURCE_DIR "/config/badnessd.8");
  EXPECT_EQ(offered("--proc-root /pro"), "/proc");
  EXPECT_EQ(offered("history -n 1"), "");
  EXPECT_EQ((" " + offered("explain 1") + " ").find(" 1 "), 0U);
}

}  // namespace
}  // namespace badnessd
