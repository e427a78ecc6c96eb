// SPDX-License-Identifier: GPL-2.0-only
// What an administrator says of processes by their identity: an oom_adj, as if
// it had been written to /proc/<pid>/oom_adj. The score stays 2.6.32's.
#pragma once

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
};

// All conditions that are given must hold, each by any one entry of its list.
struct Rule {
  std::string name;
  std::vector<Glob> comm{};       // stat's, 15 bytes at most
  std::vector<Glob> exe{};        // the path that /proc/<pid>/exe leads to
  std::vector<Glob> cmdline{};    // the arguments with blanks between them
  std::vector<UserRange> user{};  // the real uid
  std::vector<Glob> cgroup{};     // its path or that of one above it
  std::vector<Glob> unit{};       // the unit of systemd, or a slice above it
  std::optional<std::int32_t> oom_adj{};
  bool protect = false;  // the same as an oom_adj of -17

  [[nodiscard]] std::int32_t adj() const noexcept {
    return protect ? kOomDisable : oom_adj.value_or(0);
  }
  // It asks for what must not be read while memory is short: cmdline waits for
  // the target's mmap lock, cgroup for a mutex of the whole system
  // (before 6.7).
  [[nodiscard]] bool needs_calm() const noexcept {
    return !cmdline.empty() || !cgroup.empty() || !unit.empty();
  }
};

inline constexpr std::size_t kMaxRules = 64;

[[nodiscard]] constexpr RuleBits bit_of(std::size_t rule) noexcept {
  return RuleBits{1} << rule;
}
// The first of several; which must not be none.
[[nodiscard]] constexpr std::size_t first_of(RuleBits rules) noexcept {
  return static_cast<std::size_t>(std::countr_zero(rules));
}

// The rules whose conditions on these hold, and those that have none on them.
[[nodiscard]] RuleBits calm_conditions(const std::vector<Rule>& rules,
                                       std::string_view cmdline,
                                       std::string_view cgroup) noexcept;

// What is known of one process.
struct Identity {
  std::string_view comm;
  std::optional<std::string_view> exe{};
  std::optional<std::uint32_t> uid{};
  std::optional<RuleBits> calm{};  // calm_conditions()
};

struct RuleVerdict {
  RuleBits matched = 0;      // the rules all of whose conditions hold
  std::int32_t oom_adj = 0;  // of the first of them, else the process's own
  bool known = true;         // nothing hangs on what is not known
  std::int32_t most = 0;     // the greatest that oom_adj can turn out to be
};

// The first rule that matches counts. `own` is the oom_adj that the process has
// by itself. A condition on what is not known leaves open whether it holds; for
// `matched` and `oom_adj` it does not.
[[nodiscard]] RuleVerdict apply_rules(const std::vector<Rule>& rules,
                                      const Identity& identity,
                                      std::int32_t own) noexcept;

// Whether a glob of `globs` matches.
[[nodiscard]] bool any_matches(const std::vector<Glob>& globs,
                               std::string_view text) noexcept;

// Whether one matches the path of a cgroup ("/a.slice/b.service") or of one
// above it. A glob may leave the first '/' out.
[[nodiscard]] bool matches_cgroup(const std::vector<Glob>& globs,
                                  std::string_view path) noexcept;
[[nodiscard]] bool matches_cgroup(const Glob& glob,
                                  std::string_view path) noexcept;

// The unit of systemd that the cgroup at `path` is in: its first component that
// is a service or a scope. What is below that names itself as it likes, a
// container or a user's own manager. Empty if there is none.
[[nodiscard]] std::string_view unit_of(std::string_view path) noexcept;

}  // namespace badnessd
