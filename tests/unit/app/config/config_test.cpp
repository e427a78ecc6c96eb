// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/config/config.h"

#include <gtest/gtest.h>

#include "tree.h"

namespace badnessd {
namespace {

// The error message of a file with this text; empty if it is accepted.
std::string error_of(std::string_view text) {
  LoadedSettings loaded;
  const auto applied = apply_toml(loaded, text, "test.toml");
  if (!applied) {
    EXPECT_EQ(applied.error().exit_code, kExitConfig);
    EXPECT_FALSE(applied.error().message.empty());
  }
  return applied ? "" : applied.error().message;
}

TEST(Config, TheExamplesOfTheShippedFileAreGood) {
  // Without the comment signs behind which they stand.
  std::string text;
  const std::string all = test::contents_of(SOURCE_DIR "/config/badnessd.toml");
  for (std::size_t at = all.find("# A database host"); at < all.size();) {
    const std::size_t end = all.find('\n', at);
    const std::string line = all.substr(at, end - at);
    const bool toml = line.find(" = ") != std::string::npos ||
                      line.find("[[") != std::string::npos;
    text += toml ? line.substr(2) + "\n" : "";
    at = end + 1;
  }
  LoadedSettings loaded;
  const auto applied = apply_toml(loaded, text, "test.toml");
  ASSERT_TRUE(applied) << applied.error().message;
  EXPECT_EQ(loaded.settings.policy.rules.size(), 5U);
  ASSERT_EQ(loaded.settings.policy.triggers.size(), 1U);
  EXPECT_TRUE(loaded.settings.policy.triggers[0].scope);
}

TEST(Config, ReadsRulesAndWhereTheyStand) {
  LoadedSettings loaded;
  ASSERT_TRUE(apply_toml(loaded,
                         "[[rule]]\nname = \"db\"\n"
                         "exe = [\"/usr/bin/a\", '/opt/b\\,c']\n"
                         "protect = true\n"
                         "[[rule]]\nuser = \"1000-1999\"\noom_adj = 5\n",
                         "test.toml"));
  const auto& rules = loaded.settings.policy.rules;
  ASSERT_EQ(rules.size(), 2U);
  EXPECT_EQ(rules[0].name, "db");
  ASSERT_EQ(rules[0].exe.size(), 2U);
  EXPECT_TRUE(rules[0].exe[1].matches("/opt/b,c"));
  EXPECT_EQ(rules[0].adj(), -17);
  EXPECT_EQ(rules[1].name, "2");  // its number
  EXPECT_EQ(rules[1].adj(), 5);
  EXPECT_EQ(loaded.origins["rule.db.exe"], "test.toml:3");
  ASSERT_TRUE(apply_assignment(loaded, "rule.2.oom_adj=7"));
  EXPECT_EQ(rules[1].adj(), 7);
  EXPECT_FALSE(apply_assignment(loaded, "rule.3.oom_adj=7"));
}

TEST(Config, AWrongRuleIsShownWhereItStands) {
  for (const char* text :
       {"[[rule]]\nname = \"a\"", "[rule]\ncomm = \"a\"",
        "[[rule]]\ncomm = \"a\"", "[[rule]]\nprotect = true",
        "[[rule]]\ncomm = \"[a\"\nprotect = true",
        "[[rule]]\ncomm = \"a\"\nprotect = true\noom_adj = 3"}) {
    EXPECT_NE(error_of(text).find("test.toml"), std::string::npos) << text;
  }
}

TEST(Config, ReadsStringsNumbersListsAndTriggers) {
  LoadedSettings loaded;
  const Settings& settings = loaded.settings;
  ASSERT_TRUE(apply_toml(loaded,
                         "kernel.hz = 1000\n"
                         "[kill]\nvictim = \"child-first\"\n"
                         "[[trigger]]\nname = \"low\"\n"
                         "mem_available_below = [\"5%\", \"2GiB\"]\n"
                         "for = \"3s\"\n",
                         "test.toml"));
  EXPECT_EQ(settings.policy.score.hz, 1000U);
  EXPECT_EQ(settings.policy.victim, VictimOrder::kChildFirst);
  ASSERT_EQ(settings.policy.triggers.size(), 1U);
  EXPECT_EQ(settings.policy.triggers[0].name, "low");
  EXPECT_EQ(settings.policy.triggers[0].mem_available_below,
            (Amount{.basis_points = 500, .kib = Kib{2} << 20}));
  EXPECT_EQ(settings.policy.triggers[0].for_us, 3'000'000U);
}

TEST(Config, AnErrorNamesFileLineAndPlace) {
  const std::string message = error_of("[kernel]\n\nhz = 60\n");
  EXPECT_NE(message.find("test.toml"), std::string::npos) << message;
  EXPECT_NE(message.find("3 | hz = 60"), std::string::npos) << message;
  EXPECT_NE(message.find("100, 250, 300 or 1000"), std::string::npos);
}

// The words are those of toml11.
TEST(Config, AnErrorOfSyntaxIsShownWhereItStands) {
  const std::string message = error_of("[kernel\nhz = 250\n");
  EXPECT_NE(message.find("--> test.toml"), std::string::npos) << message;
  EXPECT_NE(message.find("1 | [kernel\n"), std::string::npos) << message;
  EXPECT_NE(message.find("^--"), std::string::npos) << message;
}

TEST(Config, AnUnknownKeyIsAnErrorThatNamesTheNearest) {
  const std::string setting = error_of("[kill]\nvictims = \"process\"\n");
  EXPECT_NE(setting.find("'kill.victims'"), std::string::npos) << setting;
  EXPECT_NE(setting.find("'kill.victim'"), std::string::npos) << setting;
  const std::string trigger =
      error_of("[[trigger]]\nname = \"a\"\nswap_fre_below = \"5%\"\n");
  EXPECT_NE(trigger.find("'swap_free_below'"), std::string::npos) << trigger;
}

TEST(Config, EveryKindOfWrongTextIsAnError) {
  for (const std::string_view text :
       {"verbose = true", "[kernel]\nhz = 250.0", "[kernel]\nhz = \"fast\"",
        "[kernel]\nhz = [250]", "[kernel.hz]\nx = 1", "[kernel\nhz = 250",
        "[kernel]\nhz = 250\nhz = 250", "kernel = 3", "\xff",
        "[kill]\nvictim = 1979-05-27", "[[kernel]]\nhz = 250",
        "[trigger]\nname = \"a\"", "trigger = 5", "trigger = [5]",
        "[[trigger]]\nname = \"a\"", "[[trigger]]\nname = 5",
        "[[trigger]]\nname = \"a\"\nmem_available_below = 5",
        "[[trigger]]\nname = \"a\"\nmem_available_below = []",
        "[[trigger]]\nname = \"a\"\nmem_available_below = \"0%\""}) {
    EXPECT_NE(error_of(text), "") << text;
  }
}

TEST(Config, AssignmentsAreKeyAndValue) {
  LoadedSettings loaded;
  const Settings& settings = loaded.settings;
  EXPECT_TRUE(apply_assignment(loaded, "kill.exit_timeout=1s"));
  EXPECT_EQ(settings.policy.exit_timeout_us, 1'000'000U);
  EXPECT_TRUE(apply_assignment(loaded, "trigger.stalled.psi_full_above=50%"));
  EXPECT_EQ(settings.policy.triggers.at(1).psi_full_above, BasisPoints{5000});
  for (const std::string_view text :
       {"kill.exit_timeout", "=1s", "kill.exit_timeout=", "kill=1s", "",
        "trigger.stalled=1", "trigger.nobody.for=1s", "trigger.stalled.x=1",
        "trigger.=1", "trigger..=1"}) {
    EXPECT_FALSE(apply_assignment(loaded, text)) << text;
  }
}

TEST(Config, EachSettingKnowsItsOrigin) {
  LoadedSettings loaded;
  ASSERT_TRUE(apply_toml(loaded,
                         "[kill]\nvictim = \"child-first\"\n"
                         "[[trigger]]\nmem_available_below = \"5%\"\n"
                         "name = \"low\"\n",
                         "test.toml"));
  ASSERT_TRUE(apply_assignment(loaded, "trigger.low.for=1s"));
  EXPECT_EQ(loaded.origins,
            (std::map<std::string, std::string>{
                {"kill.victim", "test.toml:2"},
                {"trigger.low.for", "--set"},
                {"trigger.low.mem_available_below", "test.toml:4"}}));
}

TEST(Config, ContradictionsAreErrorsHoweverTheyCameAbout) {
  const auto loaded =
      load_settings(SOURCE_DIR "/config/badnessd.toml",
                    {"trigger.exhausted.mem_available_below=0%"});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().exit_code, kExitConfig);
  EXPECT_NE(loaded.error().message.find("can never fire"), std::string::npos);
}

TEST(Config, LaterAssignmentsWin) {
  const auto loaded = load_settings(SOURCE_DIR "/config/badnessd.toml",
                                    {"kernel.hz=100", "kernel.hz=1000"});
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->settings.policy.score.hz, 1000U);
  EXPECT_EQ(loaded->origin, SOURCE_DIR "/config/badnessd.toml, and --set");
}

TEST(Config, ANamedFileMustExist) {
  const auto loaded = load_settings(SOURCE_DIR "/no_such.toml", {});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().exit_code, kExitNoInput);
}

TEST(Config, ADirectoryIsNoFile) {
  EXPECT_FALSE(load_settings(SOURCE_DIR, {}));
}

TEST(Config, AFileWithoutAnEndIsAnError) {
  const auto loaded = load_settings("/dev/zero", {});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().exit_code, 78);
  EXPECT_NE(loaded.error().message.find("larger than 1 MiB"),
            std::string::npos);
}

TEST(Config, BytesOfAFileThatIsNoTextAreEscaped) {
  LoadedSettings loaded;
  const auto applied = apply_toml(loaded, "a = \x1b[31m\x01\n", "x.toml");
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().message.find('\x1b'), std::string::npos);
  // toml11 4 draws it as 0x1b.
  EXPECT_NE(applied.error().message.find("x1b"), std::string::npos)
      << applied.error().message;
}

}  // namespace
}  // namespace badnessd
