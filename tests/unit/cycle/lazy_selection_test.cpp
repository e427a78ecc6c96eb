// SPDX-License-Identifier: GPL-2.0-only
// Properties on which reading the dear facts of only a few tasks rests, over
// random snapshots. A failure names the seed that gives the snapshot again.
#include "badnessd/cycle/lazy_selection.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include <gtest/gtest.h>

#include "badnessd/cycle/cycle.h"
#include "badnessd/engine/badness.h"
#include "badnessd/engine/policy.h"
#include "badnessd/engine/select.h"
#include "fake_source.h"
#include "random_snapshot.h"
#include "roots.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using test::FakeSource;
using test::kMostPoints;
using test::random_snapshot;
using test::scan_of;

constexpr std::uint64_t kCases = 5000;

ScoreRules score_for(std::uint64_t seed) {
  return {.memory =
              seed % 2 == 0 ? MemoryBase::kTotalVm : MemoryBase::kRssSwap};
}

SelectRules rules_for(std::uint64_t seed) {
  return {.self_pid = static_cast<std::int32_t>(seed % 7),
          .wait_for = seed % 3 == 0 ? WaitFor::kExiting : WaitFor::kNone};
}

// Swap in use is what bounds a process's own; random amounts have no bound.
constexpr Kib kAnySwap = kMostPoints / 2;

// What is compared with; without it with nothing.
struct Since {
  const Census* census = nullptr;
  std::optional<Loss> loss{};
};

Inquiry inquiry_into(test::FakeSource& source, Snapshot& snapshot,
                     const Policy& policy, const Since& since) {
  static const Census none;
  return {.sources = source.sources(),
          .snapshot = snapshot,
          .policy = policy,
          .census = since.census == nullptr ? none : *since.census,
          .swap_used_kib = kAnySwap,
          .loss = since.loss};
}

Policy policy_for(std::uint64_t seed, Kib needed_kib) {
  Policy policy;
  policy.score = score_for(seed);
  policy.min_reclaim = Amount{.basis_points = {}, .kib = needed_kib};
  return policy;
}

Choice lazy_choice(test::FakeSource& source, Snapshot& snapshot,
                   std::uint64_t seed, Kib needed_kib,
                   const Since& since = {}) {
  SelectRules rules = rules_for(seed);
  const Policy policy = policy_for(seed, needed_kib);
  return select_victim(inquiry_into(source, snapshot, policy, since), rules,
                       needed_kib);
}

Selection lazy_selection(test::FakeSource& source, Snapshot& snapshot,
                         std::uint64_t seed, Kib needed_kib) {
  return lazy_choice(source, snapshot, seed, needed_kib).selection;
}

TEST(LazySelection, ChoosesAsIfAllHadBeenRefined) {
  std::uint32_t refines = 0;
  std::uint32_t tasks = 0;
  std::uint32_t chosen = 0;
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    FakeSource source(random_snapshot(seed), seed % 2 != 0);
    Snapshot lazy = scan_of(source);
    const Selection selection = lazy_selection(source, lazy, seed, 0);
    refines += source.refines();
    tasks += static_cast<std::uint32_t>(lazy.tasks.size());

    Snapshot eager = test::refined(source);
    score_all(eager, score_for(seed));
    const Selection expected = select_bad_process(eager, rules_for(seed));
    ASSERT_EQ(selection.kind, expected.kind) << "seed " << seed;
    ASSERT_EQ(selection.task, expected.task) << "seed " << seed;
    if (expected.kind == Selection::Kind::kChosen) {
      ++chosen;
      ASSERT_EQ(lazy.verdicts[selection.task].points,
                eager.verdicts[expected.task].points)
          << "seed " << seed;
    }
  }
  // The cases are worth something, and so is laziness.
  EXPECT_GT(chosen, kCases / 2);
  EXPECT_LT(refines, tasks / 2);
}

// The guard over processes that have taken, given back, forked and come since a
// note.
TEST(LazySelection, WithTheGuardChoosesAsIfAllHadBeenRefined) {
  std::uint32_t by_took = 0;
  std::uint32_t by_held = 0;
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    const Kib need = 1 + seed % 11 * 1000;
    FakeSource source(test::with_memory(random_snapshot(seed), seed),
                      seed % 2 != 0);
    Census census;
    Since since{&census};
    if (seed % 3 != 0) {
      since.loss = Loss{.slot = census.look_at_all(
                            source.sources(), test::with_available(500'000)),
                        .needed_kib = need};
    }
    source.replace(test::with_memory(random_snapshot(seed), seed + kCases));
    const Policy policy = policy_for(seed, need);
    Snapshot lazy;
    Snapshot eager;
    ASSERT_TRUE(scan(inquiry_into(source, lazy, policy, since), need / 4));
    ASSERT_TRUE(scan(inquiry_into(source, eager, policy, since)));
    const Choice choice = lazy_choice(source, lazy, seed, need, since);

    refine_all(inquiry_into(source, eager, policy, since));
    const Choice expected = lazy_choice(source, eager, seed, need, since);
    ASSERT_EQ(choice.selection.kind, expected.selection.kind)
        << "seed " << seed;
    ASSERT_EQ(choice.selection.task, expected.selection.task)
        << "seed " << seed;
    ASSERT_EQ(choice.blame, expected.blame) << "seed " << seed;
    by_took += choice.blame == Blame::kTook ? 1 : 0;
    by_held += choice.blame == Blame::kHeld ? 1 : 0;
  }
  EXPECT_GT(by_took, kCases / 10);
  EXPECT_GT(by_held, kCases / 10);
}

// Where nothing is in swap, the oom_adj of a process that holds less than the
// bar does not matter.
TEST(LazySelection, ChoosesTheSameWithoutTheAdjustmentsOfSmallProcesses) {
  std::uint32_t compared = 0;
  std::uint32_t unknown = 0;
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    const Kib need = 1 + seed % 11 * 1000;
    Snapshot full = test::with_memory(random_snapshot(seed), seed);
    for (Task& task : full.tasks) {
      task.swap_kib = 0;
      task.rss = (task.rss_anon_kib + task.rss_shmem_kib) / 4 + 1;
    }
    FakeSource source(full);
    const Policy policy = policy_for(seed, need);
    SelectRules rules = rules_for(seed);
    SelectRules same = rules;
    Snapshot some;
    Snapshot all;
    const Inquiry few = inquiry_into(source, some, policy, {});
    const Inquiry whole = inquiry_into(source, all, policy, {});
    ASSERT_TRUE(scan(few, need / 4));
    ASSERT_TRUE(scan(whole));
    unknown += static_cast<std::uint32_t>(
        std::count_if(some.tasks.begin(), some.tasks.end(),
                      [](const Task& it) { return !it.oom_adj_known; }));
    const Choice choice = select_victim(few, rules, need);
    if (rules.min_reclaim_kib < some.small_kib) {
      continue;
    }
    const Choice expected = select_victim(whole, same, need);
    ASSERT_EQ(choice.selection.kind, expected.selection.kind)
        << "seed " << seed;
    ASSERT_EQ(choice.selection.task, expected.selection.task)
        << "seed " << seed;
    ++compared;
  }
  EXPECT_GT(compared, kCases / 2);
  EXPECT_GT(unknown, kCases / 10);
}

TEST(LazySelection, CheapPointsAreNeverBelowTheScore) {
  std::uint32_t lowered = 0;
  std::uint32_t wrapped = 0;
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    const ScoreRules rules = score_for(seed);
    FakeSource source(random_snapshot(seed), seed % 2 != 0);
    Snapshot snapshot = scan_of(source);
    score_all(snapshot, rules);
    for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
      const Points bound = snapshot.verdicts[i].points;
      source.refine(snapshot, i);
      const Points points = points_of(snapshot, snapshot.judged(i), rules);
      ASSERT_LE(points, bound) << "seed " << seed << " pid " << i + 1;
      lowered += points < bound ? 1 : 0;
      wrapped += bound == kMostPoints ? 1 : 0;
    }
  }
  EXPECT_GT(lowered, kCases);
  EXPECT_GT(wrapped, kCases / 10);
}

TEST(LazySelection, RefiningOneDoesNotChangeTheOthersScores) {
  for (std::uint64_t seed = 0; seed < kCases / 10; ++seed) {
    const ScoreRules rules = score_for(seed);
    FakeSource source(random_snapshot(seed), seed % 2 != 0);
    Snapshot snapshot = scan_of(source);
    score_all(snapshot, rules);
    Snapshot after = snapshot;
    const auto refined = static_cast<std::uint32_t>(seed % after.tasks.size());
    source.refine(after, refined);
    score_all(after, rules);
    for (std::uint32_t i = 0; i < after.tasks.size(); ++i) {
      if (i != refined) {
        ASSERT_EQ(after.verdicts[i].points, snapshot.verdicts[i].points)
            << "seed " << seed << " pid " << i + 1;
      }
    }
  }
}

TEST(LazySelection, OneThatVanishesIsNotChosen) {
  for (std::uint64_t seed = 0; seed < kCases / 10; ++seed) {
    FakeSource source(random_snapshot(seed), seed % 2 != 0);
    Snapshot snapshot = scan_of(source);
    const Selection first = lazy_selection(source, snapshot, seed, 0);
    if (first.kind != Selection::Kind::kChosen) {
      continue;
    }
    source.set_vanishing(snapshot.tasks[first.task].id.pid);
    snapshot = scan_of(source);
    const Selection second = lazy_selection(source, snapshot, seed, 0);
    ASSERT_TRUE(second.kind != Selection::Kind::kChosen ||
                second.task != first.task)
        << "seed " << seed;
  }
}

TEST(MarkScope, SetsWhatIsInTheCgroupAndWhatIsNot) {
  const test::TempTree tree(
      {test::file("cgroup.controllers", "memory\n"),
       test::dir("a", {test::file("cgroup.procs", "20\n4711\n")})});
  CgroupTree cgroups(tree.path());
  Snapshot snapshot =
      test::snapshot_of({test::user_task(10, 1), test::user_task(20, 1)});
  mark_scope(cgroups, "/a", snapshot);
  EXPECT_FALSE(snapshot.verdicts[0].in_scope);
  EXPECT_TRUE(snapshot.verdicts[1].in_scope);
  mark_scope(cgroups, "/gone", snapshot);
  EXPECT_FALSE(snapshot.verdicts[1].in_scope);
}

}  // namespace
}  // namespace badnessd
