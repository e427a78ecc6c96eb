// SPDX-License-Identifier: GPL-2.0-only
// The table of all settings. It feeds the TOML loader, --set, --help and
// config/badnessd.toml.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "badnessd/engine/policy.h"
#include "badnessd/engine/rules.h"

namespace badnessd {

struct Settings;

// The two default triggers. See options.cpp for the source of the values.
[[nodiscard]] std::vector<Trigger> default_triggers();

// One setting of Settings, or with T = Trigger or Rule of a [[trigger]] or
// [[rule]] table.
template <class T>
struct Option {
  using Member = std::variant<
      std::uint32_t T::*, MemoryBase T::*, VictimOrder T::*, Action T::*,
      std::optional<Amount> T::*, std::optional<BasisPoints> T::*, Micros T::*,
      std::chrono::milliseconds T::*, bool T::*, std::optional<Glob> T::*,
      std::vector<Glob> T::*, std::vector<UserRange> T::*,
      std::optional<std::int32_t> T::*>;
  std::string_view key;     // table.name; in a trigger or rule only the name
  std::string_view values;  // the accepted values, for the user
  Member member;
  std::uint64_t min = 0;  // for numbers; for durations in milliseconds
  std::uint64_t max = 0;
  std::string_view help;
};

[[nodiscard]] std::span<const Option<Settings>> options();
[[nodiscard]] std::span<const Option<Trigger>> trigger_options();
[[nodiscard]] std::span<const Option<Rule>> rule_options();

// The table for the type of the target.
[[nodiscard]] inline auto options_of(const Settings& /*of*/) {
  return options();
}
[[nodiscard]] inline auto options_of(const Trigger& /*of*/) {
  return trigger_options();
}
[[nodiscard]] inline auto options_of(const Rule& /*of*/) {
  return rule_options();
}

}  // namespace badnessd
