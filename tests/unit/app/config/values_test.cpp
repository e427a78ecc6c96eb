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

TEST(Values, TheTextfileIsAnAbsolutePathThatNodeExporterReads) {
  EXPECT_EQ(TextfilePath::parse("/var/lib/a.prom"), "/var/lib/a.prom");
  EXPECT_EQ(TextfilePath::parse(""), "");
  for (const std::string_view text :
       {"a.prom", "./a.prom", "/var/lib/a", "/a.prom.new", ".prom"}) {
    EXPECT_FALSE(TextfilePath::parse(text)) << text;
  }
  EXPECT_FALSE(TextfilePath::parse(std::string_view("/a\0.prom", 8)));
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

class Times : public testing::Test {
 protected:
  // Berlin's rules: at 1:00 UTC on 29 March 2026 the clock went from 2:00 to
  // 3:00.
  void SetUp() override {
    ::setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    ::tzset();
  }
  void TearDown() override {
    ::unsetenv("TZ");
    ::tzset();
  }
  static constexpr Micros kHour = 3600 * kSecond;
  // Monday, 30 March 2026, 12:34:56.
  static constexpr Micros kNow = 1'774'866'896 * kSecond;
  static constexpr Micros kMidnight = kNow - 12 * kHour - 2096 * kSecond;
};

TEST_F(Times, OfADayAreLocal) {
  EXPECT_EQ(parse_time("2026-03-30 12:34:56", kNow), kNow);
  EXPECT_EQ(parse_time("2026-03-30 12:34", kNow), kNow - 56 * kSecond);
  EXPECT_EQ(parse_time("2026-03-30", kNow), kMidnight);
  EXPECT_EQ(parse_time("today", kNow), kMidnight);
  // That day had 23 hours.
  EXPECT_EQ(parse_time("yesterday", kNow), kMidnight - 23 * kHour);
  EXPECT_EQ(parse_time("2026-03-29", kNow), kMidnight - 23 * kHour);
}

TEST_F(Times, YesterdayOfAFirstDayIsInTheMonthBefore) {
  const auto first = parse_time("2026-03-01 10:00", kNow);
  ASSERT_TRUE(first);
  EXPECT_EQ(parse_time("yesterday", *first), parse_time("2026-02-28", kNow));
}

TEST_F(Times, AreSpansBeforeNow) {
  for (const auto& [text, seconds] :
       std::vector<std::pair<std::string_view, Micros>>{{"2h", 7200},
                                                        {"-2h", 7200},
                                                        {"2 hours ago", 7200},
                                                        {"1 hour ago", 3600},
                                                        {"90s", 90},
                                                        {"5min", 300},
                                                        {"3 days ago", 259'200},
                                                        {"-3d", 259'200},
                                                        {"1 week", 604'800},
                                                        {"0s", 0}}) {
    EXPECT_EQ(parse_time(text, kNow), kNow - seconds * kSecond) << text;
  }
  EXPECT_EQ(parse_time("9999 weeks", kNow), 0U);
}

TEST_F(Times, ThatAreNoneAreRefused) {
  for (const std::string_view text :
       {"", "bogus", "2026-02-30", "2026-13-01", "2026-03-30 25:00",
        "2026-03-30 12:34:56 x", "2026-03-30T12:34", "3", "d", "3 x ago", "ago",
        "--3d", "3  days", "1969-01-01", "30000000000000 weeks", "today "}) {
    EXPECT_FALSE(parse_time(text, kNow)) << text;
  }
}

}  // namespace
}  // namespace badnessd
