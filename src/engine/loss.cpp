// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/loss.h"

#include <algorithm>

namespace badnessd {
namespace {

constexpr Micros kHour = 3'600'000'000ULL;
constexpr Micros kJustStarted = 10 * kSecond;

Kib lost_since(const MemoryNote& note, const PressureReading& now) noexcept {
  return above(note.free_kib, now.free_kib());
}

bool usable(const MemoryNote& note, const PressureReading& now) noexcept {
  return note.time_us != 0 && note.time_us <= now.time_us;
}

// The time of the nearest note before or after `note`; the time of `note` if
// there is none.
Micros neighbour(const MemoryNotes& notes, const MemoryNote& note,
                 bool before) noexcept {
  Micros found = note.time_us;
  for (const MemoryNote& other : notes) {
    if (other.time_us == 0 || other.time_us == note.time_us ||
        (other.time_us < note.time_us) != before) {
      continue;
    }
    const bool nearer =
        found == note.time_us || (other.time_us > found) == before;
    found = nearer ? other.time_us : found;
  }
  return found;
}

// The newest note since which memory has lost at least `kib`.
std::optional<std::size_t> newest_note(const MemoryNotes& notes,
                                       const PressureReading& now,
                                       Kib kib) noexcept {
  std::optional<std::size_t> newest;
  for (std::size_t slot = 0; slot < notes.size(); ++slot) {
    const MemoryNote& note = notes[slot];
    if (usable(note, now) && lost_since(note, now) >= kib &&
        (!newest || note.time_us > notes[*newest].time_us)) {
      newest = slot;
    }
  }
  return newest;
}

}  // namespace

MemoryNote note_of(const PressureReading& reading) noexcept {
  return {.time_us = reading.time_us,
          .free_kib = reading.free_kib(),
          .swap_used_kib = reading.swap_used_kib(),
          .shmem_kib = reading.shmem_kib,
          .slab_kib = reading.slab_kib};
}

std::size_t slot_for_next(const MemoryNotes& notes, Micros now_us) noexcept {
  std::size_t best = 0;
  double best_value = 0;
  for (std::size_t slot = 0; slot < notes.size(); ++slot) {
    const MemoryNote& note = notes[slot];
    const Micros age = above(now_us, note.time_us);
    if (note.time_us == 0 || age > kNoteSpan) {
      return slot;
    }
    const Micros before = neighbour(notes, note, true);
    const Micros behind = neighbour(notes, note, false);
    if (before == note.time_us || behind == note.time_us) {
      continue;  // the oldest and the newest stay
    }
    const double value =
        static_cast<double>(age) / static_cast<double>(behind - before);
    if (value > best_value) {
      best_value = value;
      best = slot;
    }
  }
  return best;
}

std::optional<std::size_t> oldest_note_since(const MemoryNotes& notes,
                                             Micros time_us) noexcept {
  std::optional<std::size_t> oldest;
  for (std::size_t slot = 0; slot < notes.size(); ++slot) {
    if (notes[slot].time_us != 0 && notes[slot].time_us >= time_us &&
        (!oldest || notes[slot].time_us < notes[*oldest].time_us)) {
      oldest = slot;
    }
  }
  return oldest;
}

std::optional<Loss> find_loss(const MemoryNotes& notes,
                              const PressureReading& now,
                              Kib needed_kib) noexcept {
  Kib most = 0;
  Micros oldest_us = now.time_us;
  for (const MemoryNote& note : notes) {
    if (usable(note, now)) {
      most = std::max(most, lost_since(note, now));
      oldest_us = std::min(oldest_us, note.time_us);
    }
  }
  const Micros age = now.time_us - oldest_us;
  const bool ample =
      age < kJustStarted ? most >= needed_kib / 2 : most / 4 >= needed_kib;
  if (most == 0 || (!ample && age < kHour)) {
    return std::nullopt;
  }
  const Kib wanted = std::max({2 * needed_kib, now.mem_total_kib / 16,
                               std::min(most / 2, 10 * needed_kib)});
  const auto slot = newest_note(notes, now, std::min(most, wanted));
  if (!slot) {
    return std::nullopt;
  }
  const MemoryNote& note = notes[*slot];
  return Loss{.slot = *slot,
              .since_us = now.time_us - note.time_us,
              .lost_kib = lost_since(note, now),
              .needed_kib = std::min(needed_kib, most),
              .shmem_kib = above(now.shmem_kib, note.shmem_kib),
              .shmem_fell_kib = above(note.shmem_kib, now.shmem_kib),
              .slab_kib = above(now.slab_kib, note.slab_kib)};
}

}  // namespace badnessd
