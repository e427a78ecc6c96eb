// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/rules.h"

#include <algorithm>
#include <array>

namespace badnessd {
namespace {

enum class Match : std::uint8_t { kNo, kYes, kUnknown };

// Takes the next name off a path. systemd puts '_' before a name that could
// collide with a kernel file.
std::string_view take_name(std::string_view& path) noexcept {
  path.remove_prefix(path.starts_with('/') ? 1 : 0);
  std::string_view name = path.substr(0, path.find('/'));
  path.remove_prefix(name.size());
  name.remove_prefix(name.starts_with('_') ? 1 : 0);
  return name;
}

bool is_slice(std::string_view name) noexcept {
  return name.ends_with(".slice");
}

bool is_last_unit(std::string_view name) noexcept {
  return name.ends_with(".service") || name.ends_with(".scope");
}

// Whether a path below a unit names units of another manager: of a container,
// of a pod ("kubepods-….slice:cri-containerd:…"), or of a user. In init.scope
// such a manager keeps itself.
bool names_units(std::string_view path) noexcept {
  constexpr std::array<std::string_view, 3> kKinds{".slice", ".service",
                                                   ".scope"};
  return path != "/init.scope" &&
         std::ranges::any_of(kKinds, [path](std::string_view kind) {
           return path.find(kind) != std::string_view::npos;
         });
}

// Whether `glob` matches the unit of a cgroup, or a slice around that unit.
bool matches_unit(const Glob& glob, std::string_view path) noexcept {
  while (!path.empty()) {
    const std::string_view name = take_name(path);
    if (!is_slice(name)) {
      return is_last_unit(name) && glob.matches(name) && !names_units(path);
    }
    if (glob.matches(name)) {
      return true;
    }
  }
  return false;
}

// One condition of a rule.
struct Condition {
  Known known;
  bool (*given)(const Rule&) noexcept;
  Match (*match)(const Rule&, const Identity&) noexcept;
};

// The list kList of a rule is about kFact of a process. kMatches says whether
// one entry matches; by default its matches() does.
constexpr auto kEntryMatches = [](const auto& entry, const auto& fact) {
  return entry.matches(fact);
};
template <auto kList, auto kFact, auto kMatches = kEntryMatches>
constexpr Condition condition(Known known) noexcept {
  return {known,
          [](const Rule& rule) noexcept { return !(rule.*kList).empty(); },
          [](const Rule& rule, const Identity& identity) noexcept {
            const auto& fact = identity.*kFact;
            const auto& list = rule.*kList;
            const bool matches =
                fact && std::ranges::any_of(list, [&](const auto& it) {
                  return kMatches(it, *fact);
                });
            return !fact ? Match::kUnknown : matches ? Match::kYes : Match::kNo;
          }};
}

constexpr std::array kConditions{
    condition<&Rule::comm, &Identity::comm>(Known::kScanned),
    condition<&Rule::user, &Identity::uid>(Known::kScanned),
    condition<&Rule::exe, &Identity::exe>(Known::kExe),
    condition<&Rule::unit, &Identity::cgroup, matches_unit>(Known::kCgroup),
    condition<&Rule::cgroup, &Identity::cgroup, matches_cgroup>(Known::kCgroup),
    condition<&Rule::cmdline, &Identity::cmdline>(Known::kCmdline)};

// `bit` is that of the rule.
Match match(const Rule& rule, RuleBits bit, const Identity& identity) noexcept {
  // A known condition that fails decides, even if others are unknown.
  bool known = true;
  for (const Condition& it : kConditions) {
    if (!it.given(rule)) {
      continue;
    }
    const auto calm = it.known == Known::kScanned
                          ? std::nullopt
                          : identity.calm[place_of(it.known)];
    const Match one = it.known == Known::kScanned ? it.match(rule, identity)
                      : !calm                     ? Match::kUnknown
                      : (*calm & bit) != 0        ? Match::kYes
                                                  : Match::kNo;
    if (one == Match::kNo) {
      return Match::kNo;
    }
    known = known && one == Match::kYes;
  }
  return known ? Match::kYes : Match::kUnknown;
}

}  // namespace

bool asks_for(const std::vector<Rule>& rules, Known known) noexcept {
  return std::ranges::any_of(rules, [known](const Rule& rule) {
    return std::ranges::any_of(kConditions, [&](const auto& it) {
      return it.known == known && it.given(rule);
    });
  });
}

bool has_condition(const Rule& rule) noexcept {
  return std::ranges::any_of(kConditions,
                             [&](const auto& it) { return it.given(rule); });
}

bool matches_cgroup(const Glob& glob, std::string_view path) noexcept {
  if (!glob.text().starts_with('/') && path.starts_with('/')) {
    path.remove_prefix(1);
  }
  while (!path.empty()) {
    if (glob.matches(path)) {
      return true;
    }
    const std::size_t end = path.rfind('/');
    path = path.substr(0, end == std::string_view::npos ? 0 : end);
  }
  return false;
}

std::string_view unit_of(std::string_view path) noexcept {
  while (!path.empty()) {
    const std::string_view name = take_name(path);
    if (is_last_unit(name)) {
      return name;
    }
  }
  return {};
}

RuleBits calm_conditions(const std::vector<Rule>& rules, Known known,
                         const Identity& identity) noexcept {
  RuleBits bits = 0;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const bool all = std::ranges::all_of(kConditions, [&](const auto& it) {
      return it.known != known || !it.given(rules[i]) ||
             it.match(rules[i], identity) == Match::kYes;
    });
    bits |= all ? bit_of(i) : 0;
  }
  return bits;
}

RuleVerdict apply_rules(const std::vector<Rule>& rules,
                        const Identity& identity, std::int32_t own) noexcept {
  RuleVerdict verdict{.oom_adj = own};
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Match matched = match(rules[i], bit_of(i), identity);
    if (verdict.matched == 0 && matched == Match::kUnknown) {
      verdict.known = false;
    }
    if (matched == Match::kYes) {
      verdict.oom_adj = verdict.matched == 0 ? rules[i].adj() : verdict.oom_adj;
      verdict.matched |= bit_of(i);
    }
  }
  return verdict;
}

}  // namespace badnessd
