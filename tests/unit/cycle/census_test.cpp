// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/census.h"

#include <array>
#include <cerrno>

#include <gtest/gtest.h>

#include "badnessd/cycle/refresh.h"
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

// The task after the table was brought up to date, compared with a note.
Task compared(FakeSource& source, Census& census, std::int32_t pid,
              std::size_t slot) {
  EXPECT_TRUE(census.list(source.sources(), source.now_us()));
  for (std::uint32_t i = 0; i < census.entries().size(); ++i) {
    EXPECT_TRUE(census.read_memory(source.sources(), i));
  }
  census.compare(Loss{.slot = slot}, {});
  return test::task_of(census.table(), pid);
}

class CensusTest : public testing::Test {
 protected:
  // The task, compared with the note in `slot`.
  Task at_note(std::int32_t pid, std::size_t slot) {
    return compared(source, census, pid, slot);
  }
  // What the process held at that note; none: it was not there.
  std::optional<Holding> then(std::int32_t pid, std::size_t slot) {
    return at_note(pid, slot).then;
  }
  std::optional<std::size_t> look(Micros seconds, Kib available) {
    return census.look(source.sources(), at(seconds, available), kFar);
  }

  FakeSource source{snapshot_of(
      {holding(10, 500, 1'000), holding(11, 900, 52), test::kernel_thread(2)})};
  Census census;
};

TEST_F(CensusTest, ANoteSaysWhatEachProcessHeld) {
  const auto slot = look(1, 500'000);
  ASSERT_TRUE(slot);
  source.task(10).rss_anon_kib = 7'000;
  source.add(holding(12, 10, 300));
  ASSERT_TRUE(then(10, *slot));
  EXPECT_EQ(then(10, *slot)->private_kib, 1'000U);
  EXPECT_EQ(then(11, *slot)->private_kib, 52U);
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

// Its exec hangs: only what stat does not say is read.
TEST_F(CensusTest, AProcessWithoutAStatKeepsWhatItSaid) {
  const auto slot = look(1, 500'000);
  ASSERT_TRUE(slot);
  const Task before = source.task(10);
  Task& now = source.task(10);
  now.id.start_time = TaskId::kUnknown;
  now.nice = before.nice + 1;
  now.cpu_jiffies = before.cpu_jiffies + 5;
  now.rss_anon_kib += 400;
  const auto index = census.find(10);
  ASSERT_TRUE(index);
  EXPECT_TRUE(census.read(source.sources(), *index));
  const Task& row = census.table().tasks[*index];
  EXPECT_EQ(row.id, before.id);
  EXPECT_EQ(row.nice, before.nice);
  EXPECT_EQ(row.cpu_jiffies, before.cpu_jiffies);
  EXPECT_EQ(row.rss_anon_kib, before.rss_anon_kib + 400);
  EXPECT_TRUE(census.entries()[*index].columns[*slot].holding());
}

TEST_F(CensusTest, ANewProcessWithoutAStatKeepsItsNotesWhenItHasOne) {
  const std::uint64_t start_time =
      std::exchange(source.task(10).id.start_time, TaskId::kUnknown);
  const auto slot = look(1, 500'000);
  ASSERT_TRUE(slot);
  const auto index = census.find(10);
  ASSERT_TRUE(index);
  EXPECT_EQ(census.table().tasks[*index].id.start_time, TaskId::kUnknown);
  EXPECT_EQ(age_s(census.table(), census.table().tasks[*index]), 0U);
  source.task(10).id.start_time = start_time;
  EXPECT_TRUE(census.read(source.sources(), *index));
  EXPECT_EQ(census.table().tasks[*index].id.start_time, start_time);
  EXPECT_TRUE(census.entries()[*index].columns[*slot].holding());
}

TEST_F(CensusTest, KernelThreadsAreReadOnce) {
  ASSERT_TRUE(look(1, 500'000));
  EXPECT_EQ(source.reads(), 3U);
  ASSERT_TRUE(look(1000, 500'000));
  EXPECT_EQ(source.reads(), 3U);
  EXPECT_EQ(source.notes(), 2U);
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
  [[nodiscard]] Expected<Task> read(std::int32_t pid, Gaps& gaps) override {
    now_ += kEach;
    return ForwardingSource::read(pid, gaps);
  }
  [[nodiscard]] Expected<bool> read_memory(Task& task, StatmFields& known,
                                           bool swapped) override {
    now_ += kEach;
    return ForwardingSource::read_memory(task, known, swapped);
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

// A note reads what statm does not show if pages can have gone to swap.
TEST_F(CensusTest, WhatWentToSwapWhileStatmStoodStillIsSeen) {
  const auto slot = look(1, 500'000);
  source.task(10).swap_kib = 750'000;
  source.swap_pages();
  ASSERT_TRUE(look(1000, 400'000));
  EXPECT_EQ(at_note(10, *slot).swap_kib, 750'000U);
  EXPECT_EQ(at_note(10, *slot).private_kib(), 751'000U);
}

// Amounts of any machine.
TEST(Column, HoldsTerabytesAndNeverAccusesAboveSixteen) {
  constexpr Kib kTib = Kib{1} << 30;
  const auto then = [](Kib kib) {
    return Census::Column({.private_kib = kib, .shmem_kib = 8}).holding();
  };
  ASSERT_TRUE(then(15 * kTib));
  EXPECT_EQ(then(15 * kTib)->private_kib, 15 * kTib);
  EXPECT_EQ(then(15 * kTib)->shmem_kib, 8U);
  EXPECT_GT(then(24 * kTib)->private_kib, 1000 * kTib);
  EXPECT_FALSE(Census::Column().holding());
}

// The newest of many processes is added without a loss of order, while a note
// is under way as well.
TEST_F(CensusTest, NewProcessesAreAddedInOrder) {
  FakeSource fake(a_thousand());
  SlowSource many(fake.sources());
  fake.set_last_pid(1009);
  EXPECT_FALSE(census.look(many.sources(), at(1, 500'000), kFar));
  ASSERT_TRUE(census.busy());
  fake.add(holding(1010, 10, 300));
  fake.set_last_pid(1010);
  const auto added = census.add_new(many.sources(), kSecond);
  ASSERT_TRUE(added);
  EXPECT_EQ(*added, 1U);
  ASSERT_TRUE(census.find(1010));
  EXPECT_EQ(*census.find(1010), 1000U);
  EXPECT_FALSE(census.entries()[1000].read);
  while (census.busy()) {
    static_cast<void>(census.look(many.sources(), at(1, 500'000), kFar));
  }
  EXPECT_EQ(census.notes()[census.latest()].time_us, kSecond);
}

TEST_F(CensusTest, APidBelowOthersIsAddedInItsPlace) {
  source.set_last_pid(4'194'300);
  static_cast<void>(look(1, 500'000));
  source.add(holding(7, 10, 300));
  source.replace(snapshot_of({holding(7, 10, 300), holding(10, 500, 1'000),
                              holding(11, 900, 52), test::kernel_thread(2)}));
  source.set_last_pid(7);  // they have gone round
  ASSERT_TRUE(census.add_new(source.sources(), 2 * kSecond));
  ASSERT_TRUE(census.find(7));
  EXPECT_EQ(*census.find(7), 1U);
  EXPECT_EQ(*census.find(11), 3U);
  EXPECT_EQ(census.entries()[3].process.pid, 11);
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
    return compared(source, census, 11, slot);
  }

  FakeSource source{snapshot_of({holding(10, 900'000, kLoaded)})};
  Census census;
};

TEST_F(UnsharedTest, WhatAWorkerCopiesIsKept) {
  const std::size_t slot = note(1000, 10'000, 20'000);
  note(2000, 150'000, 200'000);
  const Task worker = worker_since(slot);
  EXPECT_EQ(worker.shared_kib, 150'000U);
  ASSERT_TRUE(worker.then);
  EXPECT_EQ(worker.copied_kib, 150'000U);
  // The first 10,000 may be older than the note.
  EXPECT_EQ(worker.then->private_kib, kLoaded + 10'000);
}

// A decision takes them as well, and frees no memory.
TEST_F(UnsharedTest, TheAnswersStayInPlace) {
  note(1000, 10'000, 20'000);
  EXPECT_EQ(source.sources().unshared.answers().size(), 1U);
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
  EXPECT_EQ(worker_since(slot).shared_kib, 0U);
}

TEST_F(UnsharedTest, AnotherProcessOfItsPidHasCopiedNothing) {
  const std::size_t slot = note(1000, 100'000, 200'000);
  EXPECT_EQ(worker_since(slot).copied_kib, 100'000U);
  source.task(11).id.start_time = 99;
  const Task other = worker_since(slot);
  EXPECT_EQ(other.copied_kib, 0U);
  EXPECT_EQ(other.shared_kib, kUnknownKib);
}

TEST_F(UnsharedTest, OneThatHasExecedOrHoldsLittleIsNotAsked) {
  source.task(11).flags = 0;
  const std::size_t slot = note(1000, 100'000, 200'000);
  EXPECT_EQ(worker_since(slot).shared_kib, kUnknownKib);
  Task small = holding(12, 900'000, 1'000);
  small.ppid = 10;
  small.flags = kPfForkNoExec;
  source.add(small);
  source.set_unshared({.id = source.task(12).id, .anonymous_kib = 1'000});
  note(2000, 0, 0);
  source.wait_for_answers();
  EXPECT_EQ(compared(source, census, 12, slot).shared_kib, kUnknownKib);
}

TEST_F(CensusTest, AtTheStartOneIsTakenWhole) {
  const std::size_t slot = census.look_at_all(source.sources(), at(1, 500'000));
  EXPECT_FALSE(census.busy());
  EXPECT_EQ(then(10, slot)->private_kib, 1'000U);
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

// Reading processes fails with `code`.
class UnreadableSource final : public test::ForwardingSource {
 public:
  UnreadableSource(const Sources& sources, std::int32_t pid, int code)
      : ForwardingSource(sources), pid_(pid), code_(code) {}
  [[nodiscard]] Expected<Task> read(std::int32_t pid, Gaps& gaps) override {
    return pid == pid_ ? tl::unexpected(Error{code_, "read stat"})
                       : ForwardingSource::read(pid, gaps);
  }

 private:
  std::int32_t pid_;
  int code_;
};

TEST_F(CensusTest, WhatCannotBeReadIsCounted) {
  const auto gaps = [&](int code) {
    UnreadableSource some(source.sources(), 11, code);
    Census own;
    EXPECT_TRUE(Refresh::read_all(some.sources(), own, true, kSecond));
    EXPECT_FALSE(test::task_of(own.table(), 11).has_mm);
    EXPECT_TRUE(test::task_of(own.table(), 10).has_mm);
    const Gaps& found = own.table().gaps;
    return std::array{found.vanished, found.malformed, found.unreadable};
  };
  using Counts = std::array<std::uint32_t, 3>;
  EXPECT_EQ(gaps(ESRCH), (Counts{1, 0, 0}));
  EXPECT_EQ(gaps(ENOENT), (Counts{1, 0, 0}));
  EXPECT_EQ(gaps(EBADMSG), (Counts{0, 1, 0}));
  EXPECT_EQ(gaps(EACCES), (Counts{0, 0, 1}));
}

TEST_F(CensusTest, SaysWhetherInitIsVisible) {
  const auto visible = [&] {
    EXPECT_TRUE(Refresh::read_all(source.sources(), census, true, kSecond));
    return census.table().gaps.init_visible;
  };
  EXPECT_FALSE(visible());
  source.replace(snapshot_of({holding(1, 10, 10), holding(10, 500, 1'000)}));
  EXPECT_TRUE(visible());
}

TEST_F(CensusTest, ForgetsProcessesThatAreGone) {
  ASSERT_TRUE(Refresh::read_all(source.sources(), census, true, kSecond));
  ASSERT_TRUE(census.find(10));
  source.remove(10);
  ASSERT_TRUE(Refresh::read_all(source.sources(), census, true, 2 * kSecond));
  EXPECT_FALSE(census.find(10));
  ASSERT_TRUE(census.find(11));
  EXPECT_EQ(census.entries().size(), census.table().tasks.size());
  EXPECT_EQ(census.entries()[*census.find(11)].process.pid, 11);
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

// If a pid can have been given out twice, all processes are listed.
TEST_F(CensusTest, OnlyNewPidsAreListedWhereTheyAreKnown) {
  source.set_last_pid(11);
  static_cast<void>(look(1, 500'000));
  const std::uint32_t lists = source.lists();
  source.set_last_pid(20);
  EXPECT_TRUE(census.add_new(source.sources(), 2 * kSecond));
  EXPECT_EQ(source.lists(), lists);
  EXPECT_TRUE(census.add_new(source.sources(), 60 * kSecond));
  EXPECT_EQ(source.lists(), lists + 1);
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
