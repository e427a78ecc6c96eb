// SPDX-License-Identifier: GPL-2.0-only
// Notes of what every process held, up to 4 hours back, taken in calm times. A
// decision compares tasks with a note to find which task took the memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "badnessd/engine/blame.h"
#include "badnessd/system/source.h"

namespace badnessd {

class Baselines {
 public:
  // Begins a note if one is due, or continues the current one: one step of
  // about kNoteStep (2 ms). A note is due after a change of 1/128 of the memory
  // (at most 128 MiB), or after 5 minutes. Notes use at most 1/2500 of the
  // time: thousands of processes make them rarer. Returns the slot of a
  // complete note.
  std::optional<std::size_t> look(const Sources& sources,
                                  const PressureReading& reading);
  // Takes a whole note at once.
  std::size_t look_at_all(const Sources& sources,
                          const PressureReading& reading);
  // A note is incomplete: look() wants to run again soon.
  [[nodiscard]] bool busy() const noexcept { return next_ < entries_.size(); }

  [[nodiscard]] const MemoryNotes& notes() const noexcept { return notes_; }

  // Sets `then` of all tasks from the note of `loss`, and the other facts that
  // come from notes. Does not allocate.
  void compare(Snapshot& snapshot, const Loss& loss,
               Kib swap_used_kib) const noexcept;

 private:
  // As Holding, in half the space; kNotThere: no process, or not readable.
  struct Column {
    std::uint32_t private_kib = kNotThere;
    std::uint32_t shmem_kib = 0;
  };
  static constexpr std::uint32_t kNotThere = ~std::uint32_t{0};
  struct Entry {
    ListedProcess process;
    TaskId id{};                           // the owner of the facts below
    HeldFacts facts;                       // as last read
    Unshared unshared{};                   // as last measured
    Kib copied_kib = 0;                    // see Task
    std::array<Column, kNotes> columns{};  // including copied_kib
  };

  [[nodiscard]] bool due(const PressureReading& reading);
  [[nodiscard]] bool begin(const Sources& sources,
                           const PressureReading& reading);
  // Reads up to `count` processes; returns the slot if the note is complete.
  std::optional<std::size_t> step(const Sources& sources, std::size_t count);
  [[nodiscard]] Entry* find(std::int32_t pid) noexcept;
  // ask_unshared() asks for the unshared memory of large processes (16 MiB)
  // that forked without exec: smaps_rollup is expensive. take_unshared() takes
  // the answers to the last question.
  void ask_unshared(const Sources& sources);
  void take_unshared(const Sources& sources);
  void learn_unshared(Entry& entry, const Unshared& unshared) noexcept;
  // Charges the cost of reads to the time that notes may use.
  void charge(Micros cost_us, std::size_t processes) noexcept;

  std::vector<Entry> entries_;  // by pid
  std::vector<Entry> merged_;
  std::vector<ListedProcess> listed_;
  std::vector<UnsharedReader::Question> questions_;
  bool asked_ = false;
  MemoryNotes notes_{};
  std::size_t latest_ = 0;  // the slot of the last complete note
  MemoryNote pending_;      // the current note
  std::size_t slot_ = 0;    // the slot of the current note
  std::size_t next_ = 0;    // the next entry to read
  std::size_t per_step_ = 32;
  Micros cost_us_ = 0;      // of the current note, else of the last one
  Micros credit_us_ = 0;    // the time that notes may use now
  Micros credited_us_ = 0;  // the time of the last credit
};

}  // namespace badnessd
