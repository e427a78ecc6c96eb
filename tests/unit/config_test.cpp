// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/config.h"

#include <gtest/gtest.h>

#include "badnessd/app/exit_code.h"

namespace badnessd {
namespace {

// The error message of a file with this text; empty if it is accepted.
std::string error_of(std::string_view text) {
  Settings settings;
  const auto applied = apply_toml(settings, text, "test.toml");
  if (!applied) {
    EXPECT_EQ(applied.error().exit_code, kExitConfig);
    EXPECT_FALSE(applied.error().message.empty());
  }
  return applied ? "" : applied.error().message;
}

TEST(Config, TheRenderedDefaultsChangeNothing) {
  Settings settings;
  ASSERT_TRUE(apply_toml(settings, default_config(), "test.toml"));
  for (const Option& option : options()) {
    EXPECT_EQ(option_text(settings, option), option_text(Settings{}, option))
        << option.key;
  }
}

TEST(Config, ReadsStringsNumbersAndLists) {
  Settings settings;
  ASSERT_TRUE(apply_toml(settings,
                         "kernel.hz = 1000\n"
                         "[trigger]\n"
                         "mem_available_below = [\"5%\", \"2GiB\"]\n"
                         "[kill]\nvictim = \"child-first\"\n",
                         "test.toml"));
  EXPECT_EQ(settings.kernel_hz, 1000U);
  EXPECT_EQ(settings.mem_available_below,
            (Amount{.basis_points = 500, .kib = Kib{2} << 20}));
  EXPECT_EQ(settings.kill_victim, VictimOrder::kChildFirst);
}

TEST(Config, AnErrorNamesFileLineAndPlace) {
  const std::string message = error_of("[kernel]\n\nhz = 60\n");
  EXPECT_NE(message.find("test.toml"), std::string::npos) << message;
  EXPECT_NE(message.find("3 | hz = 60"), std::string::npos) << message;
  EXPECT_NE(message.find("100, 250, 300 or 1000"), std::string::npos);
}

TEST(Config, AnUnknownKeyIsAnErrorThatNamesTheNearest) {
  const std::string message = error_of("[poll]\nintervall = \"1s\"\n");
  EXPECT_NE(message.find("'poll.intervall'"), std::string::npos) << message;
  EXPECT_NE(message.find("'poll.interval'"), std::string::npos) << message;
}

TEST(Config, EveryKindOfWrongTextIsAnError) {
  for (const std::string_view text :
       {"verbose = true", "[kernel]\nhz = 250.0", "[kernel]\nhz = \"fast\"",
        "[kernel]\nhz = [250]", "[kernel.hz]\nx = 1", "[kernel\nhz = 250",
        "[kernel]\nhz = 250\nhz = 250", "[trigger]\nmem_available_below = 5",
        "[trigger]\nmem_available_below = []", "kernel = 3", "\xff",
        "[kill]\nvictim = 1979-05-27", "[[kernel]]\nhz = 250"}) {
    EXPECT_NE(error_of(text), "") << text;
  }
}

TEST(Config, AssignmentsAreKeyAndValue) {
  Settings settings;
  EXPECT_TRUE(apply_assignment(settings, "poll.interval=1s"));
  EXPECT_EQ(settings.poll_interval, std::chrono::milliseconds(1000));
  for (const std::string_view text :
       {"poll.interval", "=1s", "poll.interval=", "poll=1s", ""}) {
    EXPECT_FALSE(apply_assignment(settings, text)) << text;
  }
}

TEST(Config, LaterAssignmentsWin) {
  const auto loaded = load_settings(SOURCE_DIR "/config/badnessd.toml",
                                    {"kernel.hz=100", "kernel.hz=1000"});
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->settings.kernel_hz, 1000U);
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

}  // namespace
}  // namespace badnessd
