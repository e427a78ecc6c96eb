// SPDX-License-Identifier: GPL-2.0-only
// What an administrator can set, and the one table of it. The table feeds the
// TOML loader, --set, --help and config/badnessd.toml; defaults are the member
// initialisers of Settings and stand nowhere else.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include <tl/expected.hpp>

#include "badnessd/engine/policy.h"

namespace badnessd {

struct Settings {
  std::uint32_t kernel_hz = 250;
  MemoryBase badness_memory = MemoryBase::kTotalVm;
  Amount mem_available_below{.basis_points = 500, .kib = Kib{1024} * 1024};
  Amount swap_free_below{.basis_points = 1000, .kib = {}};
  VictimOrder kill_victim = VictimOrder::kProcess;
  std::chrono::milliseconds kill_exit_timeout{2000};
  std::chrono::milliseconds poll_interval{100};
};

struct Option {
  std::string_view key;     // as in TOML: table.name
  std::string_view values;  // what it takes, for people
  std::variant<std::uint32_t Settings::*, MemoryBase Settings::*,
               Amount Settings::*, VictimOrder Settings::*,
               std::chrono::milliseconds Settings::*>
      member;
  std::uint64_t min = 0;  // of a duration, in milliseconds
  std::uint64_t max = 0;
  std::string_view help;
};

[[nodiscard]] std::span<const Option> options();

// The option named `key`, or nullptr.
[[nodiscard]] const Option* find_option(std::string_view key);

// "there is no setting 'x'; the nearest is 'y'", or where all can be read if
// none is near.
[[nodiscard]] std::string unknown_key(std::string_view key);

// Sets `option` from its text, which is what TOML has without the quotes; the
// items of a list are separated by commas. The error is a sentence that says
// what the option takes.
[[nodiscard]] tl::expected<void, std::string> set_option(Settings& settings,
                                                         const Option& option,
                                                         std::string_view text);

// The value in the form that set_option() takes.
[[nodiscard]] std::string option_text(const Settings& settings,
                                      const Option& option);

// "5%,1GiB".
[[nodiscard]] std::string amount_text(const Amount& amount);

// The names of the values of two options, as in the configuration file.
[[nodiscard]] std::string_view name_of(MemoryBase base);
[[nodiscard]] std::string_view name_of(VictimOrder order);

// The part of the settings on which decisions depend.
[[nodiscard]] Policy policy_of(const Settings& settings, std::int32_t self_pid);

// The options with their defaults, for --help and as config/badnessd.toml.
[[nodiscard]] std::string options_help();
[[nodiscard]] std::string default_config();

}  // namespace badnessd
