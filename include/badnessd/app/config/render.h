// SPDX-License-Identifier: GPL-2.0-only
// The options as text for the user.
#pragma once

#include <string>

namespace badnessd {

// The options with their defaults, for --help and as config/badnessd.toml.
[[nodiscard]] std::string options_help();
[[nodiscard]] std::string default_config();

}  // namespace badnessd
