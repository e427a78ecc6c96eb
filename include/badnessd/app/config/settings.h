// SPDX-License-Identifier: GPL-2.0-only
// The settings: their table, which feeds the TOML loader, --set, --help and
// check, and their values. The member initialisers of Settings and Policy are
// the only place of the defaults.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "badnessd/app/config/values.h"
#include "badnessd/engine/policy.h"

namespace badnessd {

// The two default triggers. See settings_table.cpp for the source of the
// values.
[[nodiscard]] std::vector<Trigger> default_triggers();

struct Settings {
  Policy policy{.triggers = default_triggers()};
  Micros report_interval_us = 3600 * kSecond;
};

// One setting of Settings, or with T = Trigger or Rule of a [[trigger]] or
// [[rule]] table.
template <class T>
struct Option {
  std::string_view key;     // table.name; in a trigger or rule only the name
  std::string_view values;  // the accepted values, for the user
  std::string_view help;
  // False for a text that is no value: then the target does not change.
  bool (*set)(T& target, std::string_view text);
  // The value as set() accepts it; empty if it is not set or has no meaning
  // here.
  std::string (*text)(const T& target);
};

// The table for T.
template <class T>
[[nodiscard]] std::span<const Option<T>> options_of();
template <>
std::span<const Option<Settings>> options_of();
template <>
std::span<const Option<Trigger>> options_of();
template <>
std::span<const Option<Rule>> options_of();

// Sets `key` from its text: the TOML value without quotes; commas separate the
// items of a list. The error is a sentence with the accepted values or, for an
// unknown key, with the nearest known one.
using SetResult = tl::expected<void, std::string>;
template <class T>
[[nodiscard]] SetResult set_option(T& target, std::string_view key,
                                   std::string_view text);

// What to write instead of a setting or an option ("--since") that is gone, for
// one release; empty: there was none.
[[nodiscard]] std::string_view instead_of(std::string_view key);

// The options with their defaults, for --help.
[[nodiscard]] std::string options_help();

// Each setting in force: its key and its value as --set takes them.
[[nodiscard]] std::vector<std::pair<std::string, std::string>>
settings_in_force(const Settings& settings);

// A reason why well-formed settings are useless: a trigger that can never fire,
// a rule without conditions or without effect.
struct Contradiction {
  const void* about = nullptr;  // the trigger or rule; null: the whole
  std::string sentence;
};
[[nodiscard]] std::vector<Contradiction> contradictions(
    const Settings& settings);

}  // namespace badnessd
