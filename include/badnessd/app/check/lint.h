// SPDX-License-Identifier: GPL-2.0-only
// Mistakes in well-formed settings: what can never happen here, what does not
// mean what it seems to, what anybody can get around.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "badnessd/app/check/host.h"
#include "badnessd/cycle/lazy_selection.h"
#include "badnessd/system/proc/cgroup.h"

namespace badnessd {

// Triggers that cannot fire here or always do; what watching cgroups lacks.
[[nodiscard]] std::vector<Finding> lint_triggers(const Policy& policy,
                                                 const PolicyState& state,
                                                 CgroupTree& cgroups);

// Rules that no process can meet, that are never reached, or that protect by
// what any user can choose.
[[nodiscard]] std::vector<Finding> lint_rules(const std::vector<Rule>& rules);

// What the rules do to the processes of a refined snapshot.
struct RuleMatches {
  std::size_t count = 0;             // that it matches
  std::vector<std::uint32_t> first;  // a few of them, indices in tasks
  std::size_t taken = 0;             // of them by a rule before it
};
[[nodiscard]] std::vector<RuleMatches> matches_of(const Policy& policy,
                                                  const Snapshot& snapshot);

// Whom a decision would choose: as configured, without rules, and without rules
// and guard, which is 2.6.32's bare order.
struct Choices {
  std::optional<std::uint32_t> configured{};
  std::optional<std::uint32_t> without_rules{};
  std::optional<std::uint32_t> kernel26{};
  Kib needed_kib = 0;
  Kib protected_kib = 0;  // held by those whose oom_adj is -17
};
[[nodiscard]] Choices choices_of(const Inquiry& inquiry,
                                 const PressureReading& reading);

// Rules that match nobody or nobody any more, that undo an exemption, that
// protect so much that nobody is left to give back what is needed.
[[nodiscard]] std::vector<Finding> lint_matches(
    const Policy& policy, const Snapshot& snapshot,
    const std::vector<RuleMatches>& matches, const Choices& choices);

}  // namespace badnessd
