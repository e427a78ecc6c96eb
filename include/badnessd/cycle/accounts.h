// SPDX-License-Identifier: GPL-2.0-only
// The accounts: the table of cgroups, with what each is charged with and cannot
// give back, noted at the moments of the census. The kernel keeps the accounts;
// a decision compares them with a note. Version 2 of cgroups alone has them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "badnessd/engine/account.h"
#include "badnessd/engine/loss.h"
#include "badnessd/system/source.h"

namespace badnessd {

class Accounts {
 public:
  // Asks for the accounts of a note that begins; take() gets them. Cgroups that
  // are charged with less than 1/1024 of the memory, at least 1 MiB, are noted
  // as 0.
  void ask_note(const Sources& sources, std::size_t slot, Kib mem_total_kib);
  // Takes the accounts of the note if they are there.
  void take(const Sources& sources);

  // Waits at most this long for accounts, in a whole decision.
  static constexpr Micros kDeadline = 20'000;

  // The cgroups below `top` (empty: the root) that took the memory since the
  // note of `loss`: goes down to the child that took half of what its parent
  // took, as long as there is one. Ends with two to four children that took
  // about the same if these did together. Allocates nothing.
  [[nodiscard]] CgroupsTook find(const Sources& sources, const Loss& loss,
                                 std::string_view top);

  // The cgroups without children in the table that had taken the most since the
  // note in `slot` by the last note, at most `count`, the most first.
  [[nodiscard]] std::vector<CgroupTook> takers(std::size_t slot,
                                               std::size_t count) const;
  // Whether there is a note of the accounts.
  [[nodiscard]] bool known() const noexcept { return slots_ != 0; }
  // Whether the last accounts were incomplete, and so not noted: a limit of
  // AccountReader was reached.
  [[nodiscard]] bool cut() const noexcept { return cut_; }

 private:
  using Slots = std::uint16_t;
  static_assert(kNotes == 16);

  struct Row {
    CgroupAccount now;  // as of the last note
    Slots slots = 0;    // the notes that have it
    Slots leaf = 0;     // the notes that do not have its children
    std::array<Account, kNotes> notes{};
  };
  // A child on the way down.
  struct Child {
    const CgroupAccount* now = nullptr;
    Account then;
    Kib took_kib = 0;
  };
  struct Children {
    std::array<Child, CgroupsTook::kMost> most{};  // the most first
    std::size_t count = 0;
    std::size_t fair = 0;   // how many took half of the most, all of them
    Kib fair_kib = 0;       // together
    Kib sum_kib = 0;        // all of them
    std::uint32_t all = 0;  // cgroups, not only those that took something
  };

  [[nodiscard]] static Slots bit(std::size_t slot) noexcept {
    return static_cast<Slots>(1U << slot);
  }
  [[nodiscard]] Row* find_row(std::string_view path, std::uint64_t inode);
  void learn(std::vector<CgroupAccount> cgroups);
  // Asks for the children of `top`; null: not in time.
  [[nodiscard]] const AccountReader::Answer* ask(const Sources& sources,
                                                 std::string_view top,
                                                 Kib least_kib);
  [[nodiscard]] Children children_of(const Sources& sources,
                                     std::string_view top, Kib least_kib,
                                     std::size_t slot, bool& late);
  void offer(Children& children, const CgroupAccount& now, std::size_t slot);

  std::vector<Row> rows_;  // by path
  std::size_t sorted_ = 0;
  Slots slots_ = 0;  // the notes that have accounts
  std::size_t asked_slot_ = 0;
  bool asked_note_ = false;
  bool cut_ = false;
  Micros deadline_us_ = 0;
};

}  // namespace badnessd
