// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/cycle.h"

#include <cerrno>

#include <gtest/gtest.h>

#include "badnessd/engine/kernel26.h"
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

PressureReading with_available(Kib kib) {
  return {.mem_total_kib = 1'000'000,
          .mem_available_kib = kib,
          .psi_some = {},
          .psi_full = {}};
}

Policy policy() {
  return {.score = {},
          .trigger = {.mem_available_below = {.basis_points = 1000, .kib = {}},
                      .swap_free_below = {.basis_points = 1000, .kib = {}}},
          .self_pid = 0};
}

CycleReport run(FactSource& source, const Policy& rules, Killer& killer) {
  Snapshot snapshot;
  return run_cycle(source, rules, killer, snapshot);
}

// Answers each reading of memory with the next of a list.
class ChangingSource final : public FactSource {
 public:
  ChangingSource(FakeSource& tasks, std::vector<Kib> available)
      : tasks_(tasks), available_(std::move(available)) {}
  [[nodiscard]] Expected<PressureReading> read_pressure() override {
    return with_available(available_[next_++]);
  }
  [[nodiscard]] Expected<void> scan(Snapshot& snapshot) override {
    return tasks_.scan(snapshot);
  }
  void refine(Snapshot& snapshot, std::uint32_t index) override {
    tasks_.refine(snapshot, index);
  }

 private:
  FakeSource& tasks_;
  std::vector<Kib> available_;
  std::size_t next_ = 0;
};

TEST(Cycle, CalmMemoryReadsNoProcess) {
  FakeSource source(snapshot_of({user_task(10, 500)}));
  source.set_pressure(with_available(500'000));
  RecordingKiller killer;
  EXPECT_EQ(run(source, policy(), killer).kind, Kind::kCalm);
  EXPECT_EQ(source.scans(), 0U);
  EXPECT_TRUE(killer.pids().empty());
}

TEST(Cycle, ShortMemoryKillsTheChosenOne) {
  FakeSource source(snapshot_of(
      {user_task(1, 9000), user_task(10, 500), user_task(11, 900)}));
  source.set_pressure(with_available(50'000));
  RecordingKiller killer;
  const CycleReport report = run(source, policy(), killer);
  EXPECT_EQ(report.kind, Kind::kActed);
  EXPECT_EQ(report.outcome.kind, KillOutcome::Kind::kExited);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{11});
}

TEST(Cycle, ChildFirstKillsTheFirstChild) {
  Task child = user_task(12, 10);
  child.ppid = 11;
  FakeSource source(
      snapshot_of({user_task(10, 500), user_task(11, 900), child}));
  source.set_pressure(with_available(50'000));
  Policy rules = policy();
  rules.victim = VictimOrder::kChildFirst;
  RecordingKiller killer;
  const CycleReport report = run(source, rules, killer);
  EXPECT_EQ(report.selection.task, 1U);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{12});
}

TEST(Cycle, MemoryThatCameBackDuringTheScanSpares) {
  FakeSource tasks(snapshot_of({user_task(10, 500)}));
  ChangingSource source(tasks, {50'000, 300'000});
  RecordingKiller killer;
  EXPECT_EQ(run(source, policy(), killer).kind, Kind::kRecovered);
  EXPECT_TRUE(killer.pids().empty());
}

TEST(Cycle, AnUnreadableSampleKillsNobody) {
  FakeSource source(snapshot_of({user_task(10, 500)}));
  source.set_pressure(tl::unexpected(Error{EBADMSG, "meminfo"}));
  RecordingKiller killer;
  const CycleReport report = run(source, policy(), killer);
  EXPECT_EQ(report.kind, Kind::kSampleLost);
  EXPECT_EQ(report.error.code, EBADMSG);
  EXPECT_TRUE(killer.pids().empty());
}

TEST(Cycle, SomebodyDyingIsWaitedFor) {
  Task dying = user_task(10, 500);
  dying.flags = kPfExiting;
  FakeSource source(snapshot_of({dying, user_task(11, 900)}));
  source.set_pressure(with_available(50'000));
  RecordingKiller killer;
  EXPECT_EQ(run(source, policy(), killer).kind, Kind::kWaiting);
  Policy impatient = policy();
  impatient.wait_for = WaitFor::kNobody;
  EXPECT_EQ(run(source, impatient, killer).kind, Kind::kActed);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{11});
}

TEST(Cycle, NobodyIsKilledWhereNobodyIsACandidate) {
  FakeSource source(snapshot_of({user_task(1, 9000), user_task(7, 100)}));
  source.set_pressure(with_available(50'000));
  Policy rules = policy();
  rules.self_pid = 7;
  RecordingKiller killer;
  EXPECT_EQ(run(source, rules, killer).kind, Kind::kNobody);
  EXPECT_TRUE(killer.pids().empty());
}

TEST(Cycle, AnAuditGoesOnWithoutTheTrigger) {
  FakeSource source(snapshot_of({user_task(10, 500)}));
  source.set_pressure(with_available(900'000));
  Policy rules = policy();
  rules.audit = true;
  DryRunKiller killer;
  const CycleReport report = run(source, rules, killer);
  EXPECT_EQ(report.kind, Kind::kActed);
  EXPECT_EQ(report.outcome.kind, KillOutcome::Kind::kNotSent);
}

TEST(Cycle, OneThatVanishesBeforeItIsRefinedIsPassedOver) {
  FakeSource source(snapshot_of({user_task(10, 500), user_task(11, 900)}));
  source.set_pressure(with_available(50'000));
  source.set_vanishing(11);
  RecordingKiller killer;
  EXPECT_EQ(run(source, policy(), killer).kind, Kind::kActed);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{10});
}

TEST(Cycle, OnlyThoseThatCanWinAreRefined) {
  std::vector<Task> tasks;
  for (std::int32_t pid = 100; pid < 1100; ++pid) {
    tasks.push_back(user_task(pid, static_cast<Pages>(pid)));
  }
  // Root's large processes look like winners until their discount is known.
  tasks[500].total_vm = 1500;
  tasks[500].cap_effective = kCapSysAdmin;
  FakeSource source(snapshot_of(tasks));
  source.set_pressure(with_available(50'000));
  RecordingKiller killer;
  EXPECT_EQ(run(source, policy(), killer).kind, Kind::kActed);
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{1099});
  EXPECT_EQ(source.refines(), 2U);
}

}  // namespace
}  // namespace badnessd
