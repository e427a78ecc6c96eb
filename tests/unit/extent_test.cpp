// SPDX-License-Identifier: GPL-2.0-only
// Who dies with a victim, and in whose cgroup victims are looked for.
#include "badnessd/app/extent.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "badnessd/app/cycle.h"
#include "badnessd/app/settings.h"
#include "fake_source.h"
#include "recording_killer.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using test::FakeSource;
using test::RecordingKiller;
using test::snapshot_of;
using test::user_task;
using Kind = CycleReport::Kind;
using Pids = std::vector<std::int32_t>;

PressureReading with_available(Kib kib) {
  PressureReading reading;
  reading.mem_total_kib = 1'000'000;
  reading.mem_available_kib = kib;
  return reading;
}

Task holding(std::int32_t pid, Kib kib, std::int32_t ppid = 0) {
  Task task = user_task(pid, kib / 4);
  task.rss = kib / 4;
  task.rss_anon_kib = kib;
  task.ppid = ppid;
  return task;
}

Pids sorted(Pids pids) {
  std::sort(pids.begin(), pids.end());
  return pids;
}

// A shell (10) with a hog (11) that has two helpers (12, 13), and a database
// (20), which is larger; all in cgroups of their own kind.
class Extents : public testing::Test {
 protected:
  Extents()
      : source(snapshot_of({holding(1, 10), holding(10, 100),
                            holding(11, 200'000, 10), holding(12, 20'000, 11),
                            holding(13, 10'000, 12), holding(20, 300'000)})) {
    for (const std::int32_t pid : {10, 11, 12, 13}) {
      source.set_identity(pid, {"/bin/x", "x", "/user/u1/scope"});
    }
    source.set_identity(20, {"/bin/db", "db", "/system/db"});
    Trigger trigger{.name = "low"};
    trigger.mem_available_below = Amount{.basis_points = 1000, .kib = {}};
    policy.triggers = {trigger};
    state = CycleState(policy);
  }

  // One cycle; memory is short, or was.
  CycleReport run(Kib available = 50'000) {
    source.set_pressure(with_available(available));
    return run_cycle(source, policy, killer, state);
  }
  void protect_database() {
    AdjRule rule{.name = "database", .protect = true};
    EXPECT_TRUE(set_option(rule, "cgroup", "system"));
    policy.rules.push_back(rule);
  }

  FakeSource source;
  Policy policy;
  CycleState state{policy};
  RecordingKiller killer;
};

TEST_F(Extents, TheProcessAloneUnlessMoreIsAskedFor) {
  protect_database();
  EXPECT_EQ(run(900'000).kind, Kind::kCalm);
  EXPECT_EQ(run().kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), Pids{11});
  EXPECT_TRUE(killer.also().empty());
  EXPECT_EQ(state.decision.extent, Extent::kProcess);
  EXPECT_EQ(state.decision.cgroup.view(), "/user/u1/scope");
}

TEST_F(Extents, AFamilyIsTheChosenWithAllItsDescendants) {
  protect_database();
  policy.victim = VictimOrder::kFamily;
  static_cast<void>(run(900'000));
  EXPECT_EQ(run().kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), Pids{11});
  EXPECT_EQ(sorted(killer.also()), (Pids{12, 13}));
  EXPECT_EQ(state.decision.extent, Extent::kFamily);
  EXPECT_EQ(state.decision.swept, 2U);
  EXPECT_EQ(state.policy.pending->expected_kib, 230'000U);
}

TEST_F(Extents, ACgroupIsAllWhoAreInIt) {
  protect_database();
  policy.victim = VictimOrder::kCgroup;
  static_cast<void>(run(900'000));
  EXPECT_EQ(run().kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), Pids{11});
  EXPECT_EQ(sorted(killer.also()), (Pids{10, 12, 13}));
  EXPECT_EQ(state.decision.group.view(), "/user/u1/scope");
}

TEST_F(Extents, TheRootIsNoCgroupToBeKilled) {
  source.set_identity(20, {"/bin/db", "db", "/"});
  policy.victim = VictimOrder::kCgroup;
  static_cast<void>(run(900'000));
  EXPECT_EQ(run().kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), Pids{20});
  EXPECT_TRUE(killer.also().empty());
}

TEST_F(Extents, NobodyIsSweptWhoIsNoCandidate) {
  policy.victim = VictimOrder::kCgroup;
  AdjRule rule{.name = "helper", .protect = true};
  ASSERT_TRUE(set_option(rule, "cmdline", "precious"));
  policy.rules.push_back(rule);
  protect_database();
  source.set_identity(12, {"/bin/x", "precious", "/user/u1/scope"});
  static_cast<void>(run(900'000));
  EXPECT_EQ(run().kind, Kind::kSignalled);
  EXPECT_EQ(sorted(killer.also()), (Pids{10, 13}));
}

TEST_F(Extents, AnOomGroupIsFollowedWhereItIsAskedFor) {
  protect_database();
  source.set_oom_group("/user/u1");
  static_cast<void>(run(900'000));
  EXPECT_EQ(run().kind, Kind::kSignalled);
  EXPECT_TRUE(killer.also().empty());
  EXPECT_EQ(state.decision.oom_group.view(), "/user/u1");

  state = CycleState(policy);
  policy.oom_group = true;
  static_cast<void>(run(900'000));
  EXPECT_EQ(run().kind, Kind::kSignalled);
  EXPECT_EQ(sorted(killer.also()), (Pids{10, 12, 13}));
  EXPECT_EQ(state.decision.extent, Extent::kCgroup);
  EXPECT_EQ(state.decision.group.view(), "/user/u1");
}

TEST_F(Extents, ASigtermIsForOneAloneOthersAreKilled) {
  policy.term_grace_us = 1'000'000;
  policy.victim = VictimOrder::kFamily;
  EXPECT_EQ(run().kind, Kind::kSignalled);
  EXPECT_EQ(killer.signals(), std::vector<Signal>{Signal::kKill});
}

// Like a container: the init is small, what it holds is not.
TEST(Container, TheInitOfAPidNamespaceGivesBackAllThatIsInIt) {
  Task init = holding(30, 1000);
  init.total_vm = 900'000;  // the most points
  init.pid_ns_init = true;
  FakeSource source(
      snapshot_of({init, holding(31, 100'000, 30), holding(32, 50'000, 31),
                   holding(40, 200'000)}));
  Policy policy;
  Trigger trigger{.name = "low"};
  trigger.mem_available_below = Amount{.basis_points = 1000, .kib = {}};
  policy.triggers = {trigger};
  CycleState state(policy);
  RecordingKiller killer;
  source.set_pressure(with_available(50'000));
  EXPECT_EQ(run_cycle(source, policy, killer, state).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), Pids{30});
  EXPECT_EQ(state.decision.victim.death_kib(), 151'000U);
  EXPECT_EQ(state.policy.pending->expected_kib, 151'000U);
}

// The same with an ordinary wrapper, whose children live on.
TEST(Container, AWrapperGivesBackOnlyWhatIsItsOwn) {
  Task wrapper = holding(30, 1000);
  wrapper.total_vm = 900'000;
  FakeSource source(snapshot_of({wrapper, holding(31, 150'000, 30)}));
  Policy policy;
  Trigger trigger{.name = "low"};
  trigger.mem_available_below = Amount{.basis_points = 1000, .kib = {}};
  policy.triggers = {trigger};
  CycleState state(policy);
  RecordingKiller killer;
  source.set_pressure(with_available(50'000));
  EXPECT_EQ(run_cycle(source, policy, killer, state).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), Pids{31});
}

// A trigger on users' cgroups: u1's memory is short, the system's is not.
class Scopes : public Extents {
 protected:
  Scopes() {
    policy.triggers[0].scope = Glob::parse("user/*");
    state = CycleState(policy);
    source.set_cgroup("/user/u1", with_available(50'000));
    source.set_cgroup("/user/u2", with_available(800'000));
  }
};

TEST_F(Scopes, OnlyThoseInTheCgroupAreCandidates) {
  EXPECT_EQ(run(900'000).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), Pids{11});  // not the larger database
  EXPECT_EQ(state.decision.scope.view(), "/user/u1");
  EXPECT_EQ(state.decision.reading.mem_available_kib, 50'000U);
  EXPECT_EQ(state.decision.candidates, 4U);
}

TEST_F(Scopes, ItsOwnMemoryIsWaitedForAfterwards) {
  EXPECT_EQ(run(900'000).kind, Kind::kSignalled);
  EXPECT_EQ(run(900'000).kind, Kind::kPending);
  source.set_cgroup("/user/u1", with_available(240'000));
  EXPECT_EQ(run(900'000).kind, Kind::kDone);
  EXPECT_EQ(state.decision.reclaimed_kib, 190'000U);
  EXPECT_EQ(run(900'000).kind, Kind::kCalm);
}

TEST_F(Scopes, ACgroupThatGoesWithItsVictimHasAllItsMemoryBack) {
  EXPECT_EQ(run(900'000).kind, Kind::kSignalled);
  source.remove_cgroup("/user/u1");
  EXPECT_EQ(run(900'000).kind, Kind::kDone);
  EXPECT_EQ(run(900'000).kind, Kind::kCalm);
}

TEST_F(Scopes, CgroupsComeAndGo) {
  source.set_cgroup("/user/u1", with_available(800'000));
  EXPECT_EQ(run(900'000).kind, Kind::kCalm);
  source.remove_cgroup("/user/u2");
  source.set_cgroup("/user/u3", with_available(10'000));
  source.set_identity(20, {"/bin/db", "db", "/user/u3"});
  EXPECT_EQ(run(900'000).kind, Kind::kCalm);  // it is looked for now and then
  source.set_step(6'000'000);
  EXPECT_EQ(run(900'000).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), Pids{20});
  EXPECT_EQ(state.policy.cgroups.size(), 2U);
}

TEST_F(Scopes, NobodyInItIsNobody) {
  source.set_cgroup("/user/u1", with_available(800'000));
  source.set_cgroup("/user/u2", with_available(1'000));
  EXPECT_EQ(run(900'000).kind, Kind::kNobody);
  EXPECT_TRUE(killer.pids().empty());
}

TEST_F(Scopes, TheSystemComesFirst) {
  Trigger whole = policy.triggers[0];
  whole.name = "system";
  whole.scope.reset();
  policy.triggers.push_back(whole);
  state = CycleState(policy);
  EXPECT_EQ(run(50'000).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), Pids{20});
  EXPECT_EQ(state.decision.trigger, 1U);
  EXPECT_TRUE(state.decision.scope.empty());
}

TEST_F(Scopes, SomebodyDyingElsewhereIsNotWaitedFor) {
  Task dying = holding(50, 5'000);
  dying.flags = kPfExiting;
  source.add(dying);
  EXPECT_EQ(run(900'000).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), Pids{11});
}

}  // namespace
}  // namespace badnessd
