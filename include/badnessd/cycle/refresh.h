// SPDX-License-Identifier: GPL-2.0-only
// Brings the rows of the census up to date for a decision: all of them, or only
// those that can have taken the memory, so that a decision takes as long with
// 10,000 processes as with 50. What is decided from them is the same.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "badnessd/cycle/census.h"

namespace badnessd {

class Refresh {
 public:
  // Room for `tasks` processes.
  void reserve(std::size_t tasks);

  // Reads the newcomers and the newest processes, then the others by what they
  // had taken when they were last read, and by their size, until no process
  // that is not read can have taken a quarter of the most that one took: a
  // process took no more than that and all faults since the last note that no
  // read process accounts for. Reads whole those that can have taken a quarter,
  // their parents and children, and looks whether the processes that hold
  // `needed_kib` are exiting. False: the census cannot tell, so read_all() has
  // to be called.
  [[nodiscard]] bool read_suspects(const Sources& sources, Census& census,
                                   const Loss& loss, Kib needed_kib,
                                   Micros now_us);

  // Reads these processes too, after read_suspects() could not tell: those of
  // the cgroups that took the memory.
  [[nodiscard]] bool read_members(const Sources& sources, Census& census,
                                  std::span<const std::int32_t> pids,
                                  Kib needed_kib);

  // Lists all processes, reads the memory of all and whatever has changed.
  // `whole`: all facts of all.
  [[nodiscard]] static Expected<void> read_all(const Sources& sources,
                                               Census& census, bool whole,
                                               Micros now_us);

  // How many processes the last read_suspects() or read_members() left out.
  [[nodiscard]] std::uint32_t unread() const noexcept { return unread_; }

 private:
  // The most first; of about the same amounts, the largest process first.
  struct Ranked {
    static constexpr Kib kAboutTheSame = 4096;
    Kib took_kib = 0;  // a multiple of that, rounded up
    Kib held_kib = 0;
    std::uint32_t index = 0;

    [[nodiscard]] bool operator<(const Ranked& other) const noexcept {
      return took_kib != other.took_kib ? took_kib < other.took_kib
                                        : held_kib < other.held_kib;
    }
  };

  void begin(const Census& census, const Loss& loss);
  void read_newest(const Sources& sources, Census& census);
  void rank(const Census& census);
  [[nodiscard]] bool read_ranked(const Sources& sources, Census& census);
  void read_one(const Sources& sources, Census& census, std::uint32_t index);
  [[nodiscard]] bool suspected(Kib took_kib) const noexcept;
  [[nodiscard]] bool complete(const Sources& sources, Census& census,
                              Kib needed_kib);
  void read_whole(const Sources& sources, Census& census, std::uint32_t index);

  std::vector<Ranked> ranked_;       // a heap: rows that are not in read_
  std::vector<std::uint32_t> read_;  // rows
  std::vector<bool> was_read_;       // of each row: it is in read_
  Loss loss_;
  Kib unexplained_kib_ = 0;  // faults that no row in read_ accounts for
  Kib explained_kib_ = 0;    // what the rows in read_ took
  Kib most_kib_ = 0;         // that one process took, for certain
  std::uint32_t unread_ = 0;
};

}  // namespace badnessd
