// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/config/values.h"

#include <gtest/gtest.h>

namespace badnessd {
namespace {

std::optional<Amount> amount(std::string_view text) {
  std::optional<Amount> value;
  return parse(text, {}, value) ? value : std::nullopt;
}

TEST(Values, AmountsAreAPercentageASizeOrBoth) {
  EXPECT_EQ(amount("2.5%"), (Amount{.basis_points = 250, .kib = {}}));
  EXPECT_EQ(amount("512MiB"), (Amount{.basis_points = {}, .kib = 524288}));
  EXPECT_EQ(amount("0.05%, 2TiB"),
            (Amount{.basis_points = 5, .kib = Kib{2} << 30}));
  EXPECT_EQ(amount("0"), (Amount{.basis_points = {}, .kib = 0}));
}

TEST(Values, AmountsThatNobodyCanMeanAreRefused) {
  for (const std::string_view text :
       {"", "5", "%", "101%", "100.01%", "1.234%", "1.%", "-5%", "5 %", "5%,6%",
        "1GiB,2GiB", "1GB", "MiB", "5%,", ",", "18446744073709551615TiB",
        "1.5GiB", "0x10MiB", "nan%"}) {
    std::optional<Amount> value = Amount{.basis_points = 7, .kib = {}};
    EXPECT_FALSE(parse(text, {}, value)) << text;
    EXPECT_EQ(value, (Amount{.basis_points = 7, .kib = {}})) << text;
  }
}

TEST(Values, PercentagesHaveARange) {
  std::optional<BasisPoints> value;
  EXPECT_TRUE(parse("25%", Range{1, 10'000}, value));
  EXPECT_EQ(value, 2500U);
  EXPECT_FALSE(parse("0%", Range{1, 10'000}, value));
  EXPECT_FALSE(parse("25", Range{1, 10'000}, value));
  EXPECT_EQ(value, 2500U);
}

TEST(Values, DurationsHaveAUnitAndARange) {
  Micros value = 0;
  EXPECT_TRUE(parse("250ms", Range{1, 1000}, value));
  EXPECT_EQ(value, 250'000U);
  EXPECT_TRUE(parse("1h", {}, value));
  EXPECT_EQ(value, 3'600'000'000U);
  EXPECT_FALSE(parse("2s", Range{1, 1000}, value));
  for (const std::string_view text : {"100", "s", "1 s", "-1s", "1.5s", ""}) {
    EXPECT_FALSE(parse(text, {}, value)) << text;
  }
}

TEST(Values, FormatsAreWhatParseTakes) {
  for (const std::string_view text :
       {"5%", "2.5%,1GiB", "1025KiB", "0", "100%", "3TiB"}) {
    EXPECT_EQ(format(*amount(text)), text);
  }
  EXPECT_EQ(format(std::optional<Amount>()), "auto");
  EXPECT_EQ(format(std::chrono::milliseconds(90'000)), "90s");
  EXPECT_EQ(format(std::chrono::milliseconds(1500)), "1500ms");
  EXPECT_EQ(format(std::chrono::milliseconds(7'200'000)), "2h");
}

}  // namespace
}  // namespace badnessd
