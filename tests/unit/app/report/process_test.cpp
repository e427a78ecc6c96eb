// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/process.h"

#include <algorithm>
#include <limits>

#include <gtest/gtest.h>

#include "badnessd/engine/kernel26.h"
#include "decisions.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using test::kernel_thread;
using test::named_task;
using test::scored;
using test::user_task;

TEST(Process, WhatIsUnknownIsNull) {
  Snapshot snapshot = scored({user_task(10, 500)});
  snapshot.tasks[0].uid.reset();
  snapshot.gaps.swap_known = false;
  const Json json = process_json({snapshot.judged(0), {}, &snapshot});
  for (const char* key :
       {"uid", "swap_kib", "rule", "oom_score_adj", "skipped"}) {
    EXPECT_TRUE(json.at(key).is_null()) << key;
  }
}

TEST(Process, PointsAreExact) {
  JudgedTask judged = test::judged(user_task(10, 500));
  judged.verdict.points = std::numeric_limits<Points>::max();
  EXPECT_EQ(process_json({judged.view(), {}})["points"].dump(),
            "18446744073709551615");
}

TEST(Process, KeysOfSortAreColumnsOfNumbers) {
  EXPECT_EQ(sort_keys(),
            (std::vector<std::string>{"points", "pid", "total_vm", "rss",
                                      "swap", "reclaim", "adj", "cpu", "age"}));
}

TEST(Process, TheGreatestIsFirstButPidsAscend) {
  Snapshot snapshot =
      scored({user_task(10, 500), user_task(11, 900), user_task(12, 500)});
  snapshot.tasks[2].rss = 7;
  using Order = std::vector<std::uint32_t>;
  EXPECT_EQ(sorted_tasks(snapshot, {}, "points"), (Order{1, 0, 2}));
  EXPECT_EQ(sorted_tasks(snapshot, {}, "rss"), (Order{2, 0, 1}));
  EXPECT_EQ(sorted_tasks(snapshot, {}, "pid"), (Order{0, 1, 2}));
}

TEST(Process, TheTableHasTheColumnThatItIsSortedBy) {
  const Snapshot snapshot = scored({user_task(10, 500)});
  const auto header = [&](std::string_view sort) {
    const std::string table = scores_table(snapshot, {}, {.sort = sort}, {});
    return table.substr(0, table.find('\n'));
  };
  EXPECT_EQ(header("points"),
            "POINTS  PID  USER  TOTAL_VM  RSS  RECLAIM  ADJ  NAME");
  EXPECT_NE(header("swap").find("SWAP"), std::string::npos);
}

TEST(Process, TheTableCountsWhatItLeavesOut) {
  Task exempt = named_task(12, 4000, "exempt");
  exempt.oom_adj = kOomDisable;
  const Snapshot snapshot = scored({kernel_thread(2), named_task(10, 500, "a"),
                                    named_task(11, 900, "b"), exempt});
  const std::string one = scores_table(snapshot, {}, {.limit = 1}, {});
  EXPECT_NE(one.find("and 2 more"), std::string::npos) << one;
  EXPECT_NE(one.find("and 1 without memory"), std::string::npos) << one;
  const std::string all = scores_table(snapshot, {}, {}, {});
  EXPECT_NE(all.find("oom_adj -17   12"), std::string::npos) << all;
  const std::string candidates =
      scores_table(snapshot, {}, {.candidates_only = true}, {});
  EXPECT_EQ(candidates.find("exempt"), std::string::npos) << candidates;
}

TEST(Process, AHostileNameIsOneLineOfTheTable) {
  const Snapshot snapshot = scored({named_task(10, 500, test::hostile_name())});
  const std::string table =
      scores_table(snapshot, {}, {.candidates_only = true}, {});
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 2) << table;
  EXPECT_EQ(table.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace badnessd
