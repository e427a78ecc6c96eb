// SPDX-License-Identifier: GPL-2.0-only
// Whatever users make processes, counters and memory do: while a trigger fires
// and there is a candidate, the time to the next signal has a bound that the
// settings give.
#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "badnessd/cycle/cycle.h"
#include "badnessd/engine/kernel26.h"
#include "fake_source.h"
#include "recording_killer.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using Kind = CycleResult::Kind;

class Waits : public testing::TestWithParam<unsigned> {
 protected:
  Waits() {
    rules.min_reclaim = Amount{.basis_points = {}, .kib = 0};
    rules.kills_per_minute = KillTimes::kMost;
    rules.term_grace_us = kSecond / 2;
  }

  // Waits for the dying and the kernel end after exit_timeout_us. A pending
  // victim has its grace, then both timeouts, each renewed by each progress.
  [[nodiscard]] Micros bound() const {
    constexpr Micros kProgress = 2 * kProgressSteps + 1;
    return rules.exit_timeout_us + rules.term_grace_us +
           kProgress * (rules.exit_timeout_us + rules.recover_timeout_us);
  }

  Policy rules = test::acts_below_a_tenth();
};

TEST_P(Waits, AreBoundedBySettings) {
  constexpr std::int32_t kTasks = 60;
  std::mt19937 random(GetParam());
  const auto one_in = [&](unsigned count) { return random() % count == 0; };
  std::vector<Task> tasks;
  for (std::int32_t pid = 10; pid < 10 + kTasks; ++pid) {
    tasks.push_back(test::holding(pid, 5'000, 10'000));
  }
  test::FakeSource source(test::snapshot_of(tasks));
  test::RecordingKiller killer;
  CycleState state(rules);
  std::uint64_t oom_kills = 1;
  Micros waited = 0;
  Micros longest = 0;
  for (int i = 0; i < 60'000; ++i) {  // 10 minutes
    oom_kills += one_in(GetParam() % 2 == 0 ? 5 : 500) ? 1 : 0;
    source.set_oom_kills(oom_kills);
    Task& task = source.task(10 + static_cast<std::int32_t>(random() % kTasks));
    task.flags = one_in(3) ? kPfExiting : 0;
    if (one_in(200)) {
      killer.set_exited(one_in(2));
    }
    killer.set_alive(static_cast<std::uint32_t>(random() % 300));
    source.set_pressure(test::with_available(random() % 99'999));
    const Kind kind = run_cycle(source.sources(), rules, killer, state).kind;
    ASSERT_NE(kind, Kind::kCalm);
    const bool helped = kind == Kind::kSignalled || kind == Kind::kEscalated;
    waited = helped || kind == Kind::kBudgetSpent ? 0 : waited + 10'000;
    longest = std::max(longest, waited);
    ASSERT_LE(waited, bound()) << "pass " << i;
  }
  EXPECT_GT(longest, rules.exit_timeout_us / 2);  // there was something to test
}

INSTANTIATE_TEST_SUITE_P(Seeds, Waits, testing::Range(1U, 9U));

}  // namespace
}  // namespace badnessd
