// SPDX-License-Identifier: GPL-2.0-only
// Rules of the administrator: they give processes an oom_adj by identity, as if
// written to /proc/<pid>/oom_adj. The score stays that of 2.6.32.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "badnessd/engine/glob.h"
#include "badnessd/engine/kernel26.h"
#include "badnessd/engine/task.h"

namespace badnessd {

// The users of one entry of a list: a name, a uid or a range of uids.
struct UserRange {
  std::string text;
  std::uint32_t first = 1;
  std::uint32_t last = 0;  // below first: a name that no user has

  [[nodiscard]] bool matches(std::uint32_t uid) const noexcept {
    return uid >= first && uid <= last;
  }
};

// All given conditions must hold; a list holds if any entry matches.
struct Rule {
  std::string name;
  std::vector<Glob> comm{};       // stat's, 15 bytes at most
  std::vector<Glob> exe{};        // the target of /proc/<pid>/exe
  std::vector<Glob> cmdline{};    // the arguments, separated by blanks
  std::vector<UserRange> user{};  // the real uid
  std::vector<Glob> cgroup{};     // its path or that of an ancestor
  std::vector<Glob> unit{};       // its unit of systemd, or a slice above it
  std::optional<std::int32_t> oom_adj{};
  bool protect = false;  // the same as an oom_adj of -17

  [[nodiscard]] std::int32_t adj() const noexcept {
    return protect ? kOomDisable : oom_adj.value_or(0);
  }
};

inline constexpr std::size_t kMaxRules = 64;

[[nodiscard]] constexpr RuleBits bit_of(std::size_t rule) noexcept {
  return RuleBits{1} << rule;
}
// The first rule of `rules`, which must not be empty.
[[nodiscard]] constexpr std::size_t first_of(RuleBits rules) noexcept {
  return static_cast<std::size_t>(std::countr_zero(rules));
}

// When the fact that a condition needs is known: with the facts of the task, or
// after a read that can block while memory is short. cgroup takes a system-wide
// mutex (before 6.7), exe the target's exec_update_lock, cmdline its mmap lock.
enum class Known : std::uint8_t { kCgroup, kExe, kCmdline, kScanned };
inline constexpr std::size_t kCalmFacts = 3;

// For each fact that is read in calm times, the rules whose conditions on it
// hold or are absent; none: the fact is not known.
using CalmBits = std::array<std::optional<RuleBits>, kCalmFacts>;
[[nodiscard]] constexpr std::size_t place_of(Known known) noexcept {
  return static_cast<std::size_t>(known);
}

// The known identity of one process.
struct Identity {
  std::optional<std::string_view> comm{};
  std::optional<std::string_view> exe{};
  std::optional<std::uint32_t> uid{};
  std::optional<std::string_view> cmdline{};
  std::optional<std::string_view> cgroup{};
  CalmBits calm{};  // calm_conditions(), in place of the texts
};

// Whether any rule has a condition of this kind.
[[nodiscard]] bool asks_for(const std::vector<Rule>& rules,
                            Known known) noexcept;

[[nodiscard]] bool has_condition(const Rule& rule) noexcept;

// The rules whose conditions of this kind hold or are absent.
[[nodiscard]] RuleBits calm_conditions(const std::vector<Rule>& rules,
                                       Known known,
                                       const Identity& identity) noexcept;

struct RuleVerdict {
  RuleBits matched = 0;      // the rules that match
  std::int32_t oom_adj = 0;  // of the first match, else the own one
  bool known = true;         // no unknown condition decides
};

// The first rule that matches counts. `own` is the process's own oom_adj. An
// unknown condition counts as false.
[[nodiscard]] RuleVerdict apply_rules(const std::vector<Rule>& rules,
                                      const Identity& identity,
                                      std::int32_t own) noexcept;

// Whether a glob matches the path of a cgroup ("/a.slice/b.service") or of an
// ancestor. A glob may omit the first '/'.
[[nodiscard]] bool matches_cgroup(const Glob& glob,
                                  std::string_view path) noexcept;

// The systemd unit of the cgroup at `path`: the first component that is a
// service or a scope. Names below it are free (a container, a user manager).
// Empty if there is none.
[[nodiscard]] std::string_view unit_of(std::string_view path) noexcept;

}  // namespace badnessd
