// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/trigger.h"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

#include "snapshots.h"

namespace badnessd {
namespace {

using test::kGib;

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

PressureReading of_a_thousand(Kib available, Kib swap_total, Kib swap_free) {
  return {.time_us = 0,
          .mem_total_kib = 1000,
          .mem_available_kib = available,
          .swap_total_kib = swap_total,
          .swap_free_kib = swap_free,
          .psi_some = {},
          .psi_full = {}};
}

// Available below 50 of 1000 KiB and swap below a tenth.
Trigger both() {
  Trigger trigger;
  trigger.mem_available_below = share(500);
  trigger.swap_free_below = share(1000);
  return trigger;
}

bool holds(const Trigger& trigger, const PressureReading& now) {
  return conditions_hold(trigger, now, {});
}

TEST(Conditions, HoldWhenBothAreLow) {
  EXPECT_TRUE(holds(both(), of_a_thousand(49, 500, 49)));
}

TEST(Conditions, DoNotHoldWhileOnlyOneIsLow) {
  EXPECT_FALSE(holds(both(), of_a_thousand(49, 500, 400)));
  EXPECT_FALSE(holds(both(), of_a_thousand(800, 500, 0)));
}

TEST(Conditions, HoldBelowAndNotAt) {
  EXPECT_FALSE(holds(both(), of_a_thousand(50, 500, 49)));
  EXPECT_FALSE(holds(both(), of_a_thousand(49, 500, 50)));
}

TEST(Conditions, WithoutSwapTheSwapConditionHolds) {
  EXPECT_TRUE(holds(both(), of_a_thousand(49, 0, 0)));
  EXPECT_FALSE(holds(both(), of_a_thousand(50, 0, 0)));
}

TEST(Conditions, AnAmountOfNothingNeverHolds) {
  Trigger never = both();
  never.mem_available_below = share(0);
  EXPECT_FALSE(holds(never, of_a_thousand(0, 500, 0)));
}

TEST(Conditions, AHundredPercentOfSwapHoldsOnlyOnceSomeIsUsed) {
  Trigger trigger = both();
  trigger.swap_free_below = share(10'000);
  EXPECT_FALSE(holds(trigger, of_a_thousand(49, 500, 500)));
  EXPECT_TRUE(holds(trigger, of_a_thousand(49, 500, 499)));
}

TEST(Conditions, WithoutASwapConditionSwapDoesNotMatter) {
  Trigger trigger;
  trigger.mem_available_below = share(500);
  EXPECT_TRUE(holds(trigger, of_a_thousand(49, 500, 500)));
}

// A reading at `time` after `some` and `full` of stalls.
PressureReading stalled(Micros time, Micros some, Micros full) {
  PressureReading now = of_a_thousand(10, 0, 0);
  now.time_us = time;
  now.psi_some = PsiLine{.total_us = some};
  now.psi_full = PsiLine{.total_us = full};
  return now;
}

// Readings every half second, stalled `percent` of the time.
PressureHistory history(Micros from, Micros to, Micros percent) {
  PressureHistory stalls;
  for (Micros time = from; time <= to; time += kSecond / 2) {
    stalls.add(stalled(time, time * percent / 100, time * percent / 200));
  }
  return stalls;
}

TEST(PressureHistory, GivesTheShareOfTheWindow) {
  const auto share = history(0, 60 * kSecond, 40).share(10 * kSecond);
  ASSERT_TRUE(share);
  EXPECT_EQ(share->some, 4000U);
  EXPECT_EQ(share->full, 2000U);
}

TEST(PressureHistory, KnowsNothingBeforeItIsAsLongAsTheWindow) {
  EXPECT_FALSE(PressureHistory{}.share(kSecond));
  EXPECT_FALSE(history(0, 9 * kSecond, 40).share(10 * kSecond));
  EXPECT_TRUE(history(0, 10 * kSecond, 40).share(10 * kSecond));
}

TEST(PressureHistory, ForgetsWhatIsOlderThanTheWindow) {
  PressureHistory stalls = history(0, 60 * kSecond, 100);
  // Quiet since then.
  for (Micros time = 61 * kSecond; time <= 80 * kSecond; time += kSecond) {
    stalls.add(stalled(time, 60 * kSecond, 30 * kSecond));
  }
  EXPECT_EQ(stalls.share(10 * kSecond)->some, 0U);
  EXPECT_GT(stalls.share(30 * kSecond)->some, 3000U);
}

TEST(PressureHistory, DenseReadingsDoNotShortenIt) {
  PressureHistory stalls;
  for (Micros time = 0; time <= 130 * kSecond; time += 2000) {
    stalls.add(stalled(time, time / 2, time / 4));
  }
  const auto share = stalls.share(PressureHistory::kSpan);
  ASSERT_TRUE(share);
  EXPECT_EQ(share->some, 5000U);
}

TEST(PressureHistory, LeavesOutAClockThatStoodStillOrWentBack) {
  PressureHistory stalls = history(0, 20 * kSecond, 40);
  stalls.add(stalled(20 * kSecond, 99 * kSecond, 0));
  stalls.add(stalled(5 * kSecond, 0, 0));
  EXPECT_EQ(stalls.share(10 * kSecond)->some, 4000U);
}

TEST(PressureHistory, ACounterThatFallsBeginsAnew) {
  PressureHistory stalls = history(0, 20 * kSecond, 40);
  stalls.add(stalled(21 * kSecond, 0, 0));
  EXPECT_FALSE(stalls.share(10 * kSecond));
  for (Micros time = 22 * kSecond; time <= 31 * kSecond; time += kSecond) {
    stalls.add(stalled(time, 0, 0));
  }
  EXPECT_EQ(stalls.share(10 * kSecond)->some, 0U);
}

TEST(PressureHistory, AReadingWithoutPsiIsNoCounterThatFalls) {
  PressureHistory stalls = history(0, 20 * kSecond, 40);
  PressureReading without = of_a_thousand(10, 0, 0);
  without.time_us = 21 * kSecond;
  stalls.add(without);
  EXPECT_FALSE(stalls.share(10 * kSecond));
  stalls.add(stalled(22 * kSecond, 9 * kSecond, 5 * kSecond));
  EXPECT_TRUE(stalls.share(10 * kSecond));
  stalls.add(stalled(23 * kSecond, 10 * kSecond, 0));  // `full` alone
  EXPECT_FALSE(stalls.share(10 * kSecond));
}

TEST(Conditions, OfPsiHoldFromTheirShareOn) {
  Trigger trigger;
  trigger.psi_full_above = 2000;
  trigger.psi_window_us = 10 * kSecond;
  const PressureReading now = stalled(60 * kSecond, 0, 0);
  EXPECT_TRUE(conditions_hold(trigger, now, history(0, 60 * kSecond, 40)));
  EXPECT_FALSE(conditions_hold(trigger, now, history(0, 60 * kSecond, 39)));
  trigger.psi_full_above.reset();
  trigger.psi_some_above = 4000;
  EXPECT_TRUE(conditions_hold(trigger, now, history(0, 60 * kSecond, 40)));
}

TEST(Conditions, OfPsiNeverHoldWithoutPsi) {
  Trigger trigger;
  trigger.psi_some_above = 1;
  EXPECT_FALSE(conditions_hold(trigger, of_a_thousand(1, 0, 0), {}));
}

// A thousand, of which this much is available, and all swap is free.
bool useless(Kib available, Kib swappable, Micros still, Micros percent) {
  PressureReading now = of_a_thousand(available, 500, 500);
  now.swappable_kib = swappable;
  return swap_is_useless(now, history(0, 10 * kSecond, percent), still);
}

TEST(Swap, IsUselessWhereNothingCouldGoOut) {
  EXPECT_TRUE(useless(50, 10, 0, 0));
  EXPECT_FALSE(useless(50, 100, 0, 0));
  EXPECT_FALSE(useless(200, 10, 0, 0));  // ample: not worth a word
}

TEST(Swap, IsUselessWhereNothingGoesOutThoughTasksStall) {
  EXPECT_TRUE(useless(10, kUnknownKib, kSecond / 2, 20));
  EXPECT_FALSE(useless(10, kUnknownKib, kSecond / 2, 9));  // no task wants it
  EXPECT_FALSE(useless(10, kUnknownKib, kSecond / 4, 20));
  EXPECT_FALSE(useless(50, kUnknownKib, kSecond / 2, 20));
}

TEST(Conditions, UselessSwapIsNone) {
  PressureReading now = of_a_thousand(49, 500, 500);
  EXPECT_FALSE(holds(both(), now));
  now.swap_useless = true;
  EXPECT_TRUE(holds(both(), now));
  EXPECT_EQ(kAmountConditions[1].headroom_kib(both(), now), 0U);
}

TEST(Fires, OnceItsConditionsHaveHeldLongEnough) {
  Trigger trigger = both();
  trigger.for_us = 3 * kSecond;
  TriggerState state;
  PressureReading now = of_a_thousand(10, 0, 0);
  const auto fires_at = [&](Micros time) {
    now.time_us = time;
    return fires(trigger, state, now, {});
  };
  EXPECT_FALSE(fires_at(10 * kSecond));
  EXPECT_FALSE(fires_at(12 * kSecond));
  EXPECT_TRUE(fires_at(13 * kSecond));
  // A break starts it anew.
  now.mem_available_kib = 900;
  EXPECT_FALSE(fires_at(14 * kSecond));
  now.mem_available_kib = 10;
  EXPECT_FALSE(fires_at(15 * kSecond));
  EXPECT_TRUE(fires_at(18 * kSecond));
}

TEST(Fires, AtOnceWithoutADuration) {
  TriggerState state;
  EXPECT_TRUE(fires(both(), state, of_a_thousand(10, 0, 0), {}));
}

TEST(Amount, EqualityComparesBothParts) {
  EXPECT_EQ(share(5), share(5));
  EXPECT_NE(share(5), size(5));
  EXPECT_NE((Amount{.basis_points = 5, .kib = 1}), share(5));
}

}  // namespace
}  // namespace badnessd
