// SPDX-License-Identifier: GPL-2.0-only
// Notes of what every process held at a few moments back to some hours ago,
// taken while there is time: what a decision measures by who took the memory.
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
  // Begins a note if one is due, or goes on with the one that is under way: one
  // step of about kNoteStep of the source's time. A note is due once memory has
  // moved by 1/128, and every five minutes; but all notes together take no more
  // than 1/2500 of the time, so that with thousands of processes they become
  // rarer. The slot of a note that has become complete.
  std::optional<std::size_t> look(FactSource& source,
                                  const PressureReading& reading);
  // Takes a whole note at once.
  std::size_t look_at_all(FactSource& source, const PressureReading& reading);
  // A note is under way: the next step is wanted soon.
  [[nodiscard]] bool busy() const noexcept { return next_ < entries_.size(); }

  [[nodiscard]] const MemoryNotes& notes() const noexcept { return notes_; }

  // Sets what the notes say of all tasks: `then` by the note since which `loss`
  // is, and the rest. Does not allocate.
  void compare(Snapshot& snapshot, const Loss& loss,
               Kib swap_used_kib) const noexcept;

 private:
  // As Holding, in half the room; kNotThere: no process, or none that could be
  // read.
  struct Column {
    std::uint32_t private_kib = kNotThere;
    std::uint32_t shmem_kib = 0;
  };
  static constexpr std::uint32_t kNotThere = ~std::uint32_t{0};
  struct Entry {
    ListedProcess process;
    TaskId id{};                           // whose all the rest is
    HeldFacts facts;                       // as last read
    Unshared unshared{};                   // as last measured
    Kib copied_kib = 0;                    // see Task
    std::array<Column, kNotes> columns{};  // including copied_kib
  };

  [[nodiscard]] bool due(const PressureReading& reading);
  [[nodiscard]] bool begin(FactSource& source, const PressureReading& reading);
  // Reads up to `count` processes; the slot if those were the last.
  std::optional<std::size_t> step(FactSource& source, std::size_t count);
  [[nodiscard]] Entry* find(std::int32_t pid) noexcept;
  // Asks how much is unshared of those that have only forked, and of which
  // smaps_rollup is worth its price; and takes the answers to the last
  // question.
  void ask_unshared(FactSource& source);
  void take_unshared(FactSource& source);
  void learn_unshared(Entry& entry, const Unshared& unshared) noexcept;
  // All that is read is charged to the share of the time that notes may take.
  void charge(Micros cost_us, std::size_t processes) noexcept;

  std::vector<Entry> entries_;  // by pid
  std::vector<Entry> merged_;
  std::vector<ListedProcess> listed_;
  std::vector<UnsharedReader::Question> questions_;
  bool asked_ = false;
  MemoryNotes notes_{};
  std::size_t latest_ = 0;  // the slot of the last complete note
  MemoryNote pending_;      // the one under way
  std::size_t slot_ = 0;    // where it goes
  std::size_t next_ = 0;    // the entry that it reads next
  std::size_t per_step_ = 32;
  Micros cost_us_ = 0;      // of the note under way, then of the last one
  Micros credit_us_ = 0;    // that notes may take
  Micros credited_us_ = 0;  // until when that is reckoned
};

}  // namespace badnessd
