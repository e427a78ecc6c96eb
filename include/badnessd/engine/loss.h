// SPDX-License-Identifier: GPL-2.0-only
// What memory has lost. A note records how much was free, and what each process
// and cgroup held then. Each took what it holds beyond the note.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

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

// The notes are stored in no order.
inline constexpr std::size_t kNotes = 16;
using MemoryNotes = std::array<MemoryNote, kNotes>;

// A step of a note takes about 2 ms, so that the main loop does not stall.
inline constexpr Micros kNoteStep = 2'000;

// The slot for the next note: an unused slot, else that of a note older than
// kNoteSpan, else that of the note with the greatest ratio of its age to the
// distance between its neighbours. The oldest and the newest note stay. So
// notes are seconds apart at first and hours apart in the end.
inline constexpr Micros kNoteSpan = 4ULL * 3600 * kSecond;
[[nodiscard]] std::size_t slot_for_next(const MemoryNotes& notes,
                                        Micros now_us) noexcept;

// The slot of the oldest note that is not older than `time_us`.
[[nodiscard]] std::optional<std::size_t> oldest_note_since(
    const MemoryNotes& notes, Micros time_us) noexcept;

// What memory has lost since a baseline.
struct Loss {
  std::size_t slot = 0;    // the baseline's note
  Micros since_us = 0;     // the age of the note
  Kib lost_kib = 0;        // available memory and free swap
  Kib needed_kib = 0;      // by which it was found
  Kib shmem_kib = 0;       // the growth of tmpfs and shared memory
  Kib shmem_fell_kib = 0;  // what these have given back
  Kib slab_kib = 0;        // the growth of unreclaimable kernel memory
};

// Chooses the baseline: the newest note since which memory has lost at least
//   min(most, max(2 * needed_kib, total / 16, min(most / 2, 10 * needed_kib))),
// where `most` is the greatest loss since any note. So a leak of seconds is not
// mixed with what services took at their start, and a leak of hours is not
// hidden by the last few MiB of another process. Returns none if memory has
// lost nothing, or less than 4 * needed_kib while all notes are younger than an
// hour: the shortage is then older than the notes. If all are younger than
// 10 s, half of needed_kib is enough: it shows what takes memory now.
[[nodiscard]] std::optional<Loss> find_loss(const MemoryNotes& notes,
                                            const PressureReading& now,
                                            Kib needed_kib) noexcept;

}  // namespace badnessd
