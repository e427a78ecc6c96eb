// SPDX-License-Identifier: GPL-2.0-only
// A decision from some processes and one from all choose the same. A failure
// names the seed that gives the case again.
#include "badnessd/cycle/refresh.h"

#include <algorithm>
#include <cstdint>
#include <random>

#include <gtest/gtest.h>

#include "badnessd/cycle/cycle.h"
#include "badnessd/engine/kernel26.h"
#include "fake_source.h"
#include "recording_killer.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using test::FakeSource;

constexpr Kib kTotal = 8'000'000;

// Processes that are born, grow, shrink, fork, exec and die.
class Host {
 public:
  explicit Host(std::uint64_t seed) : random_(seed) {
    const std::uint64_t count = 20 + roll(200);
    for (std::uint64_t i = 0; i < count; ++i) {
      create(false);
    }
  }

  // Time passes, and `events` things happen.
  void churn(std::uint64_t events) {
    now_s_ += 1 + roll(30);
    for (std::uint64_t i = 0; i < events; ++i) {
      happen();
    }
  }
  // One process leaks: `early_kib` now and the rest with leak_on(); or a new
  // one takes all of it then.
  void leak(Kib early_kib) {
    leaker_ = any().id.pid;
    leak_on(early_kib);
  }
  // A process takes memory without a fault.
  void take_unseen(Kib kib) {
    Task& task = any();
    task.rss_anon_kib += kib;
    task.rss += kib / 4;
  }
  // The process that leaks maps shared memory.
  void share(Kib kib) { leaker()->rss_shmem_kib = kib; }
  // Faults that no process seems to have gained by.
  void fault(Kib kib) { faulted_ += kib; }
  // Another process takes memory that no note shows.
  void surprise(Kib kib) { grow(any(), kib); }
  void leak_on(Kib kib) {
    if (const auto found = leaker(); found != tasks_.end()) {
      grow(*found, kib);
      return;
    }
    create(false);
    grow(tasks_.back(), kib);
  }

  [[nodiscard]] std::uint64_t roll(std::uint64_t sides) {
    return random_() % sides;
  }
  [[nodiscard]] FakeSource& source() { return source_; }
  [[nodiscard]] PressureReading reading() const {
    Kib used = 0;
    PressureReading reading;
    reading.shmem_kib = 1'000;
    for (const auto& task : tasks_) {
      used += task.rss_anon_kib + task.swap_kib;
      reading.shmem_kib += task.rss_shmem_kib;
    }
    reading.mem_total_kib = kTotal;
    reading.mem_available_kib = used < kTotal ? kTotal - used : 0;
    return reading;
  }
  // The source shows what has happened.
  void show() {
    Snapshot snapshot = test::snapshot_of(tasks_, 1000 + now_s_);
    source_.replace(snapshot);
    source_.fault(faulted_);
    faulted_ = 0;
    source_.set_last_pid(last_pid_);
  }

 private:
  Task& any() { return tasks_[roll(tasks_.size())]; }
  std::vector<Task>::iterator leaker() {
    return std::find_if(tasks_.begin(), tasks_.end(),
                        [&](const Task& it) { return it.id.pid == leaker_; });
  }

  void grow(Task& task, Kib kib) {
    task.rss_anon_kib += kib;
    task.rss += kib / 4;
    task.total_vm += kib / 4;
    faulted_ += kib;
  }

  void create(bool forked) {
    const Task* parent = tasks_.empty() ? nullptr : &any();
    last_pid_ += static_cast<std::int32_t>(1 + roll(3));
    Task task = test::named_task(last_pid_, 100 + roll(100'000),
                                 roll(3) == 0 ? "worker" : "service");
    task.id.start_time = (1000 + now_s_) * kUserHz;
    task.ppid = parent == nullptr ? 1 : parent->id.pid;
    if (forked && parent != nullptr) {
      task.flags |= kPfForkNoExec;
      task.comm = parent->comm;
      task.rss_anon_kib = parent->rss_anon_kib;
      task.rss = parent->rss;
    } else {
      grow(task, roll(4) == 0 ? roll(50'000) : roll(500));
    }
    if (roll(12) == 0) {
      task.rss_shmem_kib = roll(60'000);
      task.rss += task.rss_shmem_kib / 4;
    }
    tasks_.push_back(task);
  }

  void happen() {
    switch (roll(8)) {
      case 0:
        create(false);
        break;
      case 1:
        create(true);
        break;
      case 2:
        if (tasks_.size() > 5) {
          tasks_.erase(tasks_.begin() +
                       static_cast<std::ptrdiff_t>(roll(tasks_.size())));
        }
        break;
      case 3: {
        Task& task = any();
        const Kib freed = roll(task.rss_anon_kib + 1);
        task.rss_anon_kib -= freed;
        task.rss -= std::min(task.rss, freed / 4);
        break;
      }
      case 4:
        if (roll(10) == 0) {  // it exits, and frees its memory
          Task& task = any();
          task.flags |= kPfExiting;
          task.has_mm = false;
          task.total_vm = task.rss = 0;
          task.rss_anon_kib = task.rss_shmem_kib = 0;
        }
        break;
      case 5:
        any().oom_adj = static_cast<std::int16_t>(roll(5));
        break;
      default:
        grow(any(), roll(3) == 0 ? roll(60'000) : roll(800));
    }
  }

  std::mt19937_64 random_;
  std::vector<Task> tasks_;
  std::int32_t last_pid_ = 100;
  std::int32_t leaker_ = 0;
  std::uint64_t now_s_ = 0;
  Kib faulted_ = 0;
  FakeSource source_{Snapshot{}};
};

struct Verdicts {
  CycleResult result;
  Decision decision;
  bool from_census = false;
};

Policy guarded() {
  Policy policy = test::acts_below_a_tenth();
  policy.min_reclaim = Amount{.basis_points = {}, .kib = kTotal / 50};
  return policy;
}

// Decides with the census of `state`, or without.
Verdicts decide(Host& host, const CycleState& state, bool with_census) {
  CycleState copy(guarded());
  copy.census = state.census;
  copy.domains = state.domains;
  PressureReading reading = host.reading();
  reading.mem_available_kib =
      std::min<Kib>(reading.mem_available_kib, kTotal / 11);
  host.source().set_pressure(reading);
  host.source().know_faults(with_census);
  test::RecordingKiller killer;
  const CycleResult result =
      run_cycle(host.source().sources(), guarded(), killer, copy);
  return {result, copy.decision, copy.decision.unread != 0};
}

TEST(Refresh, SuspectsAreEnoughForTheChoiceAmongAll) {
  constexpr std::uint64_t kCases = 3'000;
  std::uint32_t from_census = 0;
  std::uint32_t signalled = 0;
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    Host host(seed);
    CycleState state(guarded());
    for (int note = 0; note < 3; ++note) {
      host.churn(20);
      if (seed % 3 == 1 && note == 1) {
        host.leak(20'000 + host.roll(200'000));
      }
      host.show();
      host.source().set_pressure(host.reading());
      static_cast<void>(state.census.look_at_all(
          host.source().sources(), *host.source().read_pressure()));
    }
    if (seed % 3 != 0) {
      host.leak_on(200'000 + host.roll(6'000'000));
    }
    if (seed % 5 == 0) {
      host.surprise(host.roll(6'000'000));
    }
    host.churn(host.roll(30));
    host.show();
    if (seed % 2 == 0) {  // the rules ask about new processes between notes
      ASSERT_TRUE(
          state.census.list(host.source().sources(), host.source().now_us()));
      host.churn(host.roll(3));
      host.show();
    }
    const Verdicts lazy = decide(host, state, true);
    const Verdicts full = decide(host, state, false);
    ASSERT_FALSE(full.from_census);
    ASSERT_EQ(lazy.result.kind, full.result.kind) << "seed " << seed;
    if (full.result.kind != CycleResult::Kind::kSignalled) {
      continue;
    }
    ++signalled;
    from_census += lazy.from_census ? 1 : 0;
    ASSERT_EQ(lazy.decision.victim.task.id, full.decision.victim.task.id)
        << "seed " << seed;
    ASSERT_EQ(lazy.decision.culprit.kind, full.decision.culprit.kind)
        << "seed " << seed;
    ASSERT_EQ(lazy.decision.kill_set, full.decision.kill_set)
        << "seed " << seed;
    ASSERT_EQ(lazy.decision.score.points(), full.decision.score.points())
        << "seed " << seed;
  }
  EXPECT_GT(signalled, kCases / 3);
  EXPECT_GT(from_census, kCases / 5);
}

// Of the processes that are not read, some have mapped shared memory or not:
// it may be what this one maps, but that decides nothing.
TEST(Refresh, SuspectsAreEnoughIfOneMapsSharedMemory) {
  Host host(1);
  host.leak(1'000);
  host.share(4'000);
  host.show();
  CycleState state(guarded());
  host.source().set_pressure(host.reading());
  static_cast<void>(state.census.look_at_all(host.source().sources(),
                                             *host.source().read_pressure()));
  state.census.compare(std::nullopt, host.reading());  // as the first pass does
  host.churn(0);
  host.leak_on(6'500'000);
  host.fault(20'000);
  host.show();
  const Verdicts lazy = decide(host, state, true);
  ASSERT_EQ(lazy.result.kind, CycleResult::Kind::kSignalled);
  EXPECT_GT(lazy.decision.victim.task.rss_anon_kib, 5'000'000U);
  EXPECT_TRUE(lazy.from_census);
}

// Memory that no fault shows: nothing that was read explains the loss.
TEST(Refresh, SuspectsAreNotEnoughIfTheyDoNotExplainTheLoss) {
  Host host(1);
  host.show();
  CycleState state(guarded());
  host.source().set_pressure(host.reading());
  static_cast<void>(state.census.look_at_all(host.source().sources(),
                                             *host.source().read_pressure()));
  host.leak(500'000);
  host.take_unseen(6'000'000);
  host.show();
  host.source().set_pressure(host.reading());
  test::RecordingKiller killer;
  Policy acts = guarded();
  acts.triggers[0].mem_available_below->basis_points = 9'000;
  const CycleResult result =
      run_cycle(host.source().sources(), acts, killer, state);
  ASSERT_EQ(result.kind, CycleResult::Kind::kSignalled);
  EXPECT_GT(state.decision.victim.task.rss_anon_kib, 5'000'000U);
}

}  // namespace
}  // namespace badnessd
