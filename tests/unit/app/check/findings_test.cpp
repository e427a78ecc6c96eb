// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/check/findings.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "badnessd/app/config/settings.h"
#include "badnessd/system/service/self.h"
#include "fake_source.h"
#include "proc_tree.h"
#include "roots.h"
#include "snapshots.h"
#include "tree.h"

namespace badnessd {
namespace {

using test::Entry;
using test::TempTree;

PressureReading plenty() {
  PressureReading reading;
  reading.mem_total_kib = 1'000'000;
  reading.mem_available_kib = 900'000;
  reading.swap_total_kib = 500'000;
  reading.psi_some = PsiLine{};
  reading.psi_full = PsiLine{};
  return reading;
}

// The warnings alone of a tree with these processes, a line each.
std::string warnings_of(const PressureReading& reading,
                        const std::vector<test::Proc>& procs,
                        std::int32_t self_pid = 0,
                        AskedBy asked_by = AskedBy::kDaemon) {
  std::vector<Entry> entries = test::system_files();
  entries.push_back(test::process({.pid = 1}, test::oom_files(0, 0)));
  for (const test::Proc& proc : procs) {
    entries.push_back(test::process(proc, test::oom_files(0, 0)));
  }
  const TempTree tree(entries);
  const auto source = test::open_root(tree.path());
  Policy policy = Settings{}.policy;
  policy.machine = {.mem_total_kib = reading.mem_total_kib,
                    .self_pid = self_pid};
  CycleState state(policy);
  state.domains.system.last = reading;
  state.census.table() = test::scan_of(*source);
  std::string text;
  for (const auto& findings :
       {lacks_now(source->sources(), policy, state, asked_by, kSecond),
        host_findings(reading, *source, asked_by)}) {
    for (const Finding& note : findings) {
      text += note.lack ? note.text + "\n" : "";
    }
  }
  return text;
}

TEST(HostNotes, NothingToWarnOfOnAnOrdinaryServer) {
  EXPECT_EQ(warnings_of(plenty(), {{.pid = 10, .comm = "sshd"}}), "");
}

TEST(HostNotes, WithoutSwapThereIsNoWarning) {
  PressureReading reading = plenty();
  reading.swap_total_kib = 0;
  EXPECT_EQ(warnings_of(reading, {}), "");
}

TEST(HostNotes, AnotherOomKillerIsNamed) {
  for (const char* name : {"earlyoom", "systemd-oomd", "low-memory-moni"}) {
    const std::string text = warnings_of(plenty(), {{.pid = 10, .comm = name}});
    EXPECT_NE(text.find("10 (" + std::string(name) + ")"), std::string::npos)
        << text;
  }
}

TEST(HostNotes, ASecondBadnessdIsOneAndItselfIsNot) {
  const test::Proc self{.pid = 10, .comm = "badnessd"};
  const test::Proc other{.pid = 11, .comm = "badnessd"};
  EXPECT_EQ(warnings_of(plenty(), {self}, 10), "");
  EXPECT_NE(warnings_of(plenty(), {self, other}, 10).find("11 (badnessd)"),
            std::string::npos);
}

TEST(HostNotes, WhoeverChecksIsNotWarnedOfTheDaemonThatRuns) {
  const test::Proc self{.pid = 10, .comm = "badnessd"};
  const test::Proc daemon{.pid = 9, .comm = "badnessd"};
  const test::Proc second{.pid = 11, .comm = "badnessd"};
  const auto check = [](const std::vector<test::Proc>& procs) {
    return warnings_of(plenty(), procs, 10, AskedBy::kCheck);
  };
  EXPECT_EQ(check({daemon, self}), "");
  EXPECT_NE(check({daemon, self, second}), "");
}

// The reasons that are found for a host of 1,000,000 KiB.
class Lacks : public testing::Test {
 protected:
  Lacks() { state.domains.system.last = plenty(); }
  std::set<Lack> found() {
    std::set<Lack> lacks;
    for (const Finding& it : lacks_now(source.sources(), policy, state,
                                       AskedBy::kDaemon, now_us += kSecond)) {
      lacks.insert(it.lack.value());
    }
    return lacks;
  }

  test::FakeSource source{test::snapshot_of({test::user_task(10, 100)})};
  Policy policy = Settings{}.policy;
  CycleState state{policy};
  Micros now_us = 0;
};

TEST_F(Lacks, NothingWhereAllWorks) {
  EXPECT_EQ(found(), std::set<Lack>());
}

TEST_F(Lacks, AReadingThatWasClamped) {
  state.domains.system.last->clamped = true;
  EXPECT_EQ(found(), std::set{Lack::kClamped});
}

TEST_F(Lacks, ATriggerThatCannotFireAsLongAsItCannot) {
  state.domains.system.last->psi_full.reset();
  EXPECT_EQ(found(), std::set{Lack::kTriggers});
  state.domains.system.last = plenty();
  EXPECT_EQ(found(), std::set<Lack>());
}

TEST_F(Lacks, CgroupsThatAreTooMany) {
  state.domains.cut = true;
  EXPECT_EQ(found(), std::set{Lack::kCgroups});
}

TEST_F(Lacks, RulesThatAreNotKnownForAnOldProcess) {
  Rule rule{.name = "java"};
  rule.oom_adj = 3;
  ASSERT_TRUE(set_option(rule, "cmdline", "*-Xmx*"));
  policy.rules.push_back(rule);
  state.census.look_at_all(source.sources(), plenty());
  state.census.table().uptime_s = 59;
  EXPECT_EQ(found(), std::set<Lack>());
  state.census.table().uptime_s = 61;
  EXPECT_EQ(found(), std::set{Lack::kRules});
}

TEST_F(Lacks, AReadThatDoesNotEnd) {
  source.set_identity(10, {"", "", "/a"});
  source.set_hanging(10);
  const ListedProcess process{.pid = 10};
  auto& worker = source.sources().identities.worker(IdentityPart::kArguments);
  worker.ask({&process, 1});
  for (int second = 0; second < 10; ++second) {
    EXPECT_EQ(found(), std::set<Lack>());
  }
  EXPECT_EQ(found(), std::set{Lack::kReads});
  source.release(10);
  EXPECT_EQ(found(), std::set<Lack>());
}

TEST(CapabilityNotes, OneForEachThatIsMissing) {
  EXPECT_TRUE(capability_findings(~std::uint64_t{0}, {}).empty());
  EXPECT_EQ(capability_findings(0, {}).size(), 4U);
  const auto notes = capability_findings(~(std::uint64_t{1} << 5), {});
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].text.find("CAP_KILL"), std::string::npos);
}

TEST(CapabilityNotes, WhoMayLockMemoryByALimitLacksNothing) {
  const auto without = ~(std::uint64_t{1} << 14);
  EXPECT_EQ(capability_findings(without, {}).size(), 1U);
  EXPECT_TRUE(
      capability_findings(without, {.memlock_unlimited = true}).empty());
}

}  // namespace
}  // namespace badnessd
