// SPDX-License-Identifier: GPL-2.0-only
// The table of all settings. It feeds the TOML loader, --set, --help and check.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "badnessd/engine/rules.h"
#include "badnessd/engine/trigger.h"

namespace badnessd {

struct Settings;

// The two default triggers. See options.cpp for the source of the values.
[[nodiscard]] std::vector<Trigger> default_triggers();

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

}  // namespace badnessd
