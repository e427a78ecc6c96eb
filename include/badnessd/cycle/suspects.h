// SPDX-License-Identifier: GPL-2.0-only
// A decision from the census: which processes can have taken a fair part of the
// lost memory. Only these are read, so that a decision takes as long with
// 10,000 processes as with 50.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "badnessd/cycle/census.h"
#include "badnessd/cycle/lazy_selection.h"

namespace badnessd {

class Suspects {
 public:
  // Room for `tasks` processes.
  void reserve(std::size_t tasks);

  // As scan(), but reads only
  //   the processes that can have taken at least a quarter of the most that one
  //   process took, with their parents and descendants,
  //   and the processes that hold `needed_kib`.
  // A process cannot have taken more than what it took when the census read it,
  // and all faults since then, except those that gave memory to others. The
  // snapshot says what it leaves out. Returns false if the census cannot tell:
  // all processes have to be read. `faulted_kib`: VmCounters, now.
  [[nodiscard]] bool scan(const Inquiry& inquiry, Kib needed_kib,
                          Kib faulted_kib, Micros now_us);

 private:
  struct Suspect {
    std::int32_t pid = 0;
    std::int32_t ppid = 0;
    Kib took_most_kib = 0;
    Kib holds_most_kib = 0;
    Kib gain_kib = 0;      // since the census read it
    bool exiting = false;  // when it was read first
    StatmFields statm{};
  };
  // The most first; of about the same amounts, the newest process first: it is
  // more likely to have taken something since then.
  struct Ranked {
    static constexpr Kib kAboutTheSame = 4096;
    Kib took_most_kib = 0;  // a multiple of that, rounded up
    std::uint64_t start_time = 0;
    std::int32_t pid = 0;

    [[nodiscard]] bool operator<(const Ranked& other) const noexcept {
      return took_most_kib != other.took_most_kib
                 ? took_most_kib < other.took_most_kib
                 : start_time < other.start_time;
    }
  };

  // Lists the processes that are newer than the census.
  [[nodiscard]] bool list_newcomers(const Inquiry& inquiry, Micros now_us);
  // Ranks all others by what they can have taken; those that the census has not
  // read yet count as newcomers.
  void rank(const Inquiry& inquiry);
  [[nodiscard]] bool read_newcomers(const Inquiry& inquiry);
  // Reads again those that may have taken enough.
  [[nodiscard]] bool read_ranked(const Inquiry& inquiry);
  void read(const Inquiry& inquiry, std::int32_t pid);
  // Lists the suspects with their parents and descendants, and the processes
  // that can hold `needed_kib`: their exit would be waited for.
  void collect(const Inquiry& inquiry, Kib needed_kib);
  // Whether the snapshot has all that the amounts of the suspects depend on.
  [[nodiscard]] bool complete(const Snapshot& snapshot) const;
  void sum_up_unread(const Inquiry& inquiry) const;
  void bound_the_others(Snapshot& snapshot) const;
  [[nodiscard]] bool suspected(Kib took_most_kib) const noexcept;

  std::vector<ListedProcess> newcomers_;
  std::vector<Ranked> ranked_;  // a heap: processes that are not in read_
  std::vector<Suspect> read_;
  std::vector<std::int32_t> family_;  // the suspects and their descendants
  std::vector<std::int32_t> pids_;    // all to scan
  Kib open_kib_ = 0;      // faults that no process in read_ accounts for
  Kib meantime_kib_ = 0;  // faults since the first of read_ was read
  Kib most_kib_ = 0;      // that one process took, for certain
};

}  // namespace badnessd
