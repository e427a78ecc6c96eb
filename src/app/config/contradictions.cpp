// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/config/contradictions.h"

#include <algorithm>

#include <fmt/core.h>

#include "badnessd/app/config/settings.h"
#include "badnessd/app/config/text.h"

namespace badnessd {
namespace {

bool nothing(const std::optional<Amount>& amount) {
  return amount &&
         (amount->basis_points == BasisPoints{0} || amount->kib == Kib{0});
}

// Whether an earlier item has the same name.
template <class T>
bool named_twice(const std::vector<T>& list, std::size_t index) {
  return std::any_of(list.begin(),
                     list.begin() + static_cast<std::ptrdiff_t>(index),
                     [&](const T& it) { return it.name == list[index].name; });
}

void check_trigger(const std::vector<Trigger>& triggers, std::size_t index,
                   std::vector<Contradiction>& found) {
  const Trigger& trigger = triggers[index];
  const auto add = [&](std::string_view why) {
    found.push_back(
        {&trigger, fmt::format("trigger '{}' {}", escaped(trigger.name), why)});
  };
  if (trigger.name.empty()) {
    add("has no name");
  }
  if (named_twice(triggers, index)) {
    add("exists already");
  }
  if (!asks_for_amounts(trigger) && !asks_for_stalls(trigger)) {
    add("has no condition: it would always fire");
  }
  if (std::ranges::any_of(kAmountConditions, [&](const auto& it) {
        return nothing(trigger.*it.amount);
      })) {
    add("can never fire: nothing is below 0");
  }
  if (trigger.psi_some_above && trigger.psi_full_above &&
      *trigger.psi_some_above <= *trigger.psi_full_above) {
    add("has a psi_some_above that psi_full_above implies; leave it out");
  }
}

void check_rule(const std::vector<Rule>& rules, std::size_t index,
                std::vector<Contradiction>& found) {
  const Rule& rule = rules[index];
  const auto add = [&](std::string_view why) {
    found.push_back(
        {&rule, fmt::format("rule '{}' {}", escaped(rule.name), why)});
  };
  if (index == kMaxRules) {
    add(fmt::format("is one too many: there can be {}", kMaxRules));
  }
  if (named_twice(rules, index)) {
    add("exists already");
  }
  if (!has_condition(rule)) {
    add("has no condition: it would be about every process");
  }
  if (rule.protect == rule.oom_adj.has_value()) {
    add(rule.protect ? "has protect = true, which is an oom_adj of -17, and an "
                       "oom_adj; leave one of them out"
                     : "says nothing: it needs an oom_adj or protect = true");
  }
}

}  // namespace

std::vector<Contradiction> contradictions(const Settings& settings) {
  const auto& triggers = settings.policy.triggers;
  const auto& rules = settings.policy.rules;
  std::vector<Contradiction> found;
  for (std::size_t i = 0; i < triggers.size(); ++i) {
    check_trigger(triggers, i, found);
  }
  for (std::size_t i = 0; i < rules.size(); ++i) {
    check_rule(rules, i, found);
  }
  if (std::none_of(triggers.begin(), triggers.end(), [](const Trigger& it) {
        return it.action == Action::kKill;
      })) {
    found.push_back({nullptr, "there is no trigger that kills"});
  }
  return found;
}

}  // namespace badnessd
