// SPDX-License-Identifier: GPL-2.0-only
// The census: the one table of all processes. It lives as long as the daemon. A
// row has all facts of its process as last read, and beside them notes of what
// it held up to 4 hours back, and what rules ask about it (identities.h).
// Notes are taken in calm times, and more often when a trigger comes near. A
// decision brings rows up to date (refresh.h) and compares them with a note.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "badnessd/engine/loss.h"
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

  // As Holding, in units of 4 KiB, as large as any page: 16 TiB at most. A
  // process that held more then is never found to have taken anything.
  class Column {
   public:
    Column() = default;
    explicit Column(const Holding& holding) noexcept;
    [[nodiscard]] std::optional<Holding> holding() const noexcept;
    void add_private(Kib kib) noexcept;

   private:
    static constexpr std::uint32_t kNotThere = ~std::uint32_t{0};
    static constexpr Kib kUnit = 4;
    [[nodiscard]] static std::uint32_t narrowed(Kib kib) noexcept;
    [[nodiscard]] static Kib widened(std::uint32_t units) noexcept;

    std::uint32_t private_ = kNotThere;
    std::uint32_t shmem_ = 0;
  };
  // What must not be read while memory is short.
  struct Identity {
    std::uint64_t start_time = 0;
    std::array<char, 16> comm{};
    CalmBits calm{};
    const std::string* cgroup = nullptr;  // null: not known
    const std::string* exe = nullptr;     // null: not known, or unreadable
    // When each part was asked for last; 0: the process is new.
    std::array<Micros, kIdentityParts> read_us{};
  };
  // What the census keeps of the process in the same place of table().tasks.
  struct Entry {
    ListedProcess process;
    bool read = false;        // the row has facts
    std::uint32_t whole = 0;  // the decision in which all of them were read
    StatmFields statm{};      // of the last read
    std::uint64_t swapped_pages = 0;  // VmCounters then
    Identity identity{};
    Unshared unshared{};                   // as last measured
    std::array<Column, kNotes> columns{};  // including copied_kib
  };

  // All processes as last read. A process that could not be read has no mm.
  [[nodiscard]] Snapshot& table() noexcept { return table_; }
  [[nodiscard]] const Snapshot& table() const noexcept { return table_; }
  [[nodiscard]] std::span<const Entry> entries() const noexcept {
    return entries_;
  }
  [[nodiscard]] std::span<Entry> entries() noexcept { return entries_; }
  // Drops a note that is incomplete.
  void abandon_note() noexcept { next_ = 0; }
  // The place of the process; none: it is not in the table.
  [[nodiscard]] std::optional<std::uint32_t> find(
      std::int32_t pid) const noexcept;

  // Adds new processes to the table, not read yet, and removes those that are
  // gone. Does nothing while a note is incomplete. False: they could not be
  // listed.
  [[nodiscard]] bool list(const Sources& sources, Micros now_us);
  // Adds the processes that are newer than the last list; leaves those that are
  // gone. The caller reads them and then links the children again. Returns how
  // many were added; none: they could not be listed.
  [[nodiscard]] std::optional<std::size_t> add_new(const Sources& sources,
                                                   Micros now_us);
  // Makes read() faster for rows that the caller reads next: of those from
  // `first` to before `last`, kAhead at most, for the ones that were never
  // read, or if `whole` for all.
  void read_ahead(const Sources& sources, std::size_t first, std::size_t last,
                  bool whole);
  // Reads all facts of a row, or only its memory; for the first time, all.
  // False: the process is gone, and has no mm in the table any more.
  bool read(const Sources& sources, std::uint32_t index);
  bool read_memory(const Sources& sources, std::uint32_t index);
  // Begins a decision: rows that were read before it are not read `whole`.
  // `counters` are of now.
  void begin_reading(const Sources& sources, const VmCounters& counters);
  [[nodiscard]] bool whole(std::uint32_t index) const noexcept {
    return entries_[index].whole == reading_;
  }

  // Sets `then` of all tasks from the note of `loss`, and the other facts that
  // come from notes; none: tasks are not compared. Does not allocate.
  void compare(const std::optional<Loss>& loss,
               const PressureReading& system) noexcept;
  // What the process holds beyond a note, as last read; its shared memory may
  // be that of others.
  [[nodiscard]] Kib grown_kib(std::uint32_t index,
                              std::size_t slot) const noexcept;

  // The processes that had taken the most since the note in `slot` when they
  // were last read, at most `count`, the most first.
  struct Taker {
    std::int32_t pid = 0;
    Kib took_kib = 0;
  };
  [[nodiscard]] std::vector<Taker> takers(std::size_t slot,
                                          std::size_t count) const;

  // The slot of the current note, else of the last one.
  [[nodiscard]] std::size_t slot() const noexcept { return slot_; }
  // The slot of the last complete note.
  [[nodiscard]] std::size_t latest() const noexcept { return latest_; }
  // VmCounters::faulted_kib before the first process of that note was read;
  // none: not known, or no note is complete.
  [[nodiscard]] std::optional<Kib> faulted_kib() const noexcept {
    return faulted_kib_;
  }
  // The counters as read for the decision.
  [[nodiscard]] const VmCounters& counters() const noexcept {
    return counters_;
  }

  // Room for an eighth more processes than there are, and for 1024 at least,
  // unless there is room for a sixteenth more. Returns for how many.
  std::size_t make_room();

 private:
  [[nodiscard]] std::optional<NewPids> new_pids(const Sources& sources,
                                                Micros now_us) const;
  [[nodiscard]] bool due(const PressureReading& reading, Micros to_fire_us);
  [[nodiscard]] bool begin(const Sources& sources,
                           const PressureReading& reading);
  // Brings the rows in line with listed_, which then has the unknown ones.
  void keep_listed(const std::optional<NewPids>& fresh);
  // Adds rows for `processes`, which are sorted and not in the table.
  void insert(std::span<const ListedProcess> processes);
  // Reads up to `count` processes; returns the slot if the note is complete.
  std::optional<std::size_t> step(const Sources& sources, std::size_t count);
  void gone(std::uint32_t index) noexcept;
  // Finds the large processes (16 MiB) that forked without exec, as of the
  // note.
  void find_forked();
  // Asks for their unshared memory: after each note, and four times a second
  // while memory moves.
  void ask_unshared(const Sources& sources, const PressureReading& reading);
  void learn_unshared(std::uint32_t index, const Unshared& unshared) noexcept;
  // Charges the cost of reads to the time that notes may use.
  void charge(Micros cost_us, std::size_t processes) noexcept;

  Snapshot table_;
  std::vector<Entry> entries_;  // of table_.tasks
  std::vector<ListedProcess> listed_;
  std::vector<UnsharedReader::Question> questions_;
  bool asked_ = false;
  Micros asked_us_ = 0;
  Micros asked_cost_us_ = 0;  // of the last answers
  Kib asked_free_kib_ = 0;
  MemoryNotes notes_{};
  std::size_t latest_ = 0;  // the slot of the last complete note
  std::optional<Kib> faulted_kib_;
  VmCounters counters_;
  std::uint32_t reading_ = 1;
  Micros listed_us_ = 0;
  std::optional<std::int32_t> last_pid_;  // before they were listed
  std::int32_t pid_max_ = 0;
  MemoryNote pending_;  // the current note
  std::optional<Kib> pending_faulted_kib_;
  std::size_t slot_ = 0;  // the slot of the current note
  // The rows before this one are left to read: the newest process comes first,
  // as it is the one most likely to take memory now.
  std::size_t next_ = 0;
  std::size_t per_step_ = 32;
  Micros cost_us_ = 0;         // of the current note, else of the last one
  Micros last_cost_us_ = 0;    // of the note before the current one
  Micros credit_us_ = 0;       // the time that notes may use now
  Micros credited_us_ = 0;     // the time of the last credit
  Micros credit_rest_us_ = 0;  // of it, not yet 1 us of credit
};

}  // namespace badnessd
