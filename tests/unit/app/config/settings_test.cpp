// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/config/settings.h"

#include <string>
#include <utility>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "badnessd/app/config/config.h"
#include "tree.h"

namespace badnessd {
namespace {

TEST(Settings, EveryDefaultIsAValueOfItsOption) {
  for (const auto& option : options_of<Settings>()) {
    Settings settings;
    const std::string text = option.text(Settings{});
    EXPECT_TRUE(set_option(settings, option.key, text)) << option.key;
    EXPECT_EQ(option.text(settings), text);
  }
  for (const Trigger& trigger : default_triggers()) {
    for (const auto& option : options_of<Trigger>()) {
      const std::string text = option.text(trigger);
      Trigger copy;
      EXPECT_TRUE(text.empty() || set_option(copy, option.key, text))
          << option.key;
    }
  }
}

TEST(Settings, HzIsOneOfTheKernels) {
  Settings settings;
  for (const std::string_view text : {"100", "250", "300", "1000"}) {
    EXPECT_TRUE(set_option(settings, "kernel.hz", text)) << text;
  }
  for (const std::string_view text : {"0", "60", "500", "250 ", "1e3"}) {
    EXPECT_FALSE(set_option(settings, "kernel.hz", text)) << text;
  }
}

TEST(Settings, NumbersAndDurationsHaveARange) {
  Settings settings;
  EXPECT_TRUE(set_option(settings, "kill.exit_timeout", "1min"));
  EXPECT_EQ(settings.policy.exit_timeout_us, 60'000'000U);
  for (const std::string_view text : {"99ms", "61s", "0", "-1s", "5"}) {
    EXPECT_FALSE(set_option(settings, "kill.exit_timeout", text)) << text;
  }
  EXPECT_TRUE(set_option(settings, "kill.term_grace", "0"));
  EXPECT_TRUE(set_option(settings, "kill.per_minute", "128"));
  EXPECT_FALSE(set_option(settings, "kill.per_minute", "0"));
  EXPECT_FALSE(set_option(settings, "kill.per_minute", "129"));
}

TEST(Settings, MinReclaimIsAutoOrAnAmountOrNothing) {
  Settings settings;
  const Policy& policy = settings.policy;
  ASSERT_TRUE(set_option(settings, "kill.min_reclaim", "64MiB"));
  EXPECT_EQ(policy.min_reclaim, (Amount{.basis_points = {}, .kib = 65'536}));
  ASSERT_TRUE(set_option(settings, "kill.min_reclaim", "2%"));
  EXPECT_EQ(policy.min_reclaim, (Amount{.basis_points = 200, .kib = {}}));
  ASSERT_TRUE(set_option(settings, "kill.min_reclaim", "0"));
  EXPECT_TRUE(bare_order(policy));
  ASSERT_TRUE(set_option(settings, "kill.min_reclaim", "auto"));
  EXPECT_FALSE(policy.min_reclaim);
}

TEST(Settings, TheErrorSaysWhatIsTaken) {
  Settings settings;
  const auto set = set_option(settings, "kill.victim", "fam\x1bily");
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error(),
            R"(kill.victim cannot be 'fam\x1bily': it takes "auto", )"
            R"("process", "child-first" or "cgroup")");
}

TEST(Settings, AnUnknownKeyNamesTheNearest) {
  Settings settings;
  Trigger trigger;
  Rule rule;
  EXPECT_EQ(set_option(settings, "kernel.zh", "1").error(),
            "there is no setting 'kernel.zh'; the nearest is 'kernel.hz'");
  EXPECT_EQ(set_option(trigger, "psi_ful_above", "1").error(),
            "there is no trigger setting 'psi_ful_above'; the nearest is "
            "'psi_full_above'");
  EXPECT_EQ(set_option(rule, "cmd_line", "x").error(),
            "there is no rule setting 'cmd_line'; the nearest is 'cmdline'");
  EXPECT_EQ(set_option(settings, "colour", "1").error(),
            "there is no setting 'colour'; 'badnessd --help' lists all");
}

TEST(Settings, EveryOptionOfARuleKeepsItsText) {
  for (const auto& [key, text] :
       {std::pair("comm", "java"), std::pair("exe", "/usr/*/x,/opt/[a-c]"),
        std::pair("cmdline", R"(*a\,b*,*c)"),
        std::pair("user", "root,1000,2000-2999"),
        std::pair("cgroup", "user.slice/*"), std::pair("unit", "db@?.service"),
        std::pair("oom_adj", "-16"), std::pair("protect", "true")}) {
    Rule rule;
    ASSERT_TRUE(set_option(rule, key, text)) << key;
    for (const auto& option : options_of<Rule>()) {
      EXPECT_EQ(option.text(rule), option.key == key ? text : "");
    }
  }
}

TEST(Settings, ARuleTakesNothingThatNobodyCanMean) {
  for (const auto& [key, text] :
       {std::pair("comm", ""), std::pair("comm", "a,,b"),
        std::pair("comm", "[a"), std::pair("exe", "a\\"), std::pair("user", ""),
        std::pair("user", "10-5"), std::pair("user", "ro*"),
        std::pair("user", "-5"), std::pair("user", "99999999999"),
        std::pair("oom_adj", "16"), std::pair("oom_adj", "-18"),
        std::pair("oom_adj", "1.5"), std::pair("protect", "yes")}) {
    Rule rule;
    EXPECT_FALSE(set_option(rule, key, text)) << key << " " << text;
  }
}

TEST(Settings, AUserThatNobodyHasIsTakenAndIsNobody) {
  Rule rule;
  ASSERT_TRUE(set_option(rule, "user", "root,no-such-user"));
  ASSERT_EQ(rule.user.size(), 2U);
  EXPECT_EQ(rule.user[0].first, 0U);
  EXPECT_EQ(rule.user[0].last, 0U);
  EXPECT_GT(rule.user[1].first, rule.user[1].last);
}

// The sentence of the only contradiction; empty if there is none.
std::string contradiction(std::vector<Trigger> triggers) {
  Settings settings;
  settings.policy.triggers = std::move(triggers);
  const auto found = contradictions(settings);
  EXPECT_LE(found.size(), 1U);
  return found.empty() ? "" : found.front().sentence;
}

Trigger low_memory(std::string name, BasisPoints limit, Action action) {
  Trigger trigger;
  trigger.name = std::move(name);
  trigger.mem_available_below = Amount{.basis_points = limit, .kib = {}};
  trigger.action = action;
  return trigger;
}

TEST(Contradictions, TheShippedTriggersHaveNone) {
  EXPECT_TRUE(contradictions(Settings{}).empty());
}

TEST(Contradictions, ATriggerNeedsANameOfItsOwnAndACondition) {
  const Trigger good = low_memory("a", 500, Action::kKill);
  EXPECT_EQ(contradiction({good}), "");
  EXPECT_NE(contradiction({good, good}).find("exists already"),
            std::string::npos);
  Trigger nameless = good;
  nameless.name.clear();
  EXPECT_NE(contradiction({nameless}).find("no name"), std::string::npos);
  Trigger empty;
  empty.name = "b";
  EXPECT_NE(contradiction({good, empty}).find("no condition"),
            std::string::npos);
}

TEST(Contradictions, ATriggerThatCanNeverFire) {
  EXPECT_NE(contradiction({low_memory("a", 0, Action::kKill)}).find("never"),
            std::string::npos);
}

TEST(Contradictions, NobodyWhoKills) {
  EXPECT_EQ(contradiction({low_memory("warn", 500, Action::kLog)}),
            "there is no trigger that kills");
}

TEST(Contradictions, ARuleNeedsAConditionAnEffectAndANameOfItsOwn) {
  const auto sentence = [](std::vector<Rule> rules) {
    Settings settings;
    settings.policy.rules = std::move(rules);
    const auto found = contradictions(settings);
    EXPECT_LE(found.size(), 1U);
    return found.empty() ? "" : found.front().sentence;
  };
  Rule good{.name = "a"};
  good.comm.push_back(*Glob::parse("x"));
  good.oom_adj = 5;
  EXPECT_EQ(sentence({good}), "");
  EXPECT_NE(sentence({good, good}).find("exists already"), std::string::npos);
  Rule all{.name = "b", .protect = true};
  EXPECT_NE(sentence({good, all}).find("no condition"), std::string::npos);
  Rule both = good;
  both.protect = true;
  EXPECT_NE(sentence({both}).find("leave one of them out"), std::string::npos);
  Rule nothing = good;
  nothing.oom_adj.reset();
  EXPECT_NE(sentence({nothing}).find("says nothing"), std::string::npos);
  std::vector<Rule> many(kMaxRules + 1, good);
  for (std::size_t i = 0; i < many.size(); ++i) {
    many[i].name = std::to_string(i);
  }
  EXPECT_NE(sentence(many).find("one too many"), std::string::npos);
  many.pop_back();
  EXPECT_EQ(sentence(many), "");
}

TEST(Settings, OneThatIsGoneSaysWhatToWriteInstead) {
  Settings settings;
  const auto set = set_option(settings, "metrics.textfile", "/a.prom");
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error(),
            "metrics.textfile is gone: link /run/badnessd/badnessd.prom into "
            "node_exporter's directory");
}

TEST(Settings, TheShippedFileHasEachWithItsDefault) {
  const std::string path = SOURCE_DIR "/config/badnessd.toml";
  const std::string text = test::contents_of(path);
  LoadedSettings loaded;
  const auto applied = apply_toml(loaded, text, path);
  ASSERT_TRUE(applied) << applied.error().message;
  EXPECT_EQ(settings_in_force(loaded.settings), settings_in_force(Settings{}));
  for (const auto& [key, value] : settings_in_force(Settings{})) {
    EXPECT_TRUE(loaded.origins.contains(key)) << key;
  }
  const auto described = [&](const auto& table) {
    for (const auto& option : table) {
      EXPECT_NE(text.find(fmt::format("\n#   {}: ", option.key)),
                std::string::npos)
          << option.key;
    }
  };
  described(options_of<Trigger>());
  described(options_of<Rule>());
}

}  // namespace
}  // namespace badnessd
