// SPDX-License-Identifier: GPL-2.0-only
// The census, the one table of all processes that lives between decisions: what
// each held when it was last read, notes of what it held up to 4 hours back,
// and what rules ask about it (identities.h). It is taken in calm times, and
// more often when a trigger comes near. A decision compares tasks with a note
// to find which task took the memory, and reads only those that can have taken
// it (suspects.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "badnessd/engine/blame.h"
#include "badnessd/engine/rules.h"
#include "badnessd/system/source.h"

namespace badnessd {

// The pids that the kernel gave out between two times. It gives them out in
// ascending order, and after the greatest begins again.
struct NewPids {
  std::int32_t after = 0;
  std::int32_t last = 0;

  [[nodiscard]] bool contains(std::int32_t pid) const noexcept {
    return last >= after ? pid > after && pid <= last
                         : pid > after || pid <= last;
  }
};

class Census {
 public:
  // Begins a note if one is due, or continues the current one: one step of
  // about kNoteStep (2 ms). A note is due after a change of 1/128 of the memory
  // (at most 128 MiB), or after 5 minutes. Notes use at most 1/4000 of the
  // time, and 1/50 if `to_fire_us`, the time until a trigger can fire, is less
  // than a few notes take: thousands of processes make them rarer. Returns the
  // slot of a complete note.
  std::optional<std::size_t> look(const Sources& sources,
                                  const PressureReading& reading,
                                  Micros to_fire_us);
  // Takes a whole note at once.
  std::size_t look_at_all(const Sources& sources,
                          const PressureReading& reading);
  // Learns what processes have copied, from the answers to the last question.
  void take_unshared(const Sources& sources);
  // A note is incomplete: look() wants to run again soon.
  [[nodiscard]] bool busy() const noexcept { return next_ != 0; }

  [[nodiscard]] const MemoryNotes& notes() const noexcept { return notes_; }
  // The time that the last complete note took.
  [[nodiscard]] Micros cost_us() const noexcept {
    return busy() ? last_cost_us_ : cost_us_;
  }

  // Sets `then` of all tasks from the note of `loss`, and the other facts that
  // come from notes. Does not allocate.
  void compare(Snapshot& snapshot, const Loss& loss,
               Kib swap_used_kib) const noexcept;

  // As Holding, in half the space; kNotThere: no process, or not readable.
  struct Column {
    std::uint32_t private_kib = kNotThere;
    std::uint32_t shmem_kib = 0;
  };
  static constexpr std::uint32_t kNotThere = ~std::uint32_t{0};
  // What must not be read while memory is short.
  struct Identity {
    std::uint64_t start_time = 0;
    std::array<char, 16> comm{};
    RuleBits calm = 0;                    // see calm_conditions()
    const std::string* cgroup = nullptr;  // null: could not be read
    Micros read_us = 0;                   // 0: not read yet
  };
  struct Entry {
    ListedProcess process;
    Identity identity{};
    TaskId id{};                           // the owner of the facts below
    HeldFacts facts;                       // as last read
    Unshared unshared{};                   // as last measured
    Kib copied_kib = 0;                    // see Task
    std::array<Column, kNotes> columns{};  // including copied_kib

    // Whether the note in `slot` has the process.
    [[nodiscard]] bool noted(std::size_t slot) const noexcept {
      return columns[slot].private_kib != kNotThere;
    }
    // The most that the process took since that note, if it holds `facts`.
    [[nodiscard]] Kib took_most_kib(const HeldFacts& held,
                                    std::size_t slot) const noexcept;
  };
  [[nodiscard]] std::span<const Entry> entries() const noexcept {
    return entries_;
  }
  [[nodiscard]] std::span<Entry> entries() noexcept { return entries_; }
  [[nodiscard]] const Entry* find(std::int32_t pid) const noexcept;
  [[nodiscard]] Entry* find(std::int32_t pid) noexcept;

  // Adds new processes to the entries and removes those that are gone. Does
  // nothing while a note is incomplete. False: they could not be listed.
  [[nodiscard]] bool list(const Sources& sources, Micros now_us);

  // The processes that had taken the most since the note in `slot` when they
  // were last read, at most `count`, the most first.
  struct Taker {
    std::int32_t pid = 0;
    Kib took_kib = 0;
  };
  [[nodiscard]] std::vector<Taker> takers(std::size_t slot,
                                          std::size_t count) const;

  // The slot of the last complete note.
  [[nodiscard]] std::size_t latest() const noexcept { return latest_; }
  // VmCounters::faulted_kib before the first process of that note was read;
  // none: not known, or no note is complete.
  [[nodiscard]] std::optional<Kib> faulted_kib() const noexcept {
    return faulted_kib_;
  }
  // The pids given out since the processes were listed; none: a pid can have
  // been given out twice.
  [[nodiscard]] std::optional<NewPids> new_pids(const Sources& sources,
                                                Micros now_us) const;

 private:
  [[nodiscard]] bool due(const PressureReading& reading, Micros to_fire_us);
  [[nodiscard]] bool begin(const Sources& sources,
                           const PressureReading& reading);
  // Brings the entries in line with listed_; its order is lost.
  void keep_listed(const std::optional<NewPids>& fresh);
  // Reads up to `count` processes; returns the slot if the note is complete.
  std::optional<std::size_t> step(const Sources& sources, std::size_t count);
  // Finds the large processes (16 MiB) that forked without exec, as of the
  // note.
  void find_forked();
  // Asks for their unshared memory: after each note, and four times a second
  // while memory moves.
  void ask_unshared(const Sources& sources, const PressureReading& reading);
  void learn_unshared(Entry& entry, const Unshared& unshared) noexcept;
  // Charges the cost of reads to the time that notes may use.
  void charge(Micros cost_us, std::size_t processes) noexcept;

  std::vector<Entry> entries_;  // by pid
  std::vector<ListedProcess> listed_;
  std::vector<UnsharedReader::Question> questions_;
  bool asked_ = false;
  Micros asked_us_ = 0;
  Kib asked_free_kib_ = 0;
  MemoryNotes notes_{};
  std::size_t latest_ = 0;  // the slot of the last complete note
  std::optional<Kib> faulted_kib_;
  Micros listed_us_ = 0;
  std::optional<std::int32_t> last_pid_;  // before they were listed
  std::int32_t pid_max_ = 0;
  MemoryNote pending_;  // the current note
  std::optional<Kib> pending_faulted_kib_;
  std::size_t slot_ = 0;  // the slot of the current note
  // The entries before this one are left to read: the newest process comes
  // first, as it is the one most likely to take memory now.
  std::size_t next_ = 0;
  std::size_t per_step_ = 32;
  Micros cost_us_ = 0;         // of the current note, else of the last one
  Micros last_cost_us_ = 0;    // of the note before the current one
  Micros credit_us_ = 0;       // the time that notes may use now
  Micros credited_us_ = 0;     // the time of the last credit
  Micros credit_rest_us_ = 0;  // of it, not yet 1 us of credit
};

}  // namespace badnessd
