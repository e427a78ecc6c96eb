// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>

#include "badnessd/engine/kernel26.h"
#include "badnessd/engine/select.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using test::kernel_thread;
using test::scored;
using test::user_task;

TEST(Ranking, CandidatesByPointsThenByAge) {
  const Snapshot snapshot =
      scored({user_task(1, 9000), kernel_thread(2), user_task(10, 500),
              user_task(11, 700), user_task(12, 500), user_task(13, 900)});
  EXPECT_EQ(rank_candidates(snapshot, {.self_pid = 13}),
            (std::vector<std::uint32_t>{3, 2, 4}));
}

TEST(Ranking, TheLeaderStepsBackAtTheHighestAdjThatLetsAnotherLead) {
  const Snapshot snapshot = scored({user_task(10, 1000), user_task(11, 200)});
  // 1000 >> 2 is still above 200, >> 3 is not.
  EXPECT_EQ(turning_oom_adj(snapshot, 0, {}, {}), -3);
}

TEST(Ranking, AnotherLeadsFromTheLowestAdjThatSuffices) {
  const Snapshot snapshot = scored({user_task(10, 1000), user_task(11, 200)});
  // 200 << 2 is below 1000, << 3 is not.
  EXPECT_EQ(turning_oom_adj(snapshot, 1, {}, {}), 3);
}

TEST(Ranking, EqualPointsGoToTheElder) {
  const Snapshot snapshot = scored({user_task(10, 800), user_task(11, 100)});
  EXPECT_EQ(turning_oom_adj(snapshot, 1, {}, {}), 4);  // 1600; 800 would not do
}

TEST(Ranking, AnExemptTaskIsToldWhatWouldMakeItLead) {
  Task exempt = user_task(11, 4000);
  exempt.oom_adj = kOomDisable;
  const Snapshot snapshot = scored({user_task(10, 1000), exempt});
  EXPECT_EQ(turning_oom_adj(snapshot, 1, {}, {}), -1);
}

TEST(Ranking, NoAdjHelpsWhoeverIsTooSmallOrAlone) {
  const Snapshot two =
      scored({user_task(10, Pages{1} << 40), user_task(11, 1)});
  EXPECT_EQ(turning_oom_adj(two, 1, {}, {}), std::nullopt);
  const Snapshot alone = scored({user_task(10, 5)});
  EXPECT_EQ(turning_oom_adj(alone, 0, {}, {}), std::nullopt);
}

}  // namespace
}  // namespace badnessd
