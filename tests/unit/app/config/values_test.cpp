// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/config/values.h"

#include <cstdlib>
#include <ctime>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace badnessd {
namespace {

std::optional<Amount> amount(std::string_view text) {
  return Codec<Amount>::parse(text);
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
    EXPECT_FALSE(amount(text)) << text;
  }
}

TEST(Values, PercentagesHaveARange) {
  using Share = Only<Percent, kBetween<1, 10'000>>;
  EXPECT_EQ(Share::parse("25%"), 2500U);
  EXPECT_FALSE(Share::parse("0%"));
  EXPECT_FALSE(Share::parse("25"));
}

TEST(Values, DurationsHaveAUnitAndARange) {
  using Duration = Codec<Micros>;
  using Short = Only<Duration, kBetween<1000, 1'000'000>>;
  EXPECT_EQ(Short::parse("250ms"), 250'000U);
  EXPECT_EQ(Duration::parse("1h"), 3'600'000'000U);
  EXPECT_FALSE(Short::parse("2s"));
  for (const std::string_view text : {"100", "s", "1 s", "-1s", "1.5s", ""}) {
    EXPECT_FALSE(Duration::parse(text)) << text;
  }
}

TEST(Values, FormatsAreWhatParseTakes) {
  for (const std::string_view text :
       {"5%", "2.5%,1GiB", "1025KiB", "0", "100%", "3TiB"}) {
    EXPECT_EQ(Codec<Amount>::format(*amount(text)), text);
  }
  EXPECT_EQ(OrAuto<Codec<Amount>>::format({}), "auto");
  EXPECT_EQ(Codec<Micros>::format(90'000'000), "90s");
  EXPECT_EQ(Codec<Micros>::format(1500'000), "1500ms");
  EXPECT_EQ(Codec<Micros>::format(7'200'000'000), "2h");
}

}  // namespace
}  // namespace badnessd
