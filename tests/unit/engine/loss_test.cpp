// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/loss.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "snapshots.h"

namespace badnessd {
namespace {

using test::kMib;

constexpr Kib kNeed = 25 * kMib;

// Notes of how much was free how long before `now`, in seconds and MiB.
struct Past {
  Micros seconds_ago;
  Kib free_mib;
};

class LossTest : public testing::Test {
 protected:
  static constexpr Micros kNow = 20'000 * kSecond;

  std::optional<Loss> find(const std::vector<Past>& past, Kib free_mib,
                           Kib total_mib = 512) {
    MemoryNotes notes{};
    std::size_t slot = 3;  // where the first stands does not matter
    for (const Past& it : past) {
      notes[slot] = {.time_us = kNow - it.seconds_ago * kSecond,
                     .free_kib = it.free_mib * kMib,
                     .shmem_kib = 10 * kMib,
                     .slab_kib = 5 * kMib};
      slot = (slot + 1) % kNotes;
    }
    PressureReading now;
    now.time_us = kNow;
    now.mem_total_kib = total_mib * kMib;
    now.mem_available_kib = free_mib * kMib;
    now.shmem_kib = 30 * kMib;
    now.slab_kib = 4 * kMib;
    return find_loss(notes, now, kNeed);
  }
};

TEST_F(LossTest, WithoutNotesNothingIsKnown) {
  EXPECT_FALSE(find({}, 40));
}

TEST_F(LossTest, IsSinceTheNewestNoteThatExplainsIt) {
  const auto loss = find({{600, 510}, {60, 505}, {10, 500}, {1, 150}}, 40);
  ASSERT_TRUE(loss);
  EXPECT_EQ(loss->since_us, 10 * kSecond);
  EXPECT_EQ(loss->lost_kib, 460 * kMib);
  EXPECT_EQ(loss->shmem_kib, 20 * kMib);
  EXPECT_EQ(loss->slab_kib, 0U);
}

// Services that took 500 MiB when they started are no part of a leak after
// that.
TEST_F(LossTest, ServicesThatStartedBeforeAreLeftOut) {
  const auto loss = find({{120, 900}, {30, 300}, {10, 300}, {5, 290}}, 40);
  ASSERT_TRUE(loss);
  EXPECT_EQ(loss->since_us, 5 * kSecond);
}

// A leak of two hours, and another process that took the last 60 MiB.
TEST_F(LossTest, ALeakOfHoursIsSeenBehindALastPush) {
  const auto loss =
      find({{7000, 800}, {3600, 480}, {1800, 290}, {60, 110}, {5, 100}}, 45);
  ASSERT_TRUE(loss);
  EXPECT_EQ(loss->since_us, 3600 * kSecond);
}

TEST_F(LossTest, AShortageThatIsOlderThanTheNotesIsNotKnown) {
  EXPECT_FALSE(find({{900, 110}, {60, 108}}, 45));
  // An hour of notes is enough.
  EXPECT_TRUE(find({{3600, 110}, {60, 108}}, 45));
}

// On a large host what is needed is little: what comes and goes in a second is
// more.
TEST_F(LossTest, IsAtLeastASixteenthOfTheMemory) {
  const std::vector<Past> past{{600, 5000}, {60, 1065}, {10, 800}, {1, 150}};
  EXPECT_EQ(find(past, 40, 4'096)->since_us, 10 * kSecond);
  EXPECT_EQ(find(past, 40, 16'384)->since_us, 60 * kSecond);
  // Or the most that was lost.
  EXPECT_EQ(find({{10, 800}, {1, 150}}, 40, 16'384)->since_us, 10 * kSecond);
}

TEST_F(LossTest, ShmemThatFellIsToldApartFromGrowth) {
  const auto loss = find({{10, 500}}, 40);
  ASSERT_TRUE(loss);
  EXPECT_EQ(loss->shmem_kib, 20 * kMib);
  EXPECT_EQ(loss->shmem_fell_kib, 0U);
  MemoryNotes notes{};
  notes[0] = {.time_us = kSecond, .free_kib = 900 * kMib, .shmem_kib = 9};
  PressureReading now;
  now.time_us = 5 * kSecond;
  now.shmem_kib = 2;
  EXPECT_EQ(find_loss(notes, now, kNeed)->shmem_fell_kib, 7U);
  EXPECT_EQ(find_loss(notes, now, kNeed)->shmem_kib, 0U);
}

// Just after the start: a little shows already what takes memory now.
TEST_F(LossTest, OfYoungNotesHalfOfTheNeedIsEnough) {
  const auto loss = find({{9, 60}, {1, 50}}, 45);
  ASSERT_TRUE(loss);
  EXPECT_EQ(loss->lost_kib, 15 * kMib);
  EXPECT_EQ(loss->needed_kib, 15 * kMib);
  EXPECT_FALSE(find({{9, 57}, {1, 50}}, 45));
  EXPECT_FALSE(find({{10, 60}, {1, 50}}, 45));
  EXPECT_EQ(find({{9, 500}}, 45)->needed_kib, kNeed);
}

TEST_F(LossTest, MemoryThatHasLostNothingHasNone) {
  EXPECT_FALSE(find({{7000, 40}, {60, 39}}, 45));
}

TEST_F(LossTest, NotesOfALaterTimeDoNotCount) {
  MemoryNotes notes{};
  notes[0] = {.time_us = 9 * kSecond, .free_kib = 900 * kMib};
  PressureReading now;
  now.time_us = 5 * kSecond;
  EXPECT_FALSE(find_loss(notes, now, kNeed));
}

TEST(Slots, UnusedAndOldNotesGoFirst) {
  MemoryNotes notes{};
  EXPECT_EQ(slot_for_next(notes, kSecond), 0U);
  for (std::size_t i = 0; i < kNotes; ++i) {
    notes[i].time_us = kNoteSpan + i * kSecond;
  }
  notes[7].time_us = kSecond;
  EXPECT_EQ(slot_for_next(notes, kNoteSpan + 100 * kSecond), 7U);
}

// A note each two seconds for three hours leaves some of every age.
TEST(Slots, NotesBecomeSparserWithTheirAge) {
  MemoryNotes notes{};
  Micros now = kSecond;
  for (; now < 10'800 * kSecond; now += 2 * kSecond) {
    notes[slot_for_next(notes, now)] = {.time_us = now, .free_kib = 1};
  }
  std::vector<Micros> ages;
  for (const MemoryNote& note : notes) {
    ages.push_back((now - note.time_us) / kSecond);
  }
  std::sort(ages.begin(), ages.end());
  EXPECT_LE(ages[0], 2U);
  EXPECT_LE(ages[2], 10U);
  EXPECT_GE(ages.back(), 5'000U);
  for (std::size_t i = 3; i + 1 < ages.size(); ++i) {
    EXPECT_LE(ages[i + 1], ages[i] * 4) << "after " << ages[i] << " s";
  }
}

TEST(OldestNoteSince, IsNotOlder) {
  MemoryNotes notes{};
  EXPECT_FALSE(oldest_note_since(notes, 1));
  notes[3].time_us = 10;
  notes[5].time_us = 20;
  EXPECT_EQ(oldest_note_since(notes, 1), 3U);
  EXPECT_EQ(oldest_note_since(notes, 10), 3U);
  EXPECT_EQ(oldest_note_since(notes, 11), 5U);
  EXPECT_FALSE(oldest_note_since(notes, 21));
}

}  // namespace
}  // namespace badnessd
