// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/config/settings.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <type_traits>
#include <utility>

#include <fmt/core.h>

#include "badnessd/app/config/text.h"

namespace badnessd {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kGone{{
    {"badness.memory",
     "the score starts from total_vm, and who took the memory is eligible"},
    {"kill.spare_bystanders",
     R"(kill.min_reclaim = "0" is the order of 2.6.32 without a guard)"},
    {"metrics.textfile",
     "link /run/badnessd/badnessd.prom into node_exporter's directory"},
    {"--since", "'badnessd history -n 0' lists all, with their times"},
    {"--watch", "write 'watch badnessd status'"},
}};

// The Levenshtein distance, to find the nearest key.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

// "there is no setting 'x'; the nearest is 'y'". If none is near, tells where
// to find a list of all settings.
template <class T>
std::string unknown_key(std::string_view key) {
  constexpr std::string_view kKind = std::is_same_v<T, Trigger> ? "trigger "
                                     : std::is_same_v<T, Rule>  ? "rule "
                                                                : "";
  if (const auto instead = instead_of(key); !instead.empty()) {
    return fmt::format("{} is gone: {}", key, instead);
  }
  const auto distance = [key](const Option<T>& it) {
    return edit_distance(key, it.key);
  };
  const auto nearest = std::ranges::min_element(options_of<T>(), {}, distance);
  return fmt::format("there is no {}setting '{}'; {}", kKind, escaped(key),
                     distance(*nearest) > nearest->key.size() / 2
                         ? std::string("'badnessd --help' lists all")
                         : fmt::format("the nearest is '{}'", nearest->key));
}

}  // namespace

std::string_view instead_of(std::string_view key) {
  for (const auto& [gone, instead] : kGone) {
    if (gone == key) {
      return instead;
    }
  }
  return {};
}

template <class T>
SetResult set_option(T& target, std::string_view key, std::string_view text) {
  const auto table = options_of<T>();
  const auto option = std::ranges::find(table, key, &Option<T>::key);
  if (option == table.end()) {
    return tl::unexpected(unknown_key<T>(key));
  }
  if (!option->set(target, text)) {
    return tl::unexpected(fmt::format("{} cannot be '{}': it takes {}", key,
                                      escaped(text), option->values));
  }
  return {};
}

template SetResult set_option(Settings&, std::string_view, std::string_view);
template SetResult set_option(Trigger&, std::string_view, std::string_view);
template SetResult set_option(Rule&, std::string_view, std::string_view);

std::string options_help() {
  const auto entry = [](std::string_view name, const auto& option) {
    return fmt::format(
        "  {}\n{}", name,
        wrapped(fmt::format("Takes {}. {}", option.values, option.help),
                "      "));
  };
  std::string text = "Settings (--set KEY=VALUE, or in the TOML file):\n";
  for (const auto& option : options_of<Settings>()) {
    text += entry(fmt::format("{}={}", option.key, option.text(Settings{})),
                  option);
  }
  text +=
      "\nTriggers (--set trigger.NAME.KEY=VALUE, or [[trigger]] tables with a "
      "name,\nwhich replace the ones below):\n";
  for (const Trigger& trigger : default_triggers()) {
    for (const auto& option : options_of<Trigger>()) {
      const std::string value = option.text(trigger);
      if (!value.empty()) {
        text += fmt::format("  trigger.{}.{}={}\n", trigger.name, option.key,
                            value);
      }
    }
  }
  for (const auto& option : options_of<Trigger>()) {
    text += entry(option.key, option);
  }
  text +=
      "\nRules ([[rule]] tables; all that is given must match, and of several "
      "rules the\nfirst that does counts; --set rule.NAME.KEY=VALUE changes "
      "one):\n";
  for (const auto& option : options_of<Rule>()) {
    text += entry(option.key, option);
  }
  return text;
}

std::vector<std::pair<std::string, std::string>> settings_in_force(
    const Settings& settings) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& option : options_of<Settings>()) {
    all.emplace_back(option.key, option.text(settings));
  }
  const auto add_all = [&]<class T>(std::string_view kind,
                                    const std::vector<T>& list) {
    for (const T& target : list) {
      for (const auto& option : options_of<T>()) {
        if (std::string value = option.text(target); !value.empty()) {
          all.emplace_back(
              fmt::format("{}.{}.{}", kind, target.name, option.key),
              std::move(value));
        }
      }
    }
  };
  add_all("trigger", settings.policy.triggers);
  add_all("rule", settings.policy.rules);
  return all;
}

namespace {

bool nothing(const std::optional<Amount>& amount) {
  return amount &&
         (amount->basis_points == BasisPoints{0} || amount->kib == Kib{0});
}

// Whether an earlier item has the same name.
template <class T>
bool named_twice(const std::vector<T>& list, std::size_t index) {
  return std::ranges::find(list, list[index].name, &T::name) !=
         list.begin() + static_cast<std::ptrdiff_t>(index);
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
  if (std::ranges::find(triggers, Action::kKill, &Trigger::action) ==
      triggers.end()) {
    found.push_back({nullptr, "there is no trigger that kills"});
  }
  return found;
}

}  // namespace badnessd
