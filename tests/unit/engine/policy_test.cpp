// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/policy.h"

#include <gtest/gtest.h>

#include "snapshots.h"

namespace badnessd {
namespace {

using test::acts_below_a_tenth;
using test::reading_at;

TEST(Need, IsHalfAsMuchAgainAsTheTriggerAsksFor) {
  // The limit is 10,000: 15,000 is wanted, 4,000 is there.
  const Policy rules = acts_below_a_tenth();
  EXPECT_EQ(needed_kib(rules, rules.triggers[0], reading_at(0, 4000)), 11'000U);
  // An audit of a calm machine asks as if memory had just run short.
  EXPECT_EQ(needed_kib(rules, rules.triggers[0], reading_at(0, 90'000)), 5000U);
}

TEST(Need, IsWhatIsConfigured) {
  Policy rules = acts_below_a_tenth();
  rules.min_reclaim = Amount{.basis_points = {}, .kib = 0};
  EXPECT_EQ(needed_kib(rules, rules.triggers[0], reading_at(0, 4000)), 0U);
}

TEST(Need, OfATriggerThatAsksForNoMemoryIsAShareOfAll) {
  Trigger stalls;
  stalls.psi_full_above = 100;
  EXPECT_EQ(needed_kib(acts_below_a_tenth(), stalls, reading_at(0, 4000)),
            100'000U / 64);
}

}  // namespace
}  // namespace badnessd
