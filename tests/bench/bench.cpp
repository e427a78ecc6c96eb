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
const Identities identities;

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
        {source.sources(), snapshot, policy, identities}, rules, 0));
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
    if (!source->scan(snapshot)) {
      state.SkipWithError("scan");
      return;
    }
  }
  count_per_process(state, snapshot.tasks.size());
}
BENCHMARK_CAPTURE(scan, running_system, "/proc");
BENCHMARK_CAPTURE(scan, stored_tree, TEST_PROC_DIR "/server");

void scan_and_select(benchmark::State& state) {
  const auto source = test::open_root("/proc");
  Snapshot snapshot;
  const Inquiry inquiry{source->sources(), snapshot, policy, identities};
  for (auto _ : state) {
    if (!badnessd::scan(inquiry)) {
      state.SkipWithError("scan");
      return;
    }
    SelectRules rules{.self_pid = source->self_pid()};
    benchmark::DoNotOptimize(select_victim(inquiry, rules, 0));
  }
  count_per_process(state, snapshot.tasks.size());
}
BENCHMARK(scan_and_select);

// `badnessd scores`: the expensive facts of all processes.
void scan_and_refine_all(benchmark::State& state) {
  const auto source = test::open_root("/proc");
  Snapshot snapshot;
  const Inquiry inquiry{source->sources(), snapshot, policy, identities};
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

void read_pressure(benchmark::State& state) {
  const auto source = test::open_root("/proc");
  for (auto _ : state) {
    benchmark::DoNotOptimize(source->read_pressure());
  }
}
BENCHMARK(read_pressure);

}  // namespace
}  // namespace badnessd
