// SPDX-License-Identifier: GPL-2.0-only
// What a decision costs. Counters named per_process are seconds of CPU time of
// this thread divided by the number of processes.
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "badnessd/cycle/cycle.h"
#include "badnessd/cycle/judge.h"
#include "badnessd/cycle/refresh.h"
#include "badnessd/engine/badness.h"
#include "badnessd/engine/kernel26.h"
#include "badnessd/engine/select.h"
#include "badnessd/system/proc/procfs.h"
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

void link(benchmark::State& state) {
  Snapshot snapshot = large_snapshot(state.range(0));
  for (auto _ : state) {
    link_children(snapshot);
  }
  count_per_process(state, snapshot.tasks.size());
}
BENCHMARK(link)->Arg(10'000);

// All facts of all processes, as `badnessd scores` reads them.
void read_whole(benchmark::State& state, const char* root) {
  const auto source = test::open_root(root);
  Census census;
  for (auto _ : state) {
    if (!Refresh::read_all(source->sources(), census, true, source->now_us())) {
      state.SkipWithError("read");
      return;
    }
  }
  count_per_process(state, census.entries().size());
}
BENCHMARK_CAPTURE(read_whole, running_system, "/proc");
BENCHMARK_CAPTURE(read_whole, stored_tree, TEST_PROC_DIR "/server");

// A decision that reads all processes, which the census knows: what it took is
// nobody's.
void read_all_and_select(benchmark::State& state) {
  const auto source = test::open_root("/proc");
  const Sources sources = source->sources();
  Census census;
  const PressureReading reading = source->read_pressure().value();
  static_cast<void>(census.look_at_all(sources, reading));
  const Context context{sources, policy, census};
  for (auto _ : state) {
    census.begin_reading(sources, source->read_vm_counters());
    if (!Refresh::read_all(sources, census, false, source->now_us())) {
      state.SkipWithError("read");
      return;
    }
    census.compare(std::nullopt, reading);
    judge_all(context);
    benchmark::DoNotOptimize(
        select_bad_process(census.table(), {.self_pid = source->self_pid()}));
  }
  count_per_process(state, census.entries().size());
}
BENCHMARK(read_all_and_select);

// A decision on a process that has taken 256 MiB since the census.
void decide_from_census(benchmark::State& state) {
  const auto source = test::open_root("/proc");
  const Sources sources = source->sources();
  constexpr std::size_t kLeak = 256UL << 20;
  const test::Leaker leaker(kLeak);
  Census census;
  Refresh refresh;
  const PressureReading reading = source->read_pressure().value();
  const std::size_t slot = census.look_at_all(sources, reading);
  leaker.leak();
  constexpr Kib kNeeded = Kib{32} << 10;
  const Loss loss{.slot = slot, .lost_kib = kNeeded, .needed_kib = kNeeded};
  const Context context{sources, policy, census};
  for (auto _ : state) {
    census.begin_reading(sources, source->read_vm_counters());
    const bool read =
        refresh.read_suspects(sources, census, loss, kNeeded, source->now_us());
    census.compare(loss, reading);
    judge_took(context);
    Bars bars{.self_pid = source->self_pid(), .wait_kib = kNeeded};
    const Culprit culprit = find_culprit(census.table(), bars, loss, {});
    set_bars(culprit, bars);
    judge_admitted(context, bars);
    if (!read || culprit.kind != Culprit::Kind::kProcess ||
        select_victim(census.table(), culprit, bars, kNeeded).kind !=
            Selection::Kind::kChosen) {
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
