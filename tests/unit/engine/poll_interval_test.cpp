// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>

#include "badnessd/engine/oom_domain.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using test::kGib;

PressureReading reading(Micros time, Kib available, Kib swap_free = 0,
                        Kib swap_total = 0) {
  PressureReading now;
  now.time_us = time;
  now.mem_total_kib = 16 * kGib;
  now.mem_available_kib = available;
  now.swap_total_kib = swap_total;
  now.swap_free_kib = swap_free;
  return now;
}

Trigger below(Kib available) {
  Trigger trigger;
  trigger.mem_available_below = Amount{.basis_points = {}, .kib = available};
  return trigger;
}

Micros sleep(const Trigger& trigger, const PressureReading& now,
             const FillRates& rates) {
  return time_to_fire_us(trigger, {}, now, {}, rates);
}

TEST(Pace, TheHeadroomGoesAtTheRate) {
  // 1 GiB above the limit at 2 GiB/s.
  EXPECT_EQ(sleep(below(kGib), reading(0, 2 * kGib), {2 * kGib, kGib}),
            kSecond / 2);
}

TEST(Pace, IsNothingAtTheLimitAndHasALongestSleep) {
  EXPECT_EQ(sleep(below(kGib), reading(0, kGib), {kGib, kGib}), 0U);
  EXPECT_EQ(sleep(below(kGib), reading(0, 16 * kGib), {kGib, kGib}),
            kLongestInterval);
}

TEST(Pace, WhatFillsIsReckonedTwice) {
  const FillRates rates =
      twice_rates(reading(0, 10 * kGib), reading(kSecond / 2, 9 * kGib));
  EXPECT_EQ(rates.memory, 4 * kGib);
  EXPECT_EQ(rates.swap, 0U);
}

TEST(Pace, MemoryThatGrowsOrAClockThatStandsGivesNoRate) {
  EXPECT_EQ(twice_rates(reading(0, kGib), reading(kSecond, 2 * kGib)).memory,
            0U);
  EXPECT_EQ(twice_rates(reading(5, 2 * kGib), reading(5, kGib)).memory, 0U);
}

TEST(Pace, AllConditionsMustHoldSoTheLatestCounts) {
  Trigger trigger = below(kGib);
  trigger.swap_free_below = Amount{.basis_points = {}, .kib = 0};
  // Memory is short already, but a GiB of swap is left at 1 GiB/s.
  EXPECT_EQ(sleep(trigger, reading(0, 100, kGib, 2 * kGib), {kGib, kGib}),
            kSecond);
}

TEST(Pace, ATriggerThatOnlyLogsSetsNone) {
  Trigger trigger = below(kGib);
  trigger.action = Action::kLog;
  EXPECT_EQ(sleep(trigger, reading(0, 100), {kGib, kGib}), kLongestInterval);
}

TEST(Pace, AnUnreachedDurationMayBeSleptThrough) {
  Trigger trigger = below(kGib);
  trigger.for_us = 10 * kSecond;
  EXPECT_EQ(time_to_fire_us(trigger, {.holds_since_us = 0},
                            reading(9 * kSecond, 100), {}, {kGib, kGib}),
            kSecond);
}

TEST(Pace, TheFloorGrowsWithTheProcessorsUpToTheBus) {
  EXPECT_EQ(floor_rates(4).memory, 4 * floor_rates(1).memory);
  EXPECT_EQ(floor_rates(0).memory, floor_rates(1).memory);
  EXPECT_EQ(floor_rates(1000).memory, floor_rates(64).memory);
}

}  // namespace
}  // namespace badnessd
