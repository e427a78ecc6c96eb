// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/rules.h"

#include <algorithm>

namespace badnessd {
namespace {

enum class Match : std::uint8_t { kNo, kYes, kUnknown };

bool holds(const std::vector<UserRange>& users, std::uint32_t uid) noexcept {
  return std::any_of(users.begin(), users.end(), [uid](const UserRange& it) {
    return uid >= it.first && uid <= it.last;
  });
}

Match match(const Rule& rule, RuleBits bit, const Identity& identity) noexcept {
  // A known condition that fails decides, even if others are unknown.
  bool known = true;
  if (!rule.comm.empty() && !any_matches(rule.comm, identity.comm)) {
    return Match::kNo;
  }
  if (!rule.exe.empty()) {
    if (identity.exe && !any_matches(rule.exe, *identity.exe)) {
      return Match::kNo;
    }
    known = known && identity.exe;
  }
  if (!rule.user.empty()) {
    if (identity.uid && !holds(rule.user, *identity.uid)) {
      return Match::kNo;
    }
    known = known && identity.uid;
  }
  if (rule.needs_calm()) {
    if (identity.calm && (*identity.calm & bit) == 0) {
      return Match::kNo;
    }
    known = known && identity.calm;
  }
  return known ? Match::kYes : Match::kUnknown;
}

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

// Whether a glob matches the unit of a cgroup, or a slice around that unit.
bool matches_unit(const std::vector<Glob>& globs,
                  std::string_view path) noexcept {
  while (!path.empty()) {
    const std::string_view name = take_name(path);
    if (!is_slice(name) && !is_last_unit(name)) {
      return false;
    }
    if (any_matches(globs, name)) {
      return true;
    }
    if (is_last_unit(name)) {
      return false;
    }
  }
  return false;
}

}  // namespace

bool any_matches(const std::vector<Glob>& globs,
                 std::string_view text) noexcept {
  return std::any_of(globs.begin(), globs.end(),
                     [text](const Glob& it) { return it.matches(text); });
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

bool matches_cgroup(const std::vector<Glob>& globs,
                    std::string_view path) noexcept {
  return std::any_of(globs.begin(), globs.end(), [path](const Glob& it) {
    return matches_cgroup(it, path);
  });
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

RuleBits calm_conditions(const std::vector<Rule>& rules,
                         std::string_view cmdline,
                         std::string_view cgroup) noexcept {
  RuleBits bits = 0;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Rule& rule = rules[i];
    const bool all =
        (rule.unit.empty() || matches_unit(rule.unit, cgroup)) &&
        (rule.cgroup.empty() || matches_cgroup(rule.cgroup, cgroup)) &&
        (rule.cmdline.empty() || any_matches(rule.cmdline, cmdline));
    bits |= all ? bit_of(i) : 0;
  }
  return bits;
}

RuleVerdict apply_rules(const std::vector<Rule>& rules,
                        const Identity& identity, std::int32_t own) noexcept {
  RuleVerdict verdict{.oom_adj = own, .most = kOomDisable};
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Match matched = match(rules[i], bit_of(i), identity);
    if (verdict.matched == 0 && matched != Match::kNo) {
      verdict.most = std::max(verdict.most, rules[i].adj());
      verdict.known = verdict.known && matched == Match::kYes;
    }
    if (matched == Match::kYes) {
      verdict.oom_adj = verdict.matched == 0 ? rules[i].adj() : verdict.oom_adj;
      verdict.matched |= bit_of(i);
    }
  }
  if (verdict.matched == 0) {
    verdict.most = std::max(verdict.most, own);
  }
  return verdict;
}

}  // namespace badnessd
