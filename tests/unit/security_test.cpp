// SPDX-License-Identifier: GPL-2.0-only
// What an ordinary user can and cannot do to badnessd. The section SECURITY of
// badnessd(8) has a line for each, and names its test in a comment.
#include <cstdint>
#include <fstream>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "badnessd/cycle/cycle.h"
#include "badnessd/engine/kernel26.h"
#include "badnessd/system/service/state_file.h"
#include "fake_source.h"
#include "recording_killer.h"
#include "snapshots.h"
#include "tree.h"

namespace badnessd {
namespace {

using test::FakeSource;
using test::holding;

constexpr std::int32_t kService = 10;
constexpr std::int32_t kLeak = 12;
constexpr std::int32_t kFirstOfMany = 100;
constexpr std::int32_t kMany = 500;

// A service that holds the most, and a process of an attacker that takes
// 440,000 KiB between a calm look and an emergency.
class Security : public testing::Test {
 protected:
  Security() { rules.min_reclaim.reset(); }

  static std::vector<Task> tasks() {
    return {holding(kService, 90'000, 300'000), holding(kLeak, 20'000, 20'000)};
  }
  static void take(Task& task) {
    task.rss_anon_kib += 440'000;
    task.rss += 110'000;
    task.total_vm += 110'000;
  }
  // The victims if the attacker has `before` at the calm look and `after` in
  // the emergency.
  std::vector<std::int32_t> victims(std::vector<Task> before,
                                    std::vector<Task> after) {
    killer.emplace();
    CycleState state(rules);
    FakeSource source(test::snapshot_of(std::move(before), 1'000));
    PressureReading reading = test::with_available(500'000);
    reading.swap_total_kib = reading.swap_free_kib = swap_used_kib;
    source.set_pressure(reading);
    static_cast<void>(run_cycle(source.sources(), rules, *killer, state));
    source.replace(test::snapshot_of(std::move(after), 1'000));
    reading.mem_available_kib = 50'000;
    reading.swap_free_kib = 0;
    source.set_pressure(reading);
    static_cast<void>(run_cycle(source.sources(), rules, *killer, state));
    return killer->pids();
  }

  static std::vector<Task> with_init() {
    std::vector<Task> all = tasks();
    all.push_back(test::named_task(1, 1'000, "init"));
    return all;
  }
  // With 450,000 KiB in children of init that are new.
  static std::vector<Task> with_many(std::uint32_t flags) {
    std::vector<Task> all = with_init();
    for (std::int32_t i = 0; i < kMany; ++i) {
      all.push_back(holding(kFirstOfMany + i, 300, 900));
      all.back().ppid = 1;
      all.back().flags |= flags;
      all.back().id.start_time = 99'900;  // 1 s ago
    }
    return all;
  }

  Policy rules = test::acts_below_a_tenth();
  Kib swap_used_kib = 0;
  std::optional<test::RecordingKiller> killer;
};

// All that a user can choose of own processes, at random.
TEST_F(Security, AScoreDoesNotMakeABystanderTheVictim) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    std::mt19937_64 random(seed);
    const auto roll = [&](std::uint64_t sides) { return random() % sides; };
    std::vector<Task> before = tasks();
    Task& leak = before.back();
    leak.total_vm += roll(1'000'000);
    leak.nice = static_cast<std::int32_t>(roll(20));
    leak.oom_adj = static_cast<std::int16_t>(roll(16));
    leak.id.start_time = roll(100'000);
    leak.cpu_jiffies = roll(100'000);
    const std::uint64_t children = roll(7);
    for (std::uint64_t i = 0; i < children; ++i) {
      before.push_back(
          test::user_task(20 + static_cast<std::int32_t>(i), roll(30'000'000)));
      before.back().ppid = roll(2) == 0 ? kLeak : 1;
    }
    std::vector<Task> after = before;
    take(after[1]);
    EXPECT_EQ(victims(before, after), std::vector<std::int32_t>{kLeak}) << seed;
  }
}

TEST_F(Security, AForkDoesNotHideWhatAProcessTook) {
  std::vector<Task> after = tasks();
  after.pop_back();  // it took the memory, forked and exited
  after.push_back(holding(13, 20'000, 20'000));
  take(after.back());
  after.back().flags |= kPfForkNoExec;
  EXPECT_EQ(victims(tasks(), after), std::vector<std::int32_t>{13});
}

TEST_F(Security, SharedMemoryDoesNotHideWhatAProcessTook) {
  std::vector<Task> after = tasks();
  after.back().rss_shmem_kib = 440'000;
  after.back().rss += 110'000;
  after.back().total_vm += 110'000;
  EXPECT_EQ(victims(tasks(), after), std::vector<std::int32_t>{kLeak});
}

TEST_F(Security, SwapDoesNotHideWhatAProcessTook) {
  std::vector<Task> after = tasks();
  take(after.back());
  swap_used_kib = after.back().swap_kib = 460'000;
  EXPECT_EQ(victims(tasks(), after), std::vector<std::int32_t>{kLeak});
}

// One of many small processes, all children of init, dies.
TEST_F(Security, ManySmallProcessesDoNotHideWhatTheyTook) {
  std::vector<Task> after = with_many(0);
  const auto killed = victims(with_init(), after);
  ASSERT_EQ(killed.size(), 1U);
  EXPECT_GE(killed.front(), kFirstOfMany);
}

// Without the account of their cgroup it is not known that they belong
// together.
TEST_F(Security, OrphansDoNotHideWhatTheyTook) {
  std::vector<Task> after = with_many(kPfForkNoExec);
  EXPECT_EQ(victims(with_init(), after).front(), kFirstOfMany);
}

TEST_F(Security, ALinkInPlaceOfTheStateFileIsRefused) {
  const test::TempTree tree(
      {test::file("target", "text"), test::link("state", "target")});
  EXPECT_FALSE(StateFile::open(tree.path("state")));
  EXPECT_EQ(test::contents_of(tree.path("target")), "text");
}

// Every test that badnessd(8) names exists: SUITE.NAME of a unit test, or the
// name of a guest case.
TEST(SecuritySection, NamesTestsThatExist) {
  const std::string mark = ".\\\" test: ";
  std::ifstream page(SOURCE_DIR "/config/badnessd.8");
  std::set<std::string> tests;
  const auto& unit = *testing::UnitTest::GetInstance();
  for (int i = 0; i < unit.total_test_suite_count(); ++i) {
    const auto& suite = *unit.GetTestSuite(i);
    for (int j = 0; j < suite.total_test_count(); ++j) {
      tests.insert(std::string(suite.name()) + "." +
                   suite.GetTestInfo(j)->name());
    }
  }
  std::size_t named = 0;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with(mark)) {
      continue;
    }
    const std::string name = line.substr(mark.size());
    const std::string guest =
        SOURCE_DIR "/tests/vm/guest/cases/" + name + ".sh";
    EXPECT_TRUE(tests.contains(name) || std::ifstream(guest).good()) << name;
    ++named;
  }
  EXPECT_GT(named, 15U);
}

}  // namespace
}  // namespace badnessd
