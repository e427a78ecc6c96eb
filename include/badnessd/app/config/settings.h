// SPDX-License-Identifier: GPL-2.0-only
// The settings. The member initialisers of Settings and Policy are the only
// place of the defaults.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "badnessd/app/config/options.h"
#include "badnessd/app/config/values.h"
#include "badnessd/engine/policy.h"

namespace badnessd {

struct Settings {
  Policy policy{.triggers = default_triggers()};
  Micros report_interval_us = 3600 * kSecond;
};

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

}  // namespace badnessd
