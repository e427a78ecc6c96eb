// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/settings.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

namespace badnessd {
namespace {

using std::chrono::milliseconds;

bool set(Settings& settings, std::string_view key, std::string_view text) {
  const Option* option = find_option(key);
  return option != nullptr && set_option(settings, *option, text).has_value();
}

TEST(Settings, EveryDefaultIsAValueOfItsOption) {
  for (const Option& option : options()) {
    Settings settings;
    EXPECT_TRUE(set(settings, option.key, option_text(Settings{}, option)))
        << option.key;
    EXPECT_EQ(option_text(settings, option), option_text(Settings{}, option));
  }
}

TEST(Settings, AmountsAreAPercentageASizeOrBoth) {
  Settings settings;
  ASSERT_TRUE(set(settings, "trigger.mem_available_below", "2.5%"));
  EXPECT_EQ(settings.mem_available_below,
            (Amount{.basis_points = 250, .kib = {}}));
  ASSERT_TRUE(set(settings, "trigger.mem_available_below", "512MiB"));
  EXPECT_EQ(settings.mem_available_below,
            (Amount{.basis_points = {}, .kib = 524288}));
  ASSERT_TRUE(set(settings, "trigger.mem_available_below", "0.05%, 2TiB"));
  EXPECT_EQ(settings.mem_available_below,
            (Amount{.basis_points = 5, .kib = Kib{2} << 30}));
}

TEST(Settings, AmountsThatNobodyCanMeanAreRefused) {
  for (const std::string_view text :
       {"", "5", "%", "101%", "100.01%", "1.234%", "-5%", "5 %", "5%,6%",
        "1GiB,2GiB", "1GB", "MiB", "5%,", ",", "18446744073709551615TiB",
        "1.5GiB", "0x10MiB", "nan%"}) {
    Settings settings;
    EXPECT_FALSE(set(settings, "trigger.mem_available_below", text)) << text;
    EXPECT_EQ(settings.mem_available_below, Settings{}.mem_available_below);
  }
}

TEST(Settings, DurationsHaveAUnitAndARange) {
  Settings settings;
  ASSERT_TRUE(set(settings, "poll.interval", "2s"));
  EXPECT_EQ(settings.poll_interval, milliseconds(2000));
  ASSERT_TRUE(set(settings, "kill.exit_timeout", "1min"));
  EXPECT_EQ(settings.kill_exit_timeout, milliseconds(60'000));
  for (const std::string_view text : {"100", "9ms", "11s", "-1s", "1h", "s"}) {
    EXPECT_FALSE(set(settings, "poll.interval", text)) << text;
  }
}

TEST(Settings, HzIsOneOfTheKernels) {
  Settings settings;
  for (const std::string_view text : {"100", "250", "300", "1000"}) {
    EXPECT_TRUE(set(settings, "kernel.hz", text)) << text;
  }
  for (const std::string_view text : {"0", "60", "250 ", "+250", "1e3"}) {
    EXPECT_FALSE(set(settings, "kernel.hz", text)) << text;
  }
}

TEST(Settings, TheErrorSaysWhatIsTaken) {
  Settings settings;
  const auto set =
      set_option(settings, *find_option("kill.victim"), "fam\x1bily");
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error(),
            R"(kill.victim cannot be 'fam\x1bily': it takes "process" or )"
            R"("child-first")");
}

TEST(Settings, AnUnknownKeyNamesTheNearest) {
  EXPECT_EQ(unknown_key("kernel.zh"),
            "there is no setting 'kernel.zh'; the nearest is 'kernel.hz'");
  EXPECT_EQ(unknown_key("colour"),
            "there is no setting 'colour'; 'badnessd --help' lists all");
}

TEST(Settings, PolicyCarriesThem) {
  Settings settings;
  settings.kernel_hz = 1000;
  settings.kill_victim = VictimOrder::kChildFirst;
  settings.swap_free_below = {.basis_points = {}, .kib = 7};
  const Policy policy = policy_of(settings, 42);
  EXPECT_EQ(policy.score.hz, 1000U);
  EXPECT_EQ(policy.victim, VictimOrder::kChildFirst);
  EXPECT_EQ(policy.trigger.swap_free_below, settings.swap_free_below);
  EXPECT_EQ(policy.self_pid, 42);
  EXPECT_FALSE(policy.audit);
}

// The file in the repository is the rendered one; with BADNESSD_UPDATE_GOLDEN
// in the environment it is written anew.
TEST(Settings, TheShippedFileIsTheTable) {
  const std::string path = SOURCE_DIR "/config/badnessd.toml";
  if (std::getenv("BADNESSD_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << default_config();
  }
  std::ostringstream shipped;
  shipped << std::ifstream(path).rdbuf();
  EXPECT_EQ(shipped.str(), default_config());
}

}  // namespace
}  // namespace badnessd
