// SPDX-License-Identifier: GPL-2.0-only
// Which rules processes match. Facts that must not be read while memory is
// short are read in calm times, and kept in the census.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "badnessd/cycle/census.h"
#include "badnessd/engine/policy.h"
#include "badnessd/system/source.h"

namespace badnessd {

class Identities {
 public:
  // Whether `policy` asks for anything that must be read in calm times.
  [[nodiscard]] static bool needed(const Policy& policy,
                                   IdentityPart part) noexcept;

  // Takes the answers that have come. Asks for processes that are new or were
  // read 5 minutes ago (a command line or a cgroup can change), at most 256 at
  // a time: the users take turns. Old answers hold until new ones come. Does
  // nothing if the policy needs nothing, or within 10 seconds of the last
  // complete look.
  void look(const Sources& sources, const Policy& policy, Census& census,
            Micros now_us);
  // Looks until all are known, or for about 5 seconds: a read can hang.
  void look_at_all(const Sources& sources, const Policy& policy,
                   Census& census);
  // After a change of the rules: only command lines must be read for them.
  void judge_anew(const Policy& policy, Census& census);

 private:
  struct Look {
    std::vector<ListedProcess> wanted;
    std::size_t learned = 0;  // answers of them
    bool asked = false;       // answers are outstanding
    bool more = true;         // the last look was incomplete
    Micros listed_us = 0;
  };

  // Returns false while answers are outstanding.
  [[nodiscard]] bool take_answers(const Sources& sources, const Policy& policy,
                                  IdentityPart part, Census& census,
                                  Micros now_us);
  void ask(const Sources& sources, IdentityPart part, const Census& census,
           Micros now_us);
  void learn(const Policy& policy, IdentityPart part,
             const IdentityTexts& texts, Census& census, Micros now_us);
  void keep_used(const Census& census);

  std::array<Look, kIdentityParts> looks_;
  std::set<std::string, std::less<>> texts_;  // of the census
};

// What the rules of the policy say of the task at `index`.
[[nodiscard]] RuleVerdict rules_for(const Policy& policy, const Census& census,
                                    std::uint32_t index) noexcept;
// Applies the rules of the policy to the verdicts on all tasks of the census.
void apply_rules_to(const Policy& policy, Census& census) noexcept;

// The cgroup of the task at `index` as read in calm times; empty if not known.
[[nodiscard]] std::string_view cgroup_of(const Census& census,
                                         std::uint32_t index) noexcept;

}  // namespace badnessd
