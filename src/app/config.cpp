// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/config.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <spdlog/fmt/fmt.h>
#include <toml.hpp>

#include "badnessd/app/exit_code.h"
#include "badnessd/app/text.h"

namespace badnessd {
namespace {

using Result = tl::expected<void, ConfigError>;

tl::unexpected<ConfigError> config_error(std::string message) {
  return tl::unexpected(ConfigError{kExitConfig, std::move(message)});
}

tl::unexpected<ConfigError> error_at(const toml::value& value,
                                     const std::string& title,
                                     const std::string& comment) {
  return config_error(toml::format_error(title, value, comment));
}

// The form in which set_option() takes a TOML value; empty for what no option
// takes (dates, floats, nested lists).
std::string text_of(const toml::value& value) {
  if (value.is_string()) {
    return value.as_string().str;
  }
  if (value.is_integer()) {
    return std::to_string(value.as_integer());
  }
  std::string text;
  if (value.is_array()) {
    for (const toml::value& item : value.as_array()) {
      if (!item.is_string()) {
        return {};
      }
      text += (text.empty() ? "" : ",") + item.as_string().str;
    }
  }
  return text;
}

Result apply_value(Settings& settings, const toml::value& value,
                   const std::string& key) {
  const Option* option = find_option(key);
  if (option == nullptr) {
    return error_at(value, unknown_key(key), "remove it or mend its name");
  }
  const auto set = set_option(settings, *option, text_of(value));
  if (!set) {
    return error_at(value, fmt::format("wrong value for {}", key),
                    fmt::format("takes {}", option->values));
  }
  return {};
}

// Every setting stands in a table; what is nested deeper, or not at all, has a
// name that no setting has.
Result apply_root(Settings& settings, const toml::value& root) {
  for (const auto& [table, entries] : root.as_table()) {
    if (!entries.is_table()) {
      return apply_value(settings, entries, table);
    }
    for (const auto& [name, value] : entries.as_table()) {
      const std::string key = fmt::format("{}.{}", table, name);
      if (Result applied = apply_value(settings, value, key); !applied) {
        return applied;
      }
    }
  }
  return {};
}

tl::expected<std::string, ConfigError> read_text(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file) {
    text << file.rdbuf();
  }
  if (!file || text.fail()) {
    const int code = errno;
    return tl::unexpected(
        ConfigError{code == EACCES ? kExitPermission : kExitNoInput,
                    fmt::format("cannot read the configuration file {}: {}",
                                escaped(path), std::strerror(code))});
  }
  return text.str();
}

}  // namespace

Result apply_toml(Settings& settings, std::string_view text,
                  const std::string& name) {
  // toml11 reports errors by exceptions; they end here.
  try {
    std::istringstream stream{std::string(text)};
    return apply_root(settings, toml::parse(stream, name));
  } catch (const toml::exception& error) {
    return config_error(error.what());
  } catch (const std::exception& error) {
    return config_error(fmt::format("{}: {}", escaped(name), error.what()));
  }
}

Result apply_assignment(Settings& settings, std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos) {
    return config_error(
        fmt::format("--set takes KEY=VALUE, not '{}'", escaped(assignment)));
  }
  const std::string_view key = assignment.substr(0, equals);
  const Option* option = find_option(key);
  if (option == nullptr) {
    return config_error("--set: " + unknown_key(key));
  }
  return set_option(settings, *option, assignment.substr(equals + 1))
      .map_error([](const std::string& why) {
        return ConfigError{kExitConfig, "--set: " + why};
      });
}

tl::expected<LoadedSettings, ConfigError> load_settings(
    const std::optional<std::string>& path,
    const std::vector<std::string>& assignments) {
  LoadedSettings loaded;
  const std::string file = path.value_or(std::string(kDefaultConfig));
  const auto text = read_text(file);
  if (text) {
    if (auto applied = apply_toml(loaded.settings, *text, file); !applied) {
      return tl::unexpected(applied.error());
    }
    loaded.origin = file;
  } else if (path || text.error().exit_code != kExitNoInput) {
    return tl::unexpected(text.error());
  } else {
    loaded.origin = fmt::format("built-in defaults, there is no {}", file);
  }
  for (const std::string& assignment : assignments) {
    if (auto applied = apply_assignment(loaded.settings, assignment);
        !applied) {
      return tl::unexpected(applied.error());
    }
  }
  if (!assignments.empty()) {
    loaded.origin += ", and --set";
  }
  return loaded;
}

}  // namespace badnessd
