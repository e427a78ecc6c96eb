// SPDX-License-Identifier: GPL-2.0-only
// Mistakes in well-formed settings: triggers that cannot fire on this machine,
// rules without effect, protection that any user can obtain.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "badnessd/app/check/findings.h"
#include "badnessd/cycle/judge.h"

namespace badnessd {

// Triggers that can never fire here or always fire. `cgroups`: those of version
// 2 are mounted.
[[nodiscard]] std::vector<Finding> lint_triggers(const Policy& policy,
                                                 const OomDomains& domains,
                                                 bool cgroups);

// Rules that no process can match, or that protect by a text that any user can
// choose, e.g. comm.
[[nodiscard]] std::vector<Finding> lint_rules(const std::vector<Rule>& rules);

// The effect of one rule on the processes that were judged.
struct RuleMatches {
  std::size_t count = 0;             // processes that the rule matches
  std::vector<std::uint32_t> first;  // a few of them, indices in tasks
  std::size_t taken = 0;             // of them matched by an earlier rule
};
[[nodiscard]] std::vector<RuleMatches> matches_of(const Policy& policy,
                                                  const Snapshot& snapshot);

// The victim that a decision would choose if it is not known which process took
// the memory: as configured, without rules, and in the bare order of 2.6.32.
struct Choices {
  std::optional<std::uint32_t> configured{};
  std::optional<std::uint32_t> without_rules{};
  std::optional<std::uint32_t> kernel26{};
  Kib needed_kib = 0;
  Kib protected_kib = 0;  // held by processes with an oom_adj of -17
};
[[nodiscard]] Choices choices_of(const Context& context,
                                 const PressureReading& reading);

// Rules that match no process or only processes of earlier rules, that undo an
// exemption, or that protect so much that the other processes hold too little.
[[nodiscard]] std::vector<Finding> lint_matches(
    const Policy& policy, const Snapshot& snapshot,
    const std::vector<RuleMatches>& matches, const Choices& choices);

}  // namespace badnessd
