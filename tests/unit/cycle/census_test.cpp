// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/census.h"

#include <gtest/gtest.h>

#include "badnessd/engine/kernel26.h"
#include "fake_source.h"
#include "forwarding_source.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using test::FakeSource;
using test::holding;
using test::snapshot_of;
using test::with_available;

constexpr Micros kFar = 3600 * kSecond;

PressureReading at(Micros seconds, Kib available) {
  PressureReading reading = with_available(available);
  reading.time_us = seconds * kSecond;
  return reading;
}

class CensusTest : public testing::Test {
 protected:
  // What the process held at the note in `slot`; none: it was not there.
  std::optional<Holding> then(std::int32_t pid, std::size_t slot) {
    Snapshot snapshot;
    EXPECT_TRUE(source.scan(snapshot, 0));
    census.compare(snapshot, {.slot = slot}, 0);
    EXPECT_TRUE(snapshot.baseline_age_s);
    return test::task_of(snapshot, pid).then;
  }
  std::optional<std::size_t> look(Micros seconds, Kib available) {
    return census.look(source.sources(), at(seconds, available), kFar);
  }

  FakeSource source{snapshot_of(
      {holding(10, 500, 1'000), holding(11, 900, 50), test::kernel_thread(2)})};
  Census census;
};

TEST_F(CensusTest, ANoteSaysWhatEachProcessHeld) {
  const auto slot = look(1, 500'000);
  ASSERT_TRUE(slot);
  source.task(10).rss_anon_kib = 7'000;
  source.add(holding(12, 10, 300));
  ASSERT_TRUE(then(10, *slot));
  EXPECT_EQ(then(10, *slot)->private_kib, 1'000U);
  EXPECT_EQ(then(11, *slot)->private_kib, 50U);
  EXPECT_FALSE(then(12, *slot));
  EXPECT_EQ(census.notes()[*slot].free_kib, 500'000U);
}

TEST_F(CensusTest, OlderNotesStay) {
  const auto first = look(1, 500'000);
  source.task(10).rss_anon_kib = 7'000;
  const auto second = look(1000, 400'000);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(then(10, *first)->private_kib, 1'000U);
  EXPECT_EQ(then(10, *second)->private_kib, 7'000U);
}

TEST_F(CensusTest, AReusedPidIsANewProcess) {
  const auto slot = look(1, 500'000);
  source.task(10).id.start_time = 99;
  EXPECT_FALSE(then(10, *slot));
}

// The kernel forgets inodes of /proc when memory is short.
TEST_F(CensusTest, ANewInodeOfTheSameProcessLosesNoNote) {
  const auto slot = look(1, 500'000);
  source.set_inode_offset(1000);
  ASSERT_TRUE(look(1000, 400'000));
  ASSERT_TRUE(then(10, *slot));
  EXPECT_EQ(then(10, *slot)->private_kib, 1'000U);
  source.task(10).id.start_time = 99;
  source.set_inode_offset(2000);
  ASSERT_TRUE(look(2000, 300'000));
  EXPECT_FALSE(then(10, *slot));
}

TEST_F(CensusTest, KernelThreadsAreReadOnce) {
  ASSERT_TRUE(look(1, 500'000));
  EXPECT_EQ(source.notes(), 3U);
  ASSERT_TRUE(look(1000, 500'000));
  EXPECT_EQ(source.notes(), 5U);
}

TEST_F(CensusTest, AreTakenWhenMemoryMovesAndEveryFiveMinutes) {
  EXPECT_TRUE(look(1, 500'000));
  EXPECT_FALSE(look(10, 499'000));
  EXPECT_TRUE(look(20, 490'000));
  EXPECT_TRUE(look(22, 500'000));  // more of it is a move as well
  EXPECT_FALSE(look(300, 500'000));
  EXPECT_TRUE(look(330, 500'000));
}

Snapshot a_thousand() {
  std::vector<Task> tasks;
  for (std::int32_t pid = 10; pid < 1010; ++pid) {
    tasks.push_back(holding(pid, 10, 10));
  }
  return snapshot_of(tasks);
}

// Each process costs a fixed time to read.
class SlowSource final : public test::ForwardingSource {
 public:
  using ForwardingSource::ForwardingSource;
  [[nodiscard]] Micros now_us() override { return now_; }
  [[nodiscard]] Expected<HeldFacts> read_held(std::int32_t pid,
                                              const HeldFacts& known) override {
    now_ += kEach;
    return ForwardingSource::read_held(pid, known);
  }
  static constexpr Micros kEach = 100;

 private:
  Micros now_ = 0;
};

TEST(BaselinesCost, AreTakenInStepsAndStayBelowTheirShare) {
  FakeSource fake(a_thousand());
  SlowSource source(fake.sources());
  Census census;
  Kib available = 900'000;
  // Memory moves all the time; a note costs 100 ms.
  constexpr Micros kSeconds = 3'000;
  for (Micros second = 1; second <= kSeconds; ++second) {
    available = available == 900'000 ? 800'000 : 900'000;
    const Micros before = source.now_us();
    do {
      const Micros step = source.now_us();
      static_cast<void>(
          census.look(source.sources(), at(second, available), kFar));
      // The first step knows nothing of the cost yet.
      EXPECT_LE(source.now_us() - step, 2 * kNoteStep);
    } while (census.busy());
    EXPECT_LE(source.now_us() - before, 100'000U);
  }
  const Micros spent = source.now_us();
  EXPECT_LE(spent, kSeconds * kSecond / 2'500 + 300'000);
  EXPECT_GE(spent, 500'000U);
}

TEST_F(CensusTest, ANoteThatTakesTooLongIsGivenUp) {
  FakeSource fake(a_thousand());
  SlowSource many(fake.sources());
  EXPECT_FALSE(census.look(many.sources(), at(1, 500'000), kFar));
  EXPECT_TRUE(census.busy());
  EXPECT_FALSE(census.look(many.sources(), at(30, 500'000), kFar));
  EXPECT_TRUE(census.busy());  // another has begun
  for (const MemoryNote& note : census.notes()) {
    EXPECT_EQ(note.time_us, 0U);
  }
}

// A process that the note under way has not reached yet, after its inode has
// changed: nothing is known of its swap.
TEST_F(CensusTest, SwapThatIsStillToBeReadIsNotBounded) {
  FakeSource fake(a_thousand());
  fake.task(10).swap_kib = 400;
  SlowSource many(fake.sources());
  const std::size_t slot = census.look_at_all(many.sources(), at(1, 500'000));
  EXPECT_FALSE(census.look(many.sources(), at(2, 500'000), kFar));
  fake.set_inode_offset(1000);
  EXPECT_FALSE(census.look(many.sources(), at(3'000, 100'000), kFar));
  ASSERT_TRUE(census.busy());
  Snapshot snapshot;
  ASSERT_TRUE(fake.scan(snapshot, 0));
  census.compare(snapshot, {.slot = slot}, 0);
  EXPECT_EQ(test::task_of(snapshot, 10).swap_most_kib, kUnknownKib);
  EXPECT_TRUE(test::task_of(snapshot, 10).then);
}

// A parent with 300,000 KiB and a worker that maps the same.
class UnsharedTest : public testing::Test {
 protected:
  static constexpr Kib kLoaded = 300'000;

  UnsharedTest() {
    Task worker = holding(11, 900'000, kLoaded);
    worker.ppid = 10;
    worker.flags = kPfForkNoExec;
    source.add(worker);
  }
  // A note after which the worker is found to have this much of its own.
  std::size_t note(Micros seconds, Kib unshared, Kib faulted,
                   Kib parent_faulted = 0) {
    source.set_unshared({.id = source.task(11).id,
                         .anonymous_kib = kLoaded,
                         .unshared_kib = unshared,
                         .faulted_kib = faulted,
                         .parent_faulted_kib = parent_faulted});
    const auto slot = census.look(source.sources(), at(seconds, 500'000), kFar);
    EXPECT_TRUE(slot);
    source.wait_for_answers();
    // The answer is taken with the next look.
    EXPECT_FALSE(census.look(source.sources(), at(seconds + 1, 500'000), kFar));
    return *slot;
  }
  Task worker_since(std::size_t slot) {
    Snapshot snapshot;
    EXPECT_TRUE(source.scan(snapshot, 0));
    census.compare(snapshot, {.slot = slot}, 0);
    return test::task_of(snapshot, 11);
  }

  FakeSource source{snapshot_of({holding(10, 900'000, kLoaded)})};
  Census census;
};

TEST_F(UnsharedTest, WhatAWorkerCopiesIsKept) {
  const std::size_t slot = note(1000, 10'000, 20'000);
  note(2000, 150'000, 200'000);
  const Task worker = worker_since(slot);
  EXPECT_EQ(worker.shared_most_kib, 150'000U);
  ASSERT_TRUE(worker.then);
  EXPECT_EQ(worker.copied_kib, 150'000U);
  // The first 10,000 may be older than the note.
  EXPECT_EQ(worker.then->private_kib, kLoaded + 10'000);
}

TEST_F(UnsharedTest, SoIsWhatItsParentCopies) {
  const std::size_t slot = note(1000, 0, 20'000, 700'000);
  note(2000, 120'000, 20'000, 900'000);
  EXPECT_EQ(worker_since(slot).copied_kib, 120'000U);
  note(3000, kLoaded, 20'000, 950'000);  // the rest, the parent has freed
  EXPECT_EQ(worker_since(slot).copied_kib, 170'000U);
}

TEST_F(UnsharedTest, WhatItIsLeftWithWhenOthersExitItDidNotTake) {
  const std::size_t slot = note(1000, 0, 20'000);
  note(2000, kLoaded, 23'000);  // its faults are only a few
  EXPECT_EQ(worker_since(slot).copied_kib, 3'000U);
  EXPECT_EQ(worker_since(slot).shared_most_kib, 0U);
}

TEST_F(UnsharedTest, AnotherProcessOfItsPidHasCopiedNothing) {
  const std::size_t slot = note(1000, 100'000, 200'000);
  EXPECT_EQ(worker_since(slot).copied_kib, 100'000U);
  source.task(11).id.start_time = 99;
  const Task other = worker_since(slot);
  EXPECT_EQ(other.copied_kib, 0U);
  EXPECT_EQ(other.shared_most_kib, kUnknownKib);
}

TEST_F(UnsharedTest, OneThatHasExecedOrHoldsLittleIsNotAsked) {
  source.task(11).flags = 0;
  const std::size_t slot = note(1000, 100'000, 200'000);
  EXPECT_EQ(worker_since(slot).shared_most_kib, kUnknownKib);
  Task small = holding(12, 900'000, 1'000);
  small.ppid = 10;
  small.flags = kPfForkNoExec;
  source.add(small);
  source.set_unshared({.id = source.task(12).id, .anonymous_kib = 1'000});
  note(2000, 0, 0);
  source.wait_for_answers();
  Snapshot snapshot;
  ASSERT_TRUE(source.scan(snapshot, 0));
  census.compare(snapshot, {.slot = slot}, 0);
  EXPECT_EQ(test::task_of(snapshot, 12).shared_most_kib, kUnknownKib);
}

TEST_F(CensusTest, AtTheStartOneIsTakenWhole) {
  const std::size_t slot = census.look_at_all(source.sources(), at(1, 500'000));
  EXPECT_FALSE(census.busy());
  EXPECT_EQ(then(10, slot)->private_kib, 1'000U);
}

TEST_F(CensusTest, SwapOfAProcessIsBoundedByWhatItHadAndAllHaveGot) {
  source.task(10).swap_kib = 400;
  PressureReading reading = at(1, 500'000);
  reading.swap_total_kib = 9'000;
  reading.swap_free_kib = 8'000;
  const std::size_t slot = census.look_at_all(source.sources(), reading);
  Snapshot snapshot;
  ASSERT_TRUE(source.scan(snapshot, 0));
  census.compare(snapshot, {.slot = slot}, 1'300);
  EXPECT_EQ(test::task_of(snapshot, 10).swap_most_kib, 700U);
  EXPECT_EQ(test::task_of(snapshot, 11).swap_most_kib, 300U);
}

TEST(NewPids, GoAroundAtTheGreatest) {
  const NewPids ahead{.after = 100, .last = 110};
  EXPECT_FALSE(ahead.contains(100));
  EXPECT_TRUE(ahead.contains(101));
  EXPECT_TRUE(ahead.contains(110));
  EXPECT_FALSE(ahead.contains(111));
  const NewPids around{.after = 32'000, .last = 310};
  EXPECT_TRUE(around.contains(32'001));
  EXPECT_TRUE(around.contains(310));
  EXPECT_FALSE(around.contains(311));
  EXPECT_FALSE((NewPids{.after = 5, .last = 5}.contains(5)));
}

TEST_F(CensusTest, NamesTheProcessesThatTookTheMost) {
  const auto slot = look(1, 500'000);
  ASSERT_TRUE(slot);
  source.task(10).rss_anon_kib += 3'000;
  source.task(11).rss_anon_kib += 7'000;
  source.add(holding(12, 10, 5'000));
  ASSERT_TRUE(look(1000, 400'000));
  const auto takers = census.takers(*slot, 2);
  ASSERT_EQ(takers.size(), 2U);
  EXPECT_EQ(takers[0].pid, 11);
  EXPECT_EQ(takers[0].took_kib, 7'000U);
  EXPECT_EQ(takers[1].pid, 12);
  EXPECT_EQ(takers[1].took_kib, 5'000U);
}

TEST_F(CensusTest, NewPidsAreNotKnownIfAllCanHaveBeenGivenOut) {
  EXPECT_FALSE(census.new_pids(source.sources(), kSecond));
  source.set_last_pid(11);
  static_cast<void>(look(1, 500'000));
  source.set_last_pid(20);
  const auto fresh = census.new_pids(source.sources(), 2 * kSecond);
  ASSERT_TRUE(fresh);
  EXPECT_FALSE(fresh->contains(11));
  EXPECT_TRUE(fresh->contains(20));
  EXPECT_FALSE(census.new_pids(source.sources(), 60 * kSecond));
}

// Near a trigger notes use more of the time.
TEST_F(CensusTest, IsTakenMoreOftenWhenATriggerIsNear) {
  FakeSource fake(a_thousand());
  SlowSource many(fake.sources());
  const auto notes_in_a_minute = [&](Micros to_fire) {
    Census own;
    own.look_at_all(many.sources(), at(1, 900'000));
    int notes = 0;
    for (Micros tenth = 20; tenth < 620; ++tenth) {
      PressureReading reading = at(0, 900'000 - tenth * 1000);
      reading.time_us = tenth * kSecond / 10;
      notes += own.look(many.sources(), reading, to_fire) ? 1 : 0;
    }
    return notes;
  };
  const int calm = notes_in_a_minute(kFar);
  EXPECT_LE(calm, 1);
  EXPECT_GE(notes_in_a_minute(1000), 8);   // of 100 ms each
  EXPECT_LE(notes_in_a_minute(1000), 14);  // 1/50 of 60 s
}

}  // namespace
}  // namespace badnessd
