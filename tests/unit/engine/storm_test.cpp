// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/storm.h"

#include <gtest/gtest.h>

#include "badnessd/engine/kernel26.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using test::kMib;
using test::user_task;

constexpr std::uint64_t kUptime = 1000;  // seconds
constexpr Kib kNeeded = 50 * kMib;

// A process that started `age_s` ago and holds `mib`.
Task aged(std::int32_t pid, std::int32_t ppid, const char* name,
          std::uint64_t age_s, Kib mib) {
  Task task = user_task(pid, 1000);
  task.id.start_time = (kUptime - age_s) * kUserHz;
  task.ppid = ppid;
  task.uid = 1000;
  task.comm = {};
  std::string_view(name).copy(task.comm.data(), task.comm.size() - 1);
  task.rss_anon_kib = mib * kMib;
  return task;
}

// Adds `count` processes below `ppid`.
void add(std::vector<Task>& tasks, std::int32_t first_pid, int count,
         std::int32_t ppid, const char* name, std::uint64_t age_s, Kib mib) {
  for (int i = 0; i < count; ++i) {
    tasks.push_back(aged(first_pid + i, ppid, name, age_s, mib));
  }
}

class StormTest : public testing::Test {
 protected:
  // What is found among init, sshd (5) and these.
  std::optional<Storm> find(std::vector<Task> tasks, Kib lost_mib) {
    tasks.push_back(aged(1, 0, "systemd", kUptime, 10));
    tasks.push_back(aged(5, 1, "sshd", 900, 5));
    snapshot = test::snapshot_of(std::move(tasks), kUptime);
    // All that were there at the baseline held what they hold now.
    snapshot.baseline_age_s = baseline_age_s;
    for (std::size_t i = 0; i < snapshot.tasks.size(); ++i) {
      Task& task = snapshot.tasks[i];
      if (age_s(snapshot, task) > baseline_age_s) {
        task.then = Holding{task.rss_anon_kib, 0};
      } else {
        snapshot.verdicts[i].took_kib = task.rss_anon_kib;
      }
    }
    return finder.find(snapshot, bars, kNeeded, lost_mib * kMib);
  }
  // The pid of the forker; 0: it is gone.
  [[nodiscard]] std::int32_t forker(const std::optional<Storm>& storm) const {
    return storm->forker ? snapshot.tasks[*storm->forker].id.pid : 0;
  }
  // What is found where an account says that these processes took it.
  std::optional<Storm> find_suspects(const std::vector<Task>& tasks,
                                     std::int32_t first, std::int32_t last,
                                     Kib lost_mib) {
    static_cast<void>(find(tasks, lost_mib));
    for (std::size_t i = 0; i < snapshot.tasks.size(); ++i) {
      const std::int32_t pid = snapshot.tasks[i].id.pid;
      snapshot.verdicts[i].suspect = pid >= first && pid <= last;
    }
    bars.suspects_only = true;
    return finder.find(snapshot, bars, kNeeded, lost_mib * kMib);
  }

  std::uint64_t baseline_age_s = 4;
  Snapshot snapshot;
  Bars bars;
  StormFinder finder;
};

TEST_F(StormTest, IsManyYoungProcessesThatHoldWhatWasLost) {
  std::vector<Task> tasks{aged(10, 5, "forker", 3, 1),
                          aged(11, 1, "db", 3, 300)};
  add(tasks, 100, 50, 10, "hog", 1, 8);
  const auto storm = find(tasks, 420);
  ASSERT_TRUE(storm);
  EXPECT_EQ(forker(storm), 10);
  EXPECT_FALSE(storm->spare_forker);
  EXPECT_EQ(storm->members, 50U);
  EXPECT_EQ(storm->name(), "hog");
  EXPECT_EQ(storm->took_kib, 400 * kMib);
  EXPECT_EQ(storm->largest_kib, 8 * kMib);
  EXPECT_EQ(storm->uid, 1000U);
  EXPECT_EQ(storm->age_s, 1U);
  EXPECT_EQ(finder.members().size(), 50U);
}

TEST_F(StormTest, IsNoneWhereMemoryHasLostNothing) {
  std::vector<Task> tasks{aged(10, 5, "forker", 3, 1)};
  add(tasks, 100, 50, 10, "hog", 1, 8);
  ASSERT_TRUE(find(tasks, 420));
  EXPECT_FALSE(finder.find(snapshot, bars, kNeeded, 0));
}

TEST_F(StormTest, IsNoneWhereFewProcessesHoldTheMemory) {
  std::vector<Task> tasks{aged(10, 5, "bash", 3, 1)};
  add(tasks, 100, 7, 10, "hog", 1, 60);
  EXPECT_FALSE(find(tasks, 420));
}

TEST_F(StormTest, IsNoneWhereOneProcessHoldsMostOfIt) {
  std::vector<Task> tasks{aged(10, 5, "bash", 3, 1),
                          aged(99, 10, "hog", 1, 200)};
  add(tasks, 100, 50, 10, "hog", 1, 4);
  EXPECT_FALSE(find(tasks, 400));
}

TEST_F(StormTest, IsNoneBelowTheNeed) {
  std::vector<Task> tasks{aged(10, 5, "bash", 3, 1)};
  add(tasks, 100, 45, 10, "hog", 1, 1);
  EXPECT_FALSE(find(tasks, 50));
}

TEST_F(StormTest, IsNoneWhereSomebodyElseTookMostOfWhatWasLost) {
  std::vector<Task> tasks{aged(10, 5, "bash", 3, 1)};
  add(tasks, 100, 20, 10, "hog", 1, 8);
  EXPECT_FALSE(find(tasks, 400));
}

TEST_F(StormTest, ALoginShellWithOneYoungHogHasNone) {
  EXPECT_FALSE(
      find({aged(10, 5, "bash", 700, 3), aged(100, 10, "R", 2, 400)}, 400));
}

// They took the place of others: memory has lost next to nothing.
TEST_F(StormTest, WorkersAfterAReloadOrANewPoolOfConnectionsAreNone) {
  std::vector<Task> php{aged(10, 1, "php-fpm", 700, 20)};
  add(php, 100, 50, 10, "php-fpm", 1, 30);
  EXPECT_FALSE(find(php, 60));
  std::vector<Task> postgres{aged(10, 1, "postgres", 700, 20)};
  add(postgres, 100, 100, 10, "postgres", 1, 8);
  EXPECT_FALSE(find(postgres, 30));
}

// Jobs come and go; what is young has replaced what was.
TEST_F(StormTest, ABuildInItsCourseIsNone) {
  std::vector<Task> tasks{aged(10, 5, "make", 600, 5)};
  add(tasks, 100, 16, 10, "cc1plus", 2, 120);
  EXPECT_FALSE(find(tasks, 300));
}

// A build has cc1plus, as and sh; a storm may exec.
TEST_F(StormTest, NamesDoNotCount) {
  std::vector<Task> tasks{aged(10, 5, "forker", 2, 1)};
  const char* const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
  std::int32_t pid = 100;
  for (const char* name : names) {
    tasks.push_back(aged(pid++, 10, name, 1, 20));
  }
  tasks.back().rss_anon_kib += 4;
  const auto storm = find(tasks, 180);
  ASSERT_TRUE(storm);
  EXPECT_EQ(storm->members, 9U);
  EXPECT_EQ(storm->name(), "i");  // of the largest
}

TEST_F(StormTest, MembersHaveOneUser) {
  std::vector<Task> tasks{aged(10, 5, "forker", 3, 1)};
  add(tasks, 100, 50, 10, "hog", 1, 8);
  for (std::size_t i = 1; i < 11; ++i) {
    tasks[i].uid = 7;
  }
  tasks.back().rss_anon_kib += 4;
  const auto storm = find(tasks, 420);
  ASSERT_TRUE(storm);
  EXPECT_EQ(storm->members, 40U);
  EXPECT_EQ(storm->uid, 1000U);
}

TEST_F(StormTest, OneThatTookLittleIsNoMember) {
  std::vector<Task> tasks{aged(10, 5, "forker", 3, 1)};
  add(tasks, 100, 25, 10, "hog", 1, 16);
  add(tasks, 200, 5, 10, "sh", 1, 2);
  add(tasks, 300, 5, 10, "sh", 1, 1);
  EXPECT_EQ(find(tasks, 420)->members, 30U);
}

TEST_F(StormTest, IsNoneWhereTheyTookFarMoreThanWasLost) {
  std::vector<Task> tasks{aged(10, 5, "forker", 3, 1)};
  add(tasks, 100, 50, 10, "hog", 1, 8);
  EXPECT_TRUE(find(tasks, 200));
  EXPECT_FALSE(find(tasks, 199));
}

TEST_F(StormTest, ATerminalMultiplexerIsSparedWithItsOldPanes) {
  std::vector<Task> tasks{aged(10, 1, "tmux: server", 20, 5),
                          aged(11, 10, "vim", 15, 30)};
  add(tasks, 100, 50, 10, "hog", 1, 8);
  const auto storm = find(tasks, 400);
  ASSERT_TRUE(storm);
  EXPECT_EQ(forker(storm), 10);
  EXPECT_TRUE(storm->spare_forker);
  EXPECT_EQ(storm->members, 50U);
}

TEST_F(StormTest, AnOldForkerIsSpared) {
  std::vector<Task> tasks{aged(10, 5, "bash", 700, 5)};
  add(tasks, 100, 50, 10, "hog", 1, 8);
  EXPECT_TRUE(find(tasks, 400)->spare_forker);
}

// postgres is started by root.
TEST_F(StormTest, AForkerOfAnotherUserIsSpared) {
  std::vector<Task> tasks{aged(10, 5, "su", 3, 1)};
  tasks[0].uid = 0;
  add(tasks, 100, 50, 10, "hog", 1, 8);
  EXPECT_TRUE(find(tasks, 400)->spare_forker);
}

TEST_F(StormTest, AForkerThatIsProtectedIsSpared) {
  std::vector<Task> tasks{aged(10, 5, "forker", 3, 1)};
  tasks[0].oom_adj = kOomDisable;
  add(tasks, 100, 50, 10, "hog", 1, 8);
  EXPECT_TRUE(find(tasks, 400)->spare_forker);
}

// Its other child is older than the storm.
TEST_F(StormTest, AForkerThatHoldsOthersIsSpared) {
  std::vector<Task> tasks{aged(10, 5, "runner", 40, 1),
                          aged(11, 10, "web", 30, 30)};
  add(tasks, 100, 50, 10, "hog", 1, 8);
  EXPECT_TRUE(find(tasks, 400)->spare_forker);
  tasks[1].mm_threads = 0;  // a zombie
  EXPECT_FALSE(find(tasks, 400)->spare_forker);
}

TEST_F(StormTest, TheForkerIsTheDeepestThatHasIt) {
  std::vector<Task> tasks{aged(10, 5, "bash", 700, 5),
                          aged(11, 10, "runner", 3, 1),
                          aged(12, 11, "forker", 3, 1)};
  add(tasks, 100, 50, 12, "hog", 1, 8);
  const auto storm = find(tasks, 400);
  ASSERT_TRUE(storm);
  EXPECT_EQ(forker(storm), 12);
  EXPECT_FALSE(storm->spare_forker);
}

TEST_F(StormTest, ForkersOfForkersAreFoundTogether) {
  std::vector<Task> tasks{aged(10, 5, "bomb", 2, 1)};
  for (std::int32_t branch = 0; branch < 4; ++branch) {
    tasks.push_back(aged(20 + branch, 10, "bomb", 2, 1));
    add(tasks, 100 + 100 * branch, 12, 20 + branch, "bomb", 1, 8);
  }
  const auto storm = find(tasks, 400);
  ASSERT_TRUE(storm);
  EXPECT_EQ(forker(storm), 10);
  EXPECT_EQ(storm->members, 52U);
}

TEST_F(StormTest, OrphansOfInitAreNone) {
  std::vector<Task> tasks;
  add(tasks, 100, 50, 1, "hog", 1, 8);
  EXPECT_FALSE(find(tasks, 400));
}

TEST_F(StormTest, TheProtectedAreNoMembers) {
  std::vector<Task> tasks{aged(10, 5, "forker", 3, 1)};
  add(tasks, 100, 50, 10, "hog", 1, 8);
  tasks.back().oom_adj = kOomDisable;
  EXPECT_EQ(find(tasks, 400)->members, 49U);
}

TEST_F(StormTest, ASlowStormIsOneToo) {
  std::vector<Task> tasks{aged(10, 5, "forker", 13, 1)};
  add(tasks, 100, 50, 10, "hog", 12, 8);
  baseline_age_s = 16;
  const auto storm = find(tasks, 400);
  ASSERT_TRUE(storm);
  EXPECT_EQ(storm->age_s, 12U);
}

TEST_F(StormTest, ACircleOfParentsEnds) {
  std::vector<Task> tasks{aged(10, 11, "a", 3, 1), aged(11, 10, "b", 3, 1)};
  add(tasks, 100, 50, 10, "hog", 1, 8);
  static_cast<void>(find(tasks, 400));
}

// Its first members are older than the baseline, and took half of what they
// hold before it.
TEST_F(StormTest, AStormThatBeganBeforeTheBaselineGoesWhole) {
  std::vector<Task> tasks{aged(10, 5, "forker", 13, 1)};
  const auto members = [&](std::uint64_t age_of_first_s) {
    tasks.resize(1);
    add(tasks, 100, 30, 10, "hog", age_of_first_s, 8);
    add(tasks, 200, 30, 10, "hog", 2, 8);
    static_cast<void>(find(tasks, 360));
    for (std::size_t i = 0; i < snapshot.tasks.size(); ++i) {
      Task& task = snapshot.tasks[i];
      if (task.id.pid >= 100 && task.id.pid < 200) {
        task.then = Holding{4 * kMib, 0};
        snapshot.verdicts[i].took_kib = 4 * kMib;
      }
    }
    return finder.find(snapshot, bars, kNeeded, 360 * kMib)->members;
  };
  EXPECT_EQ(members(10), 60U);  // at most twice as old as the baseline
  EXPECT_EQ(members(11), 30U);
}

// A database that has just started took more than any of them.
TEST_F(StormTest, AProcessBesideItIsNoMeasureOfItsMembers) {
  std::vector<Task> tasks{aged(10, 5, "forker", 3, 1),
                          aged(11, 1, "db", 3, 60)};
  tasks[1].uid = 7;
  add(tasks, 100, 300, 10, "hog", 1, 1);
  const auto storm = find(tasks, 360);
  ASSERT_TRUE(storm);
  EXPECT_EQ(storm->members, 300U);
  EXPECT_EQ(storm->uid, 1000U);
}

// A leak beside services that have just started.
TEST_F(StormTest, IsNoneBesideALeak) {
  std::vector<Task> tasks{aged(99, 5, "leak", 3, 500)};
  add(tasks, 100, 20, 5, "web", 3, 1);
  EXPECT_FALSE(find(tasks, 510));
}

// Their parents have exited, so that init is the parent of all. The cgroup that
// took it says that they belong together.
TEST_F(StormTest, InACgroupOrphansAreOne) {
  std::vector<Task> tasks;
  add(tasks, 100, 50, 1, "hog", 1, 8);
  const auto storm = find_suspects(tasks, 100, 149, 400);
  ASSERT_TRUE(storm);
  EXPECT_FALSE(storm->forker);
  EXPECT_TRUE(storm->spare_forker);
  EXPECT_EQ(storm->members, 50U);
}

TEST_F(StormTest, InACgroupOnlyItsProcessesAreMembers) {
  std::vector<Task> tasks{aged(10, 5, "forker", 3, 1)};
  add(tasks, 100, 50, 10, "hog", 1, 8);
  const auto storm = find_suspects(tasks, 100, 129, 240);
  ASSERT_TRUE(storm);
  EXPECT_EQ(storm->members, 30U);
  EXPECT_EQ(forker(storm), 10);
  EXPECT_FALSE(find_suspects(tasks, 100, 106, 240));
}

TEST_F(StormTest, TheMembersAreTheLargestFirst) {
  std::vector<Task> tasks{aged(10, 5, "forker", 3, 1)};
  add(tasks, 100, 20, 10, "hog", 1, 8);
  add(tasks, 200, 20, 10, "hog", 1, 12);
  ASSERT_TRUE(find(tasks, 400));
  const auto members = finder.members();
  EXPECT_EQ(snapshot.tasks[members.front()].id.pid, 200);
  EXPECT_EQ(snapshot.tasks[members.back()].id.pid, 119);
}

}  // namespace
}  // namespace badnessd
