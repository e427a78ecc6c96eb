// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/trigger.h"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

namespace badnessd {
namespace {

constexpr Kib kGib = 1024ULL * 1024;
constexpr Kib kMax = std::numeric_limits<Kib>::max();

constexpr Amount share(std::uint32_t basis_points) {
  return {.basis_points = basis_points, .kib = {}};
}
constexpr Amount size(Kib kib) {
  return {.basis_points = {}, .kib = kib};
}

TEST(AmountKib, OfAShare) {
  EXPECT_EQ(amount_kib(share(500), 100'000), 5000U);
  EXPECT_EQ(amount_kib(share(1), 100'000), 10U);
  EXPECT_EQ(amount_kib(share(10'000), 12'345), 12'345U);
  EXPECT_EQ(amount_kib(share(0), 12'345), 0U);
}

TEST(AmountKib, OfAShareRoundsDownOnce) {
  // 19999 x 5 / 10000 is 9.9995, and in parts 5 + 4.9995.
  EXPECT_EQ(amount_kib(share(5), 19'999), 9U);
  for (Kib total = 0; total < 30'000; total += 7) {
    ASSERT_EQ(amount_kib(share(333), total), total * 333 / 10'000) << total;
  }
}

TEST(AmountKib, OfASizeIsTheSize) {
  EXPECT_EQ(amount_kib(size(kGib), 100), kGib);
  EXPECT_EQ(amount_kib(size(0), 100), 0U);
}

TEST(AmountKib, OfBothIsTheLower) {
  // "5 %, at most 1 GiB" on machines of 8 and 64 GiB.
  const Amount amount{.basis_points = 500, .kib = kGib};
  EXPECT_EQ(amount_kib(amount, 8 * kGib), 8 * kGib / 20);
  EXPECT_EQ(amount_kib(amount, 64 * kGib), kGib);
}

TEST(AmountKib, DoesNotOverflow) {
  EXPECT_EQ(amount_kib(share(10'000), kMax), kMax);
  EXPECT_EQ(amount_kib(share(5000), kMax), kMax / 2);
  EXPECT_EQ(amount_kib(share(1), kMax), kMax / 10'000);
}

PressureReading reading(Kib available, Kib swap_total, Kib swap_free) {
  return {.mem_total_kib = 1000,
          .mem_available_kib = available,
          .swap_total_kib = swap_total,
          .swap_free_kib = swap_free,
          .psi_some = {},
          .psi_full = {}};
}

// Available below 50 of 1000 KiB and swap below a tenth.
constexpr Trigger kTrigger{.mem_available_below = share(500),
                           .swap_free_below = share(1000)};

TEST(Fires, WhenBothAreLow) {
  EXPECT_TRUE(fires(kTrigger, reading(49, 500, 49)));
}

TEST(Fires, NotWhileOnlyOneIsLow) {
  EXPECT_FALSE(fires(kTrigger, reading(49, 500, 400)));
  EXPECT_FALSE(fires(kTrigger, reading(800, 500, 0)));
}

TEST(Fires, BelowAndNotAt) {
  EXPECT_FALSE(fires(kTrigger, reading(50, 500, 49)));
  EXPECT_FALSE(fires(kTrigger, reading(49, 500, 50)));
}

TEST(Fires, WithoutSwapTheSwapConditionHolds) {
  EXPECT_TRUE(fires(kTrigger, reading(49, 0, 0)));
  EXPECT_FALSE(fires(kTrigger, reading(50, 0, 0)));
}

TEST(Fires, AnAmountOfNothingNeverHolds) {
  const Trigger never{.mem_available_below = share(0),
                      .swap_free_below = share(10'000)};
  EXPECT_FALSE(fires(never, reading(0, 500, 0)));
}

TEST(Fires, AHundredPercentOfSwapHoldsOnlyOnceSomeIsUsed) {
  const Trigger trigger{.mem_available_below = share(500),
                        .swap_free_below = share(10'000)};
  EXPECT_FALSE(fires(trigger, reading(49, 500, 500)));
  EXPECT_TRUE(fires(trigger, reading(49, 500, 499)));
}

TEST(Amount, EqualityComparesBothParts) {
  EXPECT_EQ(share(5), share(5));
  EXPECT_NE(share(5), size(5));
  EXPECT_NE((Amount{.basis_points = 5, .kib = 1}), share(5));
}

}  // namespace
}  // namespace badnessd
