// SPDX-License-Identifier: GPL-2.0-only
// What a decision costs. Counters named per_process are seconds of CPU time of
// this thread divided by the number of processes.
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "badnessd/cycle/cycle.h"
#include "badnessd/cycle/lazy_selection.h"
#include "badnessd/engine/badness.h"
#include "badnessd/engine/kernel26.h"
#include "badnessd/engine/select.h"
#include "badnessd/system/proc/procfs.h"
#include "fake_source.h"
#include "forked.h"
#include "roots.h"
#include "snapshots.h"

namespace badnessd {
namespace {

constexpr std::int32_t kFirstPid = 300;

// A system of `count` processes in families of ten, some of root's, some niced,
// with times that need the roots.
Snapshot large_snapshot(std::int64_t count) {
  std::vector<Task> tasks;
  for (std::int32_t i = 0; i < count; ++i) {
    Task task = test::user_task(kFirstPid + i,
                                static_cast<Pages>(i) * 7919 % 1'000'000);
    task.ppid = kFirstPid + i / 10;
    task.cpu_jiffies = static_cast<std::uint64_t>(i) * 104'729 % 10'000'000;
    task.nice = i % 20 == 0 ? 10 : 0;
    task.cap_effective = i % 3 == 0 ? kCapSysAdmin : 0;
    tasks.push_back(task);
  }
  return test::snapshot_of(std::move(tasks), 1'000'000);
}

const Policy policy;
const Census no_census;

void count_per_process(benchmark::State& state, std::size_t processes) {
  state.counters["processes"] = static_cast<double>(processes);
  state.counters["per_process"] =
      benchmark::Counter(static_cast<double>(processes),
                         benchmark::Counter::kIsIterationInvariantRate |
                             benchmark::Counter::kInvert);
}

void score(benchmark::State& state) {
  Snapshot snapshot = large_snapshot(state.range(0));
  for (auto _ : state) {
    score_all(snapshot, {});
    benchmark::DoNotOptimize(snapshot.tasks.data());
  }
  count_per_process(state, snapshot.tasks.size());
}
BENCHMARK(score)->Arg(1000)->Arg(10'000);

void select(benchmark::State& state) {
  Snapshot snapshot = large_snapshot(state.range(0));
  score_all(snapshot, {});
  for (auto _ : state) {
    benchmark::DoNotOptimize(select_bad_process(snapshot, {}));
  }
  count_per_process(state, snapshot.tasks.size());
}
BENCHMARK(select)->Arg(1000)->Arg(10'000);

// Score, choose, refine and choose again, without the cost of reading.
void select_with_refinement(benchmark::State& state) {
  test::FakeSource source(large_snapshot(state.range(0)));
  const Snapshot scanned = test::scan_of(source);
  Snapshot snapshot = scanned;
  for (auto _ : state) {
    state.PauseTiming();
    snapshot.tasks = scanned.tasks;
    snapshot.verdicts = scanned.verdicts;
    state.ResumeTiming();
    SelectRules rules;
    benchmark::DoNotOptimize(select_victim(
        {source.sources(), snapshot, policy, no_census}, rules, 0));
  }
  count_per_process(state, snapshot.tasks.size());
  state.counters["refines"] =
      benchmark::Counter(source.refines(), benchmark::Counter::kAvgIterations);
}
BENCHMARK(select_with_refinement)->Arg(1000)->Arg(10'000);

void link(benchmark::State& state) {
  Snapshot snapshot = large_snapshot(state.range(0));
  for (auto _ : state) {
    link_children(snapshot);
  }
  count_per_process(state, snapshot.tasks.size());
}
BENCHMARK(link)->Arg(10'000);

void scan(benchmark::State& state, const char* root) {
  const auto source = test::open_root(root);
  Snapshot snapshot;
  for (auto _ : state) {
    if (!source->scan(snapshot, 0)) {
      state.SkipWithError("scan");
      return;
    }
  }
  count_per_process(state, snapshot.tasks.size());
}
BENCHMARK_CAPTURE(scan, running_system, "/proc");
BENCHMARK_CAPTURE(scan, stored_tree, TEST_PROC_DIR "/server");

// With the guard, as the default settings have it.
void scan_and_select(benchmark::State& state) {
  constexpr Kib kNeeded = Kib{64} << 10;
  const auto source = test::open_root("/proc");
  static_cast<void>(source->read_pressure());  // whether swap is in use
  Snapshot snapshot;
  const Inquiry inquiry{source->sources(), snapshot, policy, no_census};
  for (auto _ : state) {
    if (!badnessd::scan(inquiry, kNeeded / 4)) {
      state.SkipWithError("scan");
      return;
    }
    SelectRules rules{.self_pid = source->self_pid(), .wait_kib = kNeeded};
    if (select_victim(inquiry, rules, kNeeded).selection.kind !=
        Selection::Kind::kChosen) {
      state.SkipWithError("no process holds 64 MiB");
      return;
    }
  }
  count_per_process(state, snapshot.tasks.size());
}
BENCHMARK(scan_and_select);

// `badnessd scores`: the expensive facts of all processes.
void scan_and_refine_all(benchmark::State& state) {
  const auto source = test::open_root("/proc");
  Snapshot snapshot;
  const Inquiry inquiry{source->sources(), snapshot, policy, no_census};
  for (auto _ : state) {
    if (!badnessd::scan(inquiry)) {
      state.SkipWithError("scan");
      return;
    }
    refine_all(inquiry);
  }
  count_per_process(state, snapshot.tasks.size());
}
BENCHMARK(scan_and_refine_all);

// A decision on a process that has taken 256 MiB since the census.
void decide_from_census(benchmark::State& state) {
  const auto source = test::open_root("/proc");
  constexpr std::size_t kLeak = 256UL << 20;
  const test::Leaker leaker(kLeak);
  Census census;
  Snapshot snapshot;
  Suspects suspects;
  const std::size_t slot =
      census.look_at_all(source->sources(), source->read_pressure().value());
  leaker.leak();
  constexpr Kib kNeeded = Kib{32} << 10;
  const Inquiry inquiry{
      .sources = source->sources(),
      .snapshot = snapshot,
      .policy = policy,
      .census = census,
      .loss = Loss{.slot = slot, .lost_kib = kNeeded, .needed_kib = kNeeded}};
  for (auto _ : state) {
    const auto faulted = source->read_vm_counters().faulted_kib;
    SelectRules rules{.self_pid = source->self_pid(), .wait_kib = kNeeded};
    if (!suspects.scan(inquiry, kNeeded, *faulted, source->now_us()) ||
        select_victim(inquiry, rules, kNeeded).blame != Blame::kTook) {
      state.SkipWithError("the census cannot tell");
      return;
    }
  }
  count_per_process(state, census.entries().size());
}
BENCHMARK(decide_from_census)->Iterations(300);

void read_pressure(benchmark::State& state) {
  const auto source = test::open_root("/proc");
  for (auto _ : state) {
    benchmark::DoNotOptimize(source->read_pressure());
  }
}
BENCHMARK(read_pressure);

}  // namespace
}  // namespace badnessd
