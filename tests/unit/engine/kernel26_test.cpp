// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/kernel26.h"

#include <array>
#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

namespace badnessd {
namespace {

constexpr std::array<std::uint32_t, 4> kOfferedHz{100, 250, 300, 1000};

// include/linux/jiffies.h: SH_DIV().
constexpr std::uint64_t sh_div(std::uint64_t nom, std::uint64_t den,
                               unsigned shift) {
  return ((nom / den) << shift) + (((nom % den) << shift) + den / 2) / den;
}

// include/linux/jiffies.h: TICK_NSEC by way of LATCH and ACTHZ, on x86.
constexpr std::uint64_t tick_nsec_by_macros(std::uint64_t hz) {
  constexpr std::uint64_t kClockTickRate = 1193182;
  const std::uint64_t latch = (kClockTickRate + hz / 2) / hz;
  const std::uint64_t act_hz = sh_div(kClockTickRate, latch, 8);
  return sh_div(1'000'000'000, act_hz, 8);
}

TEST(Kernel26, OnlyTheFourConfigHzAreValid) {
  std::uint32_t valid = 0;
  for (std::uint64_t hz = 0; hz <= 4096; ++hz) {
    valid += valid_hz(hz) ? 1 : 0;
  }
  EXPECT_EQ(valid, kOfferedHz.size());
  for (const std::uint32_t hz : kOfferedHz) {
    EXPECT_TRUE(valid_hz(hz)) << hz;
  }
  // 250 with bits above 32 is not 250.
  EXPECT_FALSE(valid_hz((1ULL << 32) + 250));
}

TEST(Kernel26, ShiftHzOfTheFourConfigHz) {
  EXPECT_EQ(shift_hz(100), 7U);
  EXPECT_EQ(shift_hz(250), 8U);
  EXPECT_EQ(shift_hz(300), 8U);
  EXPECT_EQ(shift_hz(1000), 10U);
}

TEST(Kernel26, ShiftHzIsTheNearestPowerOfTwo) {
  EXPECT_EQ(shift_hz(96), 7U);
  EXPECT_EQ(shift_hz(191), 7U);
  EXPECT_EQ(shift_hz(192), 8U);
  EXPECT_EQ(shift_hz(383), 8U);
  EXPECT_EQ(shift_hz(384), 9U);
  EXPECT_EQ(shift_hz(767), 9U);
  EXPECT_EQ(shift_hz(768), 10U);
  EXPECT_EQ(shift_hz(1535), 10U);
}

TEST(Kernel26, TickNsecIsWhatTheMacrosGive) {
  for (const std::uint32_t hz : kOfferedHz) {
    EXPECT_EQ(tick_nsec(hz), tick_nsec_by_macros(hz)) << hz;
  }
}

TEST(Kernel26, TickNsecIsNotABillionthByHz) {
  EXPECT_EQ(tick_nsec(100), 10'000'000U);
  EXPECT_EQ(tick_nsec(250), 4'000'250U);
  EXPECT_EQ(tick_nsec(300), 3'333'116U);
  EXPECT_EQ(tick_nsec(1000), 999'848U);
}

TEST(Kernel26, TicksToJiffiesRoundsDown) {
  EXPECT_EQ(ticks_to_jiffies(1, 100), 1U);
  EXPECT_EQ(ticks_to_jiffies(1, 250), 2U);
  EXPECT_EQ(ticks_to_jiffies(3, 250), 7U);
  EXPECT_EQ(ticks_to_jiffies(99, 250), 247U);
  EXPECT_EQ(ticks_to_jiffies(100, 250), 250U);
  EXPECT_EQ(ticks_to_jiffies(7, 300), 21U);
  EXPECT_EQ(ticks_to_jiffies(7, 1000), 70U);
}

TEST(Kernel26, TicksToJiffiesDoesNotOverflowBeforeItDivides) {
  // 2^61 ticks at 300 Hz are 3 x 2^61 jiffies; the naive product needs 70 bits.
  constexpr std::uint64_t kTicks = 1ULL << 61;
  EXPECT_EQ(ticks_to_jiffies(kTicks, 300), kTicks * 3);
}

TEST(Kernel26, IntSqrtIsTheFloorOfTheRoot) {
  for (std::uint64_t x = 0, root = 0; x < 200'000; ++x) {
    root += (root + 1) * (root + 1) <= x ? 1 : 0;
    ASSERT_EQ(int_sqrt(x), root) << x;
  }
}

TEST(Kernel26, IntSqrtAroundLargeSquares) {
  for (const std::uint64_t root :
       {1ULL << 16, 1ULL << 31, (1ULL << 32) - 2, (1ULL << 32) - 1}) {
    EXPECT_EQ(int_sqrt(root * root - 1), root - 1);
    EXPECT_EQ(int_sqrt(root * root), root);
    EXPECT_EQ(int_sqrt(root * root + 1), root);
  }
  EXPECT_EQ(int_sqrt(std::numeric_limits<std::uint64_t>::max()),
            (1ULL << 32) - 1);
}

TEST(Kernel26, OomAdjIsALossyOomScoreAdj) {
  // As 6.18 shows them.
  EXPECT_EQ(oom_adj_from_score_adj(0), 0);
  EXPECT_EQ(oom_adj_from_score_adj(50), 0);
  EXPECT_EQ(oom_adj_from_score_adj(58), 0);
  EXPECT_EQ(oom_adj_from_score_adj(59), 1);
  EXPECT_EQ(oom_adj_from_score_adj(100), 1);
  EXPECT_EQ(oom_adj_from_score_adj(200), 3);
  EXPECT_EQ(oom_adj_from_score_adj(500), 8);
  EXPECT_EQ(oom_adj_from_score_adj(941), 15);
}

TEST(Kernel26, OomAdjOfTheExtremesOfOomScoreAdj) {
  EXPECT_EQ(oom_adj_from_score_adj(1000), kOomAdjustMax);
  EXPECT_EQ(oom_adj_from_score_adj(-1000), kOomDisable);
  // 16 by the formula alone, which is no oom_adj: 6.18 shows 15.
  EXPECT_EQ(oom_adj_from_score_adj(942), kOomAdjustMax);
  EXPECT_EQ(oom_adj_from_score_adj(999), kOomAdjustMax);
  // Truncated toward zero: only -1000 exempts.
  EXPECT_EQ(oom_adj_from_score_adj(-999), -16);
  EXPECT_EQ(oom_adj_from_score_adj(-58), 0);
  EXPECT_EQ(oom_adj_from_score_adj(-59), -1);
}

TEST(Kernel26, EveryOomScoreAdjGivesAValidOomAdj) {
  int last = kOomDisable;
  for (int adj = -1000; adj <= 1000; ++adj) {
    const int oom_adj = oom_adj_from_score_adj(adj);
    ASSERT_GE(oom_adj, last) << adj;
    ASSERT_LE(oom_adj, kOomAdjustMax) << adj;
    last = oom_adj;
  }
}

TEST(Kernel26, FlagsAndCapabilitiesAreThoseOfTheHeaders) {
  EXPECT_EQ(kPfExiting, 0x4U);
  EXPECT_EQ(kPfOomOrigin, 0x80000U);
  EXPECT_EQ(kPfKthread, 0x200000U);
  EXPECT_EQ(kCapSysRawio, 0x20000U);
  EXPECT_EQ(kCapSysAdmin, 0x200000U);
  EXPECT_EQ(kCapSysResource, 0x1000000U);
}

}  // namespace
}  // namespace badnessd
