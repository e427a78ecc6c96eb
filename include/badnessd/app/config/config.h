// SPDX-License-Identifier: GPL-2.0-only
// From the configuration file and --set to Settings.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "badnessd/app/config/settings.h"

namespace badnessd {

// Where settings are looked for when no file is named.
inline constexpr std::string_view kDefaultConfig =
    "/etc/badnessd/badnessd.toml";

// Why the settings cannot be used: sentences for the user and the exit code
// (66 no such file, 77 no permission, 78 wrong contents).
struct ConfigError {
  int exit_code = 0;
  std::string message;
};

struct LoadedSettings {
  Settings settings;
  std::string origin;  // the file, or that there was none
  // Where each setting that is no default was set, by its key as --set takes
  // it: "badnessd.toml:12" or "--set".
  std::map<std::string, std::string> origins{};
};

// Sets what the TOML `text` says; `name` stands for the file in errors, which
// give line and column and show the place.
[[nodiscard]] tl::expected<void, ConfigError> apply_toml(
    LoadedSettings& loaded, std::string_view text, const std::string& name);

// Sets one "key=value", as --set gives it.
[[nodiscard]] tl::expected<void, ConfigError> apply_assignment(
    LoadedSettings& loaded, std::string_view assignment);

// The defaults, then `path` or else the default file if it exists, then
// `assignments` in their order.
[[nodiscard]] tl::expected<LoadedSettings, ConfigError> load_settings(
    const std::optional<std::string>& path,
    const std::vector<std::string>& assignments);

}  // namespace badnessd
