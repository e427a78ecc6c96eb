// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/identities.h"

#include <algorithm>
#include <optional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "badnessd/cycle/judge.h"
#include "badnessd/engine/blame.h"
#include "fake_source.h"
#include "random_snapshot.h"
#include "roots.h"
#include "rules.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using test::FakeSource;
using test::rule;
using test::snapshot_of;
using test::user_task;

Task named(std::int32_t pid, std::string_view comm, std::int32_t ppid = 0) {
  Task task = test::named_task(pid, 1000, comm);
  task.ppid = ppid;
  task.uid = 1000;
  return task;
}

class IdentitiesTest : public testing::Test {
 protected:
  IdentitiesTest() : source(snapshot_of({named(10, "java"), named(11, "sh")})) {
    source.set_identity(10, {"/usr/bin/java", "java -Dapp=db", "/a.slice"});
    source.set_identity(11, {"/bin/sh", "sh", "/b.slice"});
  }

  // The verdict on the process, when all about it was read.
  const Verdict& judged(std::int32_t pid) { return judged_of(source, pid); }
  const Verdict& judged_of(FakeSource& of, std::int32_t pid) {
    EXPECT_TRUE(survey({of.sources(), policy, census}, {}));
    return census.table().verdicts[*census.find(pid)];
  }
  std::string_view cgroup(std::int32_t pid) {
    return cgroup_of(census, *census.find(pid));
  }
  // Looks, and takes what was read.
  void look(Micros now_us) {
    identities.look(source.sources(), policy, census, now_us);
    source.wait_for_answers();
    identities.look(source.sources(), policy, census, now_us);
  }

  FakeSource source;
  Policy policy;
  Identities identities;
  Census census;
};

TEST_F(IdentitiesTest, NameAndUserAreKnownAtOnce) {
  policy.rules = {rule("name", 5, {{"comm", "java"}}),
                  rule("user", 3, {{"user", "1000"}})};
  EXPECT_EQ(judged(10).oom_adj, 5);
  EXPECT_EQ(judged(11).oom_adj, 3);
  EXPECT_FALSE(Identities::needed(policy, IdentityPart::kPlace));
  EXPECT_FALSE(Identities::needed(policy, IdentityPart::kArguments));
}

// A read of exe can wait for an exec that hangs.
TEST_F(IdentitiesTest, TheProgramIsReadInCalmTimes) {
  policy.rules = {rule("exe", 5, {{"exe", "/usr/bin/*"}})};
  EXPECT_TRUE(judged(10).rules_open);
  look(kSecond);
  EXPECT_EQ(judged(10).oom_adj, 5);
  EXPECT_EQ(judged(11).oom_adj, 0);
  EXPECT_FALSE(judged(11).rules_open);
}

TEST_F(IdentitiesTest, CommandLineAndCgroupAreThoseOfCalmTimes) {
  policy.rules = {rule("cmdline", -17, {{"cmdline", "*-Dapp=db*"}}),
                  rule("cgroup", 7, {{"cgroup", "b.slice"}})};
  const Verdict unknown = judged(10);
  EXPECT_EQ(unknown.oom_adj, 0);
  EXPECT_TRUE(unknown.rules_open);
  look(kSecond);
  EXPECT_EQ(judged(10).oom_adj, -17);
  EXPECT_FALSE(judged(10).rules_open);
  EXPECT_EQ(judged(11).oom_adj, 7);
  EXPECT_EQ(cgroup(11), "/b.slice");
}

TEST_F(IdentitiesTest, OneThatIsNewIsJudgedByWhatCanBeRead) {
  policy.rules = {rule("cgroup", 7, {{"cgroup", "a.slice"}}),
                  rule("comm", 4, {{"comm", "java"}})};
  look(kSecond);
  source.add(named(12, "java"));
  source.set_identity(12, {"/usr/bin/java", "java", "/a.slice"});
  const Verdict fresh = judged(12);
  EXPECT_EQ(fresh.oom_adj, 4);
  EXPECT_TRUE(fresh.rules_open);
  look(12 * kSecond);
  EXPECT_EQ(judged(12).oom_adj, 7);
}

TEST_F(IdentitiesTest, OneThatHasOnlyForkedIsWhatItsParentIs) {
  policy.rules = {rule("cmdline", -17, {{"cmdline", "*-Dapp=db*"}})};
  look(kSecond);
  Task child = named(12, "worker", 10);
  child.flags = kPfForkNoExec;
  source.add(child);
  EXPECT_EQ(judged(12).oom_adj, -17);
  EXPECT_EQ(cgroup(12), "/a.slice");
  // It runs another program: it is another process.
  source.add(named(13, "sh", 10));
  EXPECT_EQ(judged(13).oom_adj, 0);
  EXPECT_TRUE(judged(13).rules_open);
}

TEST_F(IdentitiesTest, AnotherNameMayBeAnotherProgram) {
  policy.rules = {rule("cmdline", 9, {{"cmdline", "sh"}})};
  look(kSecond);
  EXPECT_EQ(judged(11).oom_adj, 9);
  FakeSource renamed(snapshot_of({named(10, "java"), named(11, "python")}));
  renamed.set_identity(11, {"", "", "/"});  // so that it is the same process
  EXPECT_EQ(judged_of(renamed, 11).oom_adj, 0);
  EXPECT_TRUE(judged_of(renamed, 11).rules_open);
}

// Another program of the same process is in the same cgroup.
TEST_F(IdentitiesTest, ARenameLeavesTheCgroup) {
  policy.rules = {rule("unit", 9, {{"unit", "b.slice"}}),
                  rule("exe", 5, {{"exe", "/bin/sh"}})};
  look(kSecond);
  source.task(11).comm = named(11, "ch2-P").comm;
  EXPECT_EQ(judged(11).oom_adj, 9);
  policy.rules.erase(policy.rules.begin());
  identities.judge_anew(policy, census);
  EXPECT_EQ(judged(11).oom_adj, 0);
  EXPECT_TRUE(judged(11).rules_open);
}

// The kernel drops inodes of /proc when memory is short.
TEST_F(IdentitiesTest, ANewInodeOfTheSameProcessLosesNothing) {
  policy.rules = {rule("cmdline", 9, {{"cmdline", "sh"}})};
  look(kSecond);
  source.set_inode_offset(1000);
  ASSERT_TRUE(census.add_new(source.sources(), 2 * kSecond));
  EXPECT_EQ(judged(11).oom_adj, 9);
  source.set_inode_offset(2000);
  EXPECT_EQ(judged(11).oom_adj, 9);
}

TEST_F(IdentitiesTest, AReusedPidIsSomebodyElse) {
  policy.rules = {rule("cmdline", 9, {{"cmdline", "sh"}})};
  look(kSecond);
  Task other = named(11, "sh");
  other.id.start_time = 99;
  FakeSource later(snapshot_of({named(10, "java"), other}));
  EXPECT_EQ(judged_of(later, 11).oom_adj, 0);
}

TEST_F(IdentitiesTest, OldOnesAreLookedAtAgainAndNewOnesSoon) {
  policy.rules = {rule("cgroup", 7, {{"cgroup", "c.slice"}})};
  look(kSecond);
  source.set_identity(10, {"/usr/bin/java", "java", "/c.slice"});
  look(2 * kSecond);
  look(20 * kSecond);
  EXPECT_EQ(judged(10).oom_adj, 0);
  look(400 * kSecond);
  EXPECT_EQ(judged(10).oom_adj, 7);
}

TEST(Identities, ManyNewOnesAreReadAFewHundredAtATime) {
  std::vector<Task> tasks;
  for (std::int32_t pid = 2; pid < 1002; ++pid) {
    tasks.push_back(user_task(pid, 10));
  }
  FakeSource source(snapshot_of(tasks));
  for (const Task& task : tasks) {
    source.set_identity(task.id.pid, {"", "", "/a"});
  }
  Policy policy;
  policy.rules = {rule("cgroup", 7, {{"cgroup", "a"}})};
  Identities identities;
  Census census;
  ASSERT_TRUE(survey({source.sources(), policy, census}, {}));
  const auto known = [&] {
    std::ptrdiff_t count = 0;
    for (std::uint32_t i = 0; i < census.entries().size(); ++i) {
      count += cgroup_of(census, i).empty() ? 0 : 1;
    }
    return count;
  };
  identities.look(source.sources(), policy, census, kSecond);
  for (Micros now = 2; now < 6; ++now) {
    const auto before = known();
    source.wait_for_answers();
    identities.look(source.sources(), policy, census, now * kSecond);
    // The answers to one question, and to the next if they come at once.
    EXPECT_LE(known() - before, 2 * 256);
  }
  EXPECT_EQ(known(), 1000);
}

// `count` processes of user 1000, and then a database of another user.
Snapshot crowd_and_database(std::int32_t count) {
  std::vector<Task> tasks;
  for (std::int32_t pid = 2; pid < 2 + count; ++pid) {
    tasks.push_back(named(pid, "x"));
  }
  tasks.push_back(named(9000, "postgres"));
  tasks.back().uid = 26;
  return snapshot_of(tasks);
}

TEST(Identities, AUserWithManyLongCommandLinesDelaysNoOther) {
  constexpr std::int32_t kMany = 300;
  FakeSource source(crowd_and_database(kMany));
  const std::string longest(64UL * 1024, 'x');
  for (std::int32_t pid = 2; pid < 2 + kMany; ++pid) {
    source.set_identity(pid, {"", longest, "/user.slice"});
  }
  source.set_identity(9000, {"", "postgres -D /data", "/db.service"});
  Policy policy;
  policy.rules = {rule("cgroup", 7, {{"cgroup", "db.service"}}),
                  rule("cmdline", 5, {{"cmdline", "postgres*"}})};
  Identities identities;
  Census census;
  ASSERT_TRUE(survey({source.sources(), policy, census}, {}));
  identities.look(source.sources(), policy, census, kSecond);
  source.wait_for_answers();
  identities.look(source.sources(), policy, census, 2 * kSecond);
  ASSERT_TRUE(survey({source.sources(), policy, census}, {}));
  const Verdict& database = census.table().verdicts[*census.find(9000)];
  EXPECT_EQ(database.oom_adj, 7);
  EXPECT_FALSE(database.rules_open);
  EXPECT_EQ(database.rules, bit_of(0) | bit_of(1));
}

TEST(Identities, CgroupsThatComeAndGoTakeNothingFromOthers) {
  constexpr std::int32_t kMany = 400;
  FakeSource source(crowd_and_database(kMany));
  for (std::int32_t pid = 2; pid < 2 + kMany; ++pid) {
    source.set_identity(pid, {"", "", "/user.slice/" + std::to_string(pid)});
  }
  source.set_identity(9000, {"", "", "/db.service"});
  Policy policy;
  policy.rules = {rule("unit", 7, {{"unit", "db.service"}})};
  Identities identities;
  Census census;
  identities.look_at_all(source.sources(), policy, census);
  ASSERT_TRUE(survey({source.sources(), policy, census}, {}));
  EXPECT_EQ(cgroup_of(census, 0), "/user.slice/2");
  source.replace(crowd_and_database(2));
  for (Micros now = 1; now < 4; ++now) {
    identities.look(source.sources(), policy, census, 1000 * now * kSecond);
    ASSERT_TRUE(survey({source.sources(), policy, census}, {}));
    const std::uint32_t database = *census.find(9000);
    ASSERT_EQ(census.table().verdicts[database].oom_adj, 7) << now;
    ASSERT_EQ(cgroup_of(census, database), "/db.service") << now;
  }
}

TEST_F(IdentitiesTest, OneThatHangsHoldsUpNobody) {
  policy.rules = {rule("cgroup", 7, {{"cgroup", "*.slice"}}),
                  rule("cmdline", 3, {{"cmdline", "*"}})};
  look(kSecond);
  source.add(named(12, "stuck"));
  source.set_identity(12, {"", "", "/b.slice"});
  source.set_hanging(12);
  identities.look(source.sources(), policy, census, 20 * kSecond);
  auto& places = source.sources().identities.worker(IdentityPart::kPlace);
  constexpr Micros kMinute = 60 * kSecond;
  ASSERT_TRUE(places.wait(kMinute));
  EXPECT_EQ(judged(10).oom_adj, 7);
  identities.look(source.sources(), policy, census, 29 * kSecond);
  auto& arguments =
      source.sources().identities.worker(IdentityPart::kArguments);
  EXPECT_FALSE(arguments.hangs(29 * kSecond));
  ASSERT_TRUE(arguments.hangs(30 * kSecond));
  EXPECT_EQ(arguments.hangs(30 * kSecond)->pid, 12);
  EXPECT_FALSE(places.hangs(60 * kSecond));
  EXPECT_EQ(cgroup(12), "/b.slice");
  // One that comes now is judged by its cgroup, and one by its command line,
  // which another thread reads.
  source.add(named(13, "sh"));
  source.set_identity(13, {"", "", "/c.slice"});
  source.add(named(14, "sh"));
  source.set_identity(14, {"", "sh -c", "/c"});
  identities.look(source.sources(), policy, census, 50 * kSecond);
  ASSERT_TRUE(places.wait(kMinute));
  ASSERT_TRUE(arguments.wait(kMinute));
  identities.look(source.sources(), policy, census, 60 * kSecond);
  EXPECT_EQ(judged(13).oom_adj, 7);
  EXPECT_EQ(judged(14).oom_adj, 3);
  EXPECT_EQ(arguments.hangs(60 * kSecond)->pid, 12);
  // So are all when the rules change.
  policy.rules[0].oom_adj = 9;
  identities.judge_anew(policy, census);
  identities.look(source.sources(), policy, census, 61 * kSecond);
  EXPECT_EQ(judged(10).oom_adj, 9);
  source.release(12);
  ASSERT_TRUE(arguments.wait(kMinute));
  while (arguments.hangs(70 * kSecond)) {
    std::this_thread::yield();
  }
}

TEST_F(IdentitiesTest, AtTheStartAllAreLookedAt) {
  policy.rules = {rule("cgroup", 7, {{"cgroup", "b.slice"}})};
  identities.look_at_all(source.sources(), policy, census);
  EXPECT_EQ(judged(11).oom_adj, 7);
}

// The score stays 2.6.32's: with rules the order is that of a kernel to which
// an administrator has written their oom_adj; without rules and guard it is
// that of select_bad_process() on the bare facts.
TEST(RulesProperty, TheOrderIs2632sOnTheOomAdjThatRulesGive) {
  constexpr std::uint64_t kCases = 3000;
  std::uint32_t changed = 0;
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    Snapshot full = test::random_snapshot(seed);
    for (Task& task : full.tasks) {
      task.comm[0] = static_cast<char>('a' + task.id.pid % 4);
      task.uid = static_cast<std::uint32_t>(task.id.pid % 3);
    }
    Policy policy;
    policy.min_reclaim = Amount{.basis_points = {}, .kib = 0};
    const char* const comms[] = {"a", "b", "c", "[ab]", "*"};
    for (std::uint64_t i = 0; i < seed % 4; ++i) {
      Rule made{.name = std::to_string(i)};
      made.oom_adj = static_cast<std::int32_t>((seed / 7 + i * 11) % 33) - 17;
      EXPECT_TRUE(set_option(made, "comm", comms[(seed + i) % 5]));
      if (seed % 2 == 0) {
        EXPECT_TRUE(set_option(made, "user", std::to_string(seed % 3)));
      }
      policy.rules.push_back(made);
    }
    const auto choose = [&](const Policy& with) {
      FakeSource source(full);
      Census census;
      EXPECT_TRUE(survey({source.sources(), with, census}, {}));
      Bars bars;
      return select_victim(census.table(), {}, bars, 0);
    };
    const auto kernel26 = [&](const Policy& with) {
      Snapshot facts = full;
      for (Task& task : facts.tasks) {
        const std::string_view comm = task.name();
        for (const Rule& it : with.rules) {
          const bool user = it.user.empty() || it.user[0].first == task.uid;
          if (user && it.comm[0].matches(comm)) {
            task.oom_adj = static_cast<std::int16_t>(it.adj());
            break;
          }
        }
      }
      begin_verdicts(facts, Threads::kLeader);
      score_all(facts, {});
      return select_bad_process(facts, {});
    };
    Policy bare = policy;
    bare.rules.clear();
    for (const Policy& with : {policy, bare}) {
      const Selection expected = kernel26(with);
      const Selection got = choose(with);
      ASSERT_EQ(got.kind, expected.kind) << "seed " << seed;
      ASSERT_EQ(got.task, expected.task) << "seed " << seed;
    }
    changed += choose(policy).task != choose(bare).task ? 1 : 0;
  }
  EXPECT_GT(changed, kCases / 20);
}

}  // namespace
}  // namespace badnessd
