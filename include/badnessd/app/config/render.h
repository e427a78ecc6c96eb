// SPDX-License-Identifier: GPL-2.0-only
// The options as text for the user.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace badnessd {

struct Settings;

// The options with their defaults, for --help.
[[nodiscard]] std::string options_help();

// Each setting in force: its key and its value as --set takes them.
[[nodiscard]] std::vector<std::pair<std::string, std::string>>
settings_in_force(const Settings& settings);

}  // namespace badnessd
