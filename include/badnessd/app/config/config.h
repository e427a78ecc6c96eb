// SPDX-License-Identifier: GPL-2.0-only
// Converts the configuration file and --set to Settings.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "badnessd/app/config/settings.h"

namespace badnessd {

// sysexits.h. A service manager can distinguish a configuration mistake from a
// fault.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 64;
inline constexpr int kExitNoInput = 66;  // no such process, file or directory
inline constexpr int kExitPermission = 77;
inline constexpr int kExitConfig = 78;

// The configuration file if the command line names none.
inline constexpr std::string_view kDefaultConfig =
    "/etc/badnessd/badnessd.toml";

// The reason why the settings are unusable: sentences for the user and the exit
// code (66 no such file, 77 no permission, 78 wrong contents).
struct ConfigError {
  int exit_code = 0;
  std::string message;
};

struct LoadedSettings {
  Settings settings;
  std::string origin;  // the file, or a note that there was none
  // The origin of each setting that is not a default, by its --set key:
  // "badnessd.toml:12" or "--set".
  std::map<std::string, std::string> origins{};
};

// Applies the TOML `text`. Errors name the file `name`, give line and column
// and show the place.
[[nodiscard]] tl::expected<void, ConfigError> apply_toml(
    LoadedSettings& loaded, std::string_view text, const std::string& name);

// Applies one "key=value" of --set.
[[nodiscard]] tl::expected<void, ConfigError> apply_assignment(
    LoadedSettings& loaded, std::string_view assignment);

// Applies the defaults, then `path` (or else the default file, if it exists),
// then `assignments` in their order.
[[nodiscard]] tl::expected<LoadedSettings, ConfigError> load_settings(
    const std::optional<std::string>& path,
    const std::vector<std::string>& assignments);

}  // namespace badnessd
