// SPDX-License-Identifier: GPL-2.0-only
// Which rules processes meet. What must not be read while memory is short is
// read while it is not, and kept.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "badnessd/engine/policy.h"
#include "badnessd/system/source.h"

namespace badnessd {

class Identities {
 public:
  // Whether `policy` asks for anything that must be read in calm times.
  [[nodiscard]] static bool needed(const Policy& policy) noexcept;

  // Takes what was found out since the last time, and asks for processes that
  // are new, and again for those that were last looked at long ago: a command
  // line can be rewritten, a process can be moved. Does nothing if nothing is
  // needed, or soon after the last time. A few hundred at a time.
  void look(FactSource& source, const Policy& policy, Micros now_us);
  // Looks until all are known, or for a few seconds: one may hang.
  void look_at_all(FactSource& source, const Policy& policy);
  // The process that has kept the source for longer than it should; 0: none.
  [[nodiscard]] std::int32_t hangs_at() const noexcept { return hangs_at_; }
  // All that is known was made with other rules.
  void forget();

  // After a scan: sets oom_adj of every task to the most that its rules can
  // make of it.
  void assume(const Policy& policy, Snapshot& snapshot) const noexcept;
  // After the dear facts of a task were read: sets it for good.
  void settle(FactSource& source, const Policy& policy, Snapshot& snapshot,
              std::uint32_t index) const;

  // Its cgroup as it was in calm times; empty if not known.
  [[nodiscard]] std::string_view cgroup_of(const Snapshot& snapshot,
                                           const Task& task) const noexcept;

 private:
  struct Entry {
    ListedProcess process;
    std::uint64_t start_time = 0;
    std::array<char, 16> comm{};
    RuleBits calm = 0;
    const std::string* cgroup = nullptr;  // in cgroups_
    Micros read_us = 0;
  };

  // What was asked for has come, or nothing was.
  [[nodiscard]] bool take_answers(FactSource& source, const Policy& policy,
                                  Micros now_us);
  void ask(FactSource& source, Micros now_us);
  void learn(const Policy& policy, const IdentityTexts& texts, Micros now_us);
  [[nodiscard]] const Entry* find(const Task& task) const noexcept;
  // The entry that holds for `task`: its own, or as long as it has only forked
  // its parent's. Null: it is too new.
  [[nodiscard]] const Entry* known(const Snapshot& snapshot,
                                   const Task& task) const noexcept;
  void apply(const Policy& policy, const Snapshot& snapshot, Task& task,
             const Identity& identity, bool settled) const noexcept;

  std::vector<Entry> entries_;  // by pid
  std::vector<Entry> next_;
  std::vector<ListedProcess> listed_;
  std::vector<ListedProcess> wanted_;
  std::set<std::string, std::less<>> cgroups_;
  Micros looked_us_ = 0;
  bool asked_ = false;
  Micros asked_us_ = 0;
  std::int32_t hangs_at_ = 0;
  bool more_ = true;  // the last look did not get through
};

}  // namespace badnessd
