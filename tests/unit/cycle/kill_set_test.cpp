// SPDX-License-Identifier: GPL-2.0-only
// What dies with a victim, and the cgroup in which a victim is searched.
#include "badnessd/cycle/kill_set.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "badnessd/cycle/cycle.h"
#include "fake_source.h"
#include "recording_killer.h"
#include "rules.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using test::acts_below_a_tenth;
using test::FakeSource;
using test::RecordingKiller;
using test::snapshot_of;
using test::with_available;
using Kind = CycleResult::Kind;
using Pids = std::vector<std::int32_t>;

Task holding(std::int32_t pid, Kib kib, std::int32_t ppid = 0) {
  Task task = test::holding(pid, kib / 4, kib);
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
  }

  // One cycle; memory is short, or was.
  CycleResult run(Kib available = 40'000) {
    source.set_pressure(with_available(available));
    return run_cycle(source.sources(), policy, killer, state);
  }
  // Two calm cycles: the first asks, the second takes the answers.
  void look_in_calm() {
    EXPECT_EQ(run(900'000).kind, Kind::kCalm);
    source.wait_for_answers();
    EXPECT_EQ(run(900'000).kind, Kind::kCalm);
  }
  void protect_database() {
    policy.rules.push_back(
        test::rule("database", kOomDisable, {{"cgroup", "system"}}));
  }

  FakeSource source;
  Policy policy = acts_below_a_tenth();
  CycleState state{policy};
  RecordingKiller killer;
};

TEST_F(Extents, TheProcessAloneUnlessMoreIsAskedFor) {
  protect_database();
  look_in_calm();
  EXPECT_EQ(run().kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), Pids{11});
  EXPECT_TRUE(killer.also().empty());
  EXPECT_EQ(state.decision.kill_set, KillSet::kProcess);
  EXPECT_EQ(state.decision.cgroup.view(), "/user/u1/scope");
}

TEST_F(Extents, ACgroupIsAllWhoAreInIt) {
  protect_database();
  policy.victim = VictimOrder::kCgroup;
  look_in_calm();
  EXPECT_EQ(run().kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), Pids{11});
  EXPECT_EQ(sorted(killer.also()), (Pids{10, 12, 13}));
  EXPECT_EQ(state.decision.group.view(), "/user/u1/scope");
}

// It was in it when that was read last.
TEST_F(Extents, ACgroupThatTheVictimHasLeftIsNotKilled) {
  protect_database();
  policy.victim = VictimOrder::kCgroup;
  policy.oom_group = true;
  source.set_oom_group("/user/u1");
  look_in_calm();
  source.set_identity(11, {"/bin/x", "x", "/user/u2/scope"});
  EXPECT_EQ(run().kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), Pids{11});
  EXPECT_TRUE(killer.also().empty());
  EXPECT_EQ(state.decision.kill_set, KillSet::kProcess);
}

TEST_F(Extents, TheRootIsNoCgroupToBeKilled) {
  source.set_identity(20, {"/bin/db", "db", "/"});
  policy.victim = VictimOrder::kCgroup;
  look_in_calm();
  EXPECT_EQ(run().kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), Pids{20});
  EXPECT_TRUE(killer.also().empty());
}

TEST_F(Extents, NobodyIsSweptWhoIsNoCandidate) {
  policy.victim = VictimOrder::kCgroup;
  policy.rules.push_back(
      test::rule("helper", kOomDisable, {{"cmdline", "precious"}}));
  protect_database();
  source.set_identity(12, {"/bin/x", "precious", "/user/u1/scope"});
  look_in_calm();
  EXPECT_EQ(run().kind, Kind::kSignalled);
  EXPECT_EQ(sorted(killer.also()), (Pids{10, 13}));
}

TEST_F(Extents, AnOomGroupIsFollowedWhereItIsAskedFor) {
  protect_database();
  source.set_oom_group("/user/u1");
  look_in_calm();
  EXPECT_EQ(run().kind, Kind::kSignalled);
  EXPECT_TRUE(killer.also().empty());
  EXPECT_EQ(state.decision.oom_group.view(), "/user/u1");

  state = CycleState(policy);
  policy.oom_group = true;
  look_in_calm();
  EXPECT_EQ(run().kind, Kind::kSignalled);
  EXPECT_EQ(sorted(killer.also()), (Pids{10, 12, 13}));
  EXPECT_EQ(state.decision.kill_set, KillSet::kCgroup);
  EXPECT_EQ(state.decision.group.view(), "/user/u1");
}

TEST_F(Extents, ASigtermIsForOneAloneOthersAreKilled) {
  policy.term_grace_us = 1'000'000;
  policy.victim = VictimOrder::kCgroup;
  look_in_calm();
  EXPECT_EQ(run().kind, Kind::kSignalled);
  EXPECT_EQ(killer.signals(), std::vector<Signal>{Signal::kKill});
}

// One cycle over these, with memory short; the killed processes.
class Container : public testing::Test {
 protected:
  Pids killed_of(const std::vector<Task>& tasks) {
    FakeSource source(snapshot_of(tasks));
    // Nothing is known of who took it: what a death gives back counts.
    source.set_pressure(with_available(40'000));
    EXPECT_EQ(run_cycle(source.sources(), policy, killer, state).kind,
              Kind::kSignalled);
    return killer.pids();
  }
  // The most points, and next to no memory of its own.
  static Task wrapper() {
    Task task = holding(30, 1000);
    task.total_vm = 900'000;
    return task;
  }

  const Policy policy = acts_below_a_tenth();
  CycleState state{policy};
  RecordingKiller killer;
};

TEST_F(Container, TheInitOfAPidNamespaceGivesBackAllThatIsInIt) {
  Task init = wrapper();
  init.pid_ns_init = true;
  EXPECT_EQ(killed_of({init, holding(31, 100'000, 30), holding(32, 50'000, 31),
                       holding(40, 120'000)}),
            Pids{30});
  EXPECT_EQ(state.decision.victim.verdict.death_kib(), 151'000U);
  EXPECT_EQ(state.incident.pending->expected_kib, 151'000U);
}

// Its children live on.
TEST_F(Container, AWrapperGivesBackOnlyWhatIsItsOwn) {
  EXPECT_EQ(killed_of({wrapper(), holding(31, 150'000, 30)}), Pids{31});
}

// A trigger on users' cgroups: u1's memory is short, the system's is not.
class Scopes : public Extents {
 protected:
  Scopes() {
    policy.triggers[0].scope = Glob::parse("user/*");
    state = CycleState(policy);
    source.set_cgroup("/user/u1", with_available(40'000));
    source.set_cgroup("/user/u2", with_available(800'000));
  }
};

TEST_F(Scopes, OnlyThoseInTheCgroupAreCandidates) {
  EXPECT_EQ(run(900'000).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), Pids{11});  // not the larger database
  EXPECT_EQ(state.decision.scope.view(), "/user/u1");
  EXPECT_EQ(state.decision.reading.mem_available_kib, 40'000U);
  EXPECT_EQ(state.decision.candidates, 4U);
}

TEST_F(Scopes, ItsOwnMemoryIsWaitedForAfterwards) {
  EXPECT_EQ(run(900'000).kind, Kind::kSignalled);
  EXPECT_EQ(run(900'000).kind, Kind::kPending);
  source.set_cgroup("/user/u1", with_available(250'000));
  EXPECT_EQ(run(900'000).kind, Kind::kDone);
  EXPECT_EQ(state.decision.reclaimed_kib, 210'000U);
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
  EXPECT_EQ(run(900'000).kind, Kind::kCalm);  // after the triggers were judged
  EXPECT_EQ(run(900'000).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), Pids{20});
  EXPECT_EQ(state.domains.cgroups.size(), 2U);
}

TEST_F(Scopes, NobodyInItIsNobody) {
  source.set_cgroup("/user/u1", with_available(800'000));
  source.set_cgroup("/user/u2", with_available(1'000));
  EXPECT_EQ(run(900'000).kind, Kind::kNoCandidate);
  EXPECT_TRUE(killer.pids().empty());
}

TEST_F(Scopes, NobodyInItIsNotLookedForAllTheTime) {
  source.set_cgroup("/user/u1", with_available(800'000));
  source.set_cgroup("/user/u2", with_available(1'000));
  EXPECT_EQ(run(900'000).kind, Kind::kNoCandidate);
  EXPECT_GE(time_to_fire_us(policy, state.domains), 80'000U);
  const std::uint32_t lists = source.lists();
  EXPECT_EQ(run(900'000).kind, Kind::kCoolingDown);
  EXPECT_EQ(source.lists(), lists);
  // A neighbour that runs short meanwhile is helped.
  source.set_step(2'100'000);
  source.set_cgroup("/user/u1", with_available(40'000));
  EXPECT_EQ(run(900'000).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), Pids{11});
}

class ScopeAndSystem : public Scopes {
 protected:
  ScopeAndSystem() {
    Trigger whole = policy.triggers[0];
    whole.name = "system";
    whole.scope.reset();
    policy.triggers.push_back(whole);
    policy.kills_per_minute = 1;
    state = CycleState(policy);
  }
};

TEST_F(ScopeAndSystem, ATenantSpendsItsOwnBudget) {
  EXPECT_EQ(run(900'000).kind, Kind::kSignalled);
  source.set_cgroup("/user/u1", with_available(250'000));
  EXPECT_EQ(run(900'000).kind, Kind::kDone);
  source.set_cgroup("/user/u1", with_available(1'000));
  source.set_step(2'100'000);
  EXPECT_EQ(run(900'000).kind, Kind::kBudgetSpent);
  EXPECT_EQ(run(40'000).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), (Pids{11, 20}));
}

TEST_F(ScopeAndSystem, AnEmergencyOfAllDoesNotWaitForATenantsAccount) {
  policy.kills_per_minute = 2;
  EXPECT_EQ(run(900'000).kind, Kind::kSignalled);
  source.set_cgroup("/user/u1", with_available(120'000));  // of 250,000
  EXPECT_EQ(run(900'000).kind, Kind::kPending);
  EXPECT_EQ(run(40'000).kind, Kind::kDone);
  EXPECT_EQ(run(40'000).kind, Kind::kSignalled);
}

TEST_F(ScopeAndSystem, AnEmergencyOfAllDoesNotWaitForATenantsVictim) {
  killer.set_exited(false);
  EXPECT_EQ(run(900'000).kind, Kind::kSignalled);
  EXPECT_EQ(run(40'000).kind, Kind::kPending);  // its memory may be enough
  source.set_step(300'000);
  EXPECT_EQ(run(40'000).kind, Kind::kGaveUp);
  EXPECT_EQ(run(40'000).kind, Kind::kSignalled);
  EXPECT_EQ(killer.pids(), (Pids{11, 20}));
}

TEST_F(ScopeAndSystem, TheSystemComesFirst) {
  EXPECT_EQ(run(40'000).kind, Kind::kSignalled);
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
