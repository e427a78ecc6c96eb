// SPDX-License-Identifier: GPL-2.0-only
// Properties on which reading the dear facts of only a few tasks rests, over
// random snapshots. A failure names the seed that gives the snapshot again.
#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

#include "badnessd/app/cycle.h"
#include "badnessd/engine/badness.h"
#include "badnessd/engine/policy.h"
#include "badnessd/engine/select.h"
#include "fake_source.h"
#include "random_snapshot.h"
#include "roots.h"

namespace badnessd {
namespace {

using test::FakeSource;
using test::random_snapshot;
using test::scan_of;

constexpr std::uint64_t kCases = 5000;
constexpr Points kMax = std::numeric_limits<Points>::max();

Policy policy_for(std::uint64_t seed) {
  Policy policy;
  policy.score.memory =
      seed % 2 == 0 ? MemoryBase::kTotalVm : MemoryBase::kRssSwap;
  policy.self_pid = static_cast<std::int32_t>(seed % 7);
  policy.wait_for = seed % 3 == 0 ? WaitFor::kExiting : WaitFor::kNobody;
  return policy;
}

TEST(LazySelection, ChoosesAsIfAllHadBeenRefined) {
  std::uint32_t refines = 0;
  std::uint32_t tasks = 0;
  std::uint32_t chosen = 0;
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    const Policy policy = policy_for(seed);
    FakeSource source(random_snapshot(seed), seed % 2 != 0);
    Snapshot lazy = scan_of(source);
    const Selection selection = select_lazily(source, lazy, policy);
    refines += source.refines();
    tasks += static_cast<std::uint32_t>(lazy.tasks.size());

    Snapshot eager = test::refined(source);
    score_all(eager, policy.score);
    const Selection expected =
        select_bad_process(eager, policy.self_pid, policy.wait_for);
    ASSERT_EQ(selection.kind, expected.kind) << "seed " << seed;
    ASSERT_EQ(selection.task, expected.task) << "seed " << seed;
    if (expected.kind == Selection::Kind::kChosen) {
      ++chosen;
      ASSERT_EQ(lazy.tasks[selection.task].points,
                eager.tasks[expected.task].points)
          << "seed " << seed;
    }
  }
  // The cases are worth something, and so is laziness.
  EXPECT_GT(chosen, kCases / 2);
  EXPECT_LT(refines, tasks / 2);
}

TEST(LazySelection, CheapPointsAreNeverBelowTheScore) {
  std::uint32_t lowered = 0;
  std::uint32_t wrapped = 0;
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    const ScoreRules rules = policy_for(seed).score;
    FakeSource source(random_snapshot(seed), seed % 2 != 0);
    Snapshot snapshot = scan_of(source);
    score_all(snapshot, rules);
    for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
      Task& task = snapshot.tasks[i];
      const Points bound = task.points;
      source.refine(snapshot, i);
      score_task(snapshot, task, rules);
      ASSERT_LE(task.points, bound) << "seed " << seed << " pid " << i + 1;
      lowered += task.points < bound ? 1 : 0;
      wrapped += bound == kMax ? 1 : 0;
    }
  }
  EXPECT_GT(lowered, kCases);
  EXPECT_GT(wrapped, kCases / 10);
}

TEST(LazySelection, RefiningOneDoesNotChangeTheOthersScores) {
  for (std::uint64_t seed = 0; seed < kCases / 10; ++seed) {
    const ScoreRules rules = policy_for(seed).score;
    FakeSource source(random_snapshot(seed), seed % 2 != 0);
    Snapshot snapshot = scan_of(source);
    score_all(snapshot, rules);
    Snapshot after = snapshot;
    const auto refined = static_cast<std::uint32_t>(seed % after.tasks.size());
    source.refine(after, refined);
    score_all(after, rules);
    for (std::uint32_t i = 0; i < after.tasks.size(); ++i) {
      if (i != refined) {
        ASSERT_EQ(after.tasks[i].points, snapshot.tasks[i].points)
            << "seed " << seed << " pid " << i + 1;
      }
    }
  }
}

TEST(LazySelection, OneThatVanishesIsNotChosen) {
  for (std::uint64_t seed = 0; seed < kCases / 10; ++seed) {
    const Policy policy = policy_for(seed);
    FakeSource source(random_snapshot(seed), seed % 2 != 0);
    Snapshot snapshot = scan_of(source);
    const Selection first = select_lazily(source, snapshot, policy);
    if (first.kind != Selection::Kind::kChosen) {
      continue;
    }
    source.set_vanishing(snapshot.tasks[first.task].id.pid);
    snapshot = scan_of(source);
    const Selection second = select_lazily(source, snapshot, policy);
    ASSERT_TRUE(second.kind != Selection::Kind::kChosen ||
                second.task != first.task)
        << "seed " << seed;
  }
}

}  // namespace
}  // namespace badnessd
