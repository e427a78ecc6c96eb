// SPDX-License-Identifier: GPL-2.0-only
// Who took the memory. Notes of calm times say what each process held when
// there was more of it; what a process holds now beyond that, it took.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "badnessd/engine/badness.h"
#include "badnessd/engine/trigger.h"

namespace badnessd {

// The memory of the system, or of a cgroup, at the time of a note.
struct MemoryNote {
  Micros time_us = 0;     // 0: no note
  Kib free_kib = 0;       // available memory and free swap
  Kib swap_used_kib = 0;  // of the system
  Kib shmem_kib = 0;      // of the system: tmpfs and shared memory
  Kib slab_kib = 0;       // of the system: kernel memory that cannot be freed
};
[[nodiscard]] MemoryNote note_of(const PressureReading& reading) noexcept;

// The notes that are kept, in no order.
inline constexpr std::size_t kNotes = 16;
using MemoryNotes = std::array<MemoryNote, kNotes>;

// A note is read in steps that take about this long: the loop must not wait.
inline constexpr Micros kNoteStep = 2'000;

// Where the next note goes: an unused slot, that of a note older than
// kNoteSpan, or that of the note whose neighbours are closest together for its
// age, but for the oldest and the newest. So the notes lie seconds apart at
// first and hours apart in the end.
inline constexpr Micros kNoteSpan = 4 * 3'600'000'000ULL;
[[nodiscard]] std::size_t slot_for_next(const MemoryNotes& notes,
                                        Micros now_us) noexcept;

// What memory has lost since a baseline.
struct Loss {
  std::size_t slot = 0;  // of the baseline's note
  Micros since_us = 0;   // how long ago that was
  Kib lost_kib = 0;      // available memory and free swap
  Kib needed_kib = 0;    // by which it was found
  Kib shmem_kib = 0;     // that tmpfs and shared memory have grown by
  Kib slab_kib = 0;      // that unreclaimable kernel memory has grown by
};

// Chooses the baseline: the newest note since which memory has lost half of
// the most that it has lost since any, or ten times `needed_kib` if that is
// less, and at least twice `needed_kib` if it has lost that much at all. So a
// leak of seconds is not mixed with what services took when they started, and a
// leak of hours is seen behind the last few MiB of another process. None if
// memory has lost nothing, or less than four times `needed_kib` while the notes
// reach back less than an hour: then the shortage is older than the notes, and
// they do not say whose it is.
[[nodiscard]] std::optional<Loss> find_loss(const MemoryNotes& notes,
                                            const PressureReading& now,
                                            Kib needed_kib) noexcept;

// By what the guard judges who carries a fair part of the blame.
enum class Blame : std::uint8_t {
  kNone,  // the guard is off
  kTook,  // what a process took since the baseline
  kHeld   // the score of what it holds, as no process took enough
};

// Children of one process, with one name, that took the memory together
// although none of them took as much as is needed: the workers of a server
// under load.
struct Pool {
  TaskId parent;
  std::array<char, 64> comm{};  // of the child that took the most
  std::uint32_t members = 0;    // children of that name that took anything
  Kib took_kib = 0;
  Kib most_kib = 0;  // that one member took
};

// 2.6.32's score with the memory that the death of `task` gives back as its
// base, reclaim_most_kib, and without its children.
[[nodiscard]] Points held_points(const Snapshot& snapshot, const Task& task,
                                 const ScoreRules& rules) noexcept;

}  // namespace badnessd
