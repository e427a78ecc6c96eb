// SPDX-License-Identifier: GPL-2.0-only
// Which rules processes match. Facts that must not be read while memory is
// short are read in calm times, and kept.
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

  // Takes the answers to the last questions. Asks for processes that are new or
  // were read 5 minutes ago (a command line or a cgroup can change), at most
  // 256 at a time. Does nothing if the policy needs nothing, or within 10
  // seconds of the last complete look.
  void look(const Sources& sources, const Policy& policy, Micros now_us);
  // Looks until all are known, or for about 5 seconds: a read can hang.
  void look_at_all(const Sources& sources, const Policy& policy);
  // The process whose read takes 10 seconds or more; 0: none.
  [[nodiscard]] std::int32_t hangs_at() const noexcept { return hangs_at_; }
  // Forgets everything, as after a change of the rules.
  void forget();

  // After a scan: sets oom_adj of every task to the greatest value that its
  // rules allow.
  void assume(const Policy& policy, Snapshot& snapshot) const noexcept;
  // After the expensive facts of a task are read: sets its final oom_adj.
  void settle(const Sources& sources, const Policy& policy, Snapshot& snapshot,
              std::uint32_t index) const;

  // The task's cgroup as read in calm times; empty if not known.
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

  // Takes the answers, if any. Returns false while answers are outstanding.
  [[nodiscard]] bool take_answers(const Sources& sources, const Policy& policy,
                                  Micros now_us);
  void ask(const Sources& sources, Micros now_us);
  void learn(const Policy& policy, const IdentityTexts& texts, Micros now_us);
  [[nodiscard]] const Entry* find(const Task& task) const noexcept;
  // The entry for `task`: its own, or its parent's if the task forked without
  // exec. Null: not known.
  [[nodiscard]] const Entry* known(const Snapshot& snapshot,
                                   const Task& task) const noexcept;
  void apply(const Policy& policy, Snapshot& snapshot, std::size_t index,
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
  bool more_ = true;  // the last look was incomplete
};

}  // namespace badnessd
