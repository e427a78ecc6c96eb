// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/config/config.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sstream>
#include <type_traits>

#include <fmt/core.h>
#include <toml.hpp>

#include "badnessd/app/config/settings.h"
#include "badnessd/app/config/text.h"
#include "badnessd/system/proc/fields.h"

namespace badnessd {
namespace {

using Result = tl::expected<void, ConfigError>;

tl::unexpected<ConfigError> config_error(std::string message) {
  // What toml11 4 draws ends with a newline.
  message.erase(message.find_last_not_of('\n') + 1);
  return tl::unexpected(ConfigError{kExitConfig, std::move(message)});
}

tl::unexpected<ConfigError> error_at(const toml::value& value,
                                     const std::string& title,
                                     const std::string& comment) {
  return config_error(toml::format_error(title, value, comment));
}

// The line of a value. Version 4 of toml11 has another name for it than 3.
template <class Location>
auto line_of(const Location& place) {
  if constexpr (requires { place.line(); }) {
    return place.line();
  } else {
    return place.first_line_number();
  }
}

// A TOML value in the form of set_option(); none for a type that no option
// accepts (dates, floats, nested and empty lists).
std::optional<std::string> text_of(const toml::value& value) {
  if (value.is_string()) {
    return toml::get<std::string>(value);
  }
  if (value.is_integer()) {
    return std::to_string(value.as_integer());
  }
  if (value.is_boolean()) {
    return value.as_boolean() ? "true" : "false";
  }
  std::string text;
  if (value.is_array()) {
    for (const toml::value& item : value.as_array()) {
      if (!item.is_string()) {
        return std::nullopt;
      }
      text += (text.empty() ? "" : ",") + toml::get<std::string>(item);
    }
  }
  return text.empty() ? std::nullopt : std::optional(text);
}

// Calls apply(it) for all of a list, until one fails.
template <class List, class Apply>
Result apply_each(const List& list, Apply apply) {
  for (const auto& it : list) {
    if (Result applied = apply(it); !applied) {
      return applied;
    }
  }
  return {};
}

// Sets `key` of `target` from a value of the file. `prefix` plus `key` is the
// full name of the setting, e.g. "trigger.low." plus "psi_window".
template <class T>
Result apply_value(T& target, const toml::value& value, const std::string& key,
                   LoadedSettings& loaded, const std::string& prefix = {}) {
  const auto text = text_of(value);
  const SetResult set = set_option(target, key, text.value_or(""));
  if (!set || !text) {
    return error_at(value, set ? key + " takes text" : set.error(), "here");
  }
  const toml::source_location place = value.location();
  loaded.origins[prefix + key] =
      fmt::format("{}:{}", place.file_name(), line_of(place));
  return {};
}

// Applies a [[trigger]] or [[rule]] table. `name` is not a setting: it is the
// name of the table. The name of a rule defaults to its number.
template <class T>
Result apply_named(std::vector<T>& list, const toml::value& table,
                   std::string_view kind, LoadedSettings& loaded) {
  if (!table.is_table()) {
    return error_at(table, fmt::format("a {} is a table", kind),
                    fmt::format("write [[{}]]", kind));
  }
  T& target = list.emplace_back();
  if (std::is_same_v<T, Rule>) {
    target.name = fmt::format("{}", list.size());
  }
  if (table.contains("name") && table.at("name").is_string()) {
    target.name = toml::get<std::string>(table.at("name"));
  }
  const std::string prefix = fmt::format("{}.{}.", kind, target.name);
  Result applied = apply_each(table.as_table(), [&](const auto& entry) {
    const auto& [key, value] = entry;
    return key == "name" && value.is_string()
               ? Result()
               : apply_value(target, value, key, loaded, prefix);
  });
  if (!applied) {
    return applied;
  }
  // Report only contradictions of this table here; the others follow later.
  for (const Contradiction& found : contradictions(loaded.settings)) {
    if (found.about == &target) {
      return error_at(table, found.sentence, fmt::format("this {}", kind));
    }
  }
  return {};
}

// The tables of one kind replace all previous ones.
template <class T>
Result apply_list(std::vector<T>& list, const toml::value& tables,
                  std::string_view kind, LoadedSettings& loaded) {
  if (!tables.is_array()) {
    return error_at(tables, fmt::format("{}s are a list", kind),
                    fmt::format("write [[{}]]", kind));
  }
  list.clear();
  return apply_each(tables.as_array(), [&](const toml::value& table) {
    return apply_named(list, table, kind, loaded);
  });
}

// Every other setting is in a table, e.g. [log]. A key outside a table, or
// nested deeper, matches no setting.
Result apply_root(LoadedSettings& loaded, const toml::value& root) {
  Policy& policy = loaded.settings.policy;
  return apply_each(root.as_table(), [&](const auto& top) {
    const std::string& table = top.first;
    const toml::value& entries = top.second;
    if (table == "trigger") {
      return apply_list(policy.triggers, entries, table, loaded);
    }
    if (table == "rule") {
      return apply_list(policy.rules, entries, table, loaded);
    }
    if (!entries.is_table()) {
      return apply_value(loaded.settings, entries, table, loaded);
    }
    return apply_each(entries.as_table(), [&](const auto& entry) {
      return apply_value(loaded.settings, entry.second,
                         fmt::format("{}.{}", table, entry.first), loaded);
    });
  });
}

// Sets KEY of the item NAME in `list`; `rest` is "NAME.KEY".
template <class T>
SetResult assign_in(std::vector<T>& list, std::string_view kind,
                    std::string_view rest, std::string_view value) {
  const std::size_t dot = std::min(rest.rfind('.'), rest.size());
  const std::string_view name = rest.substr(0, dot);
  std::string names;
  for (T& target : list) {
    if (target.name == name && dot != rest.size()) {
      return set_option(target, rest.substr(dot + 1), value);
    }
    names +=
        fmt::format("{}'{}'", names.empty() ? "" : ", ", escaped(target.name));
  }
  return tl::unexpected(fmt::format(
      "there is no {} '{}'; {}", kind, escaped(name),
      names.empty()
          ? fmt::format("the file has no [[{}]]", kind)
          : fmt::format("it is {}.NAME.KEY with one of {}", kind, names)));
}

// "KEY", "trigger.NAME.KEY" or "rule.NAME.KEY".
SetResult assign(Settings& settings, std::string_view key,
                 std::string_view value) {
  const std::string_view kind = key.substr(0, key.find('.'));
  const std::string_view rest =
      key.substr(std::min(kind.size() + 1, key.size()));
  return kind == "trigger"
             ? assign_in(settings.policy.triggers, kind, rest, value)
         : kind == "rule" ? assign_in(settings.policy.rules, kind, rest, value)
                          : set_option(settings, key, value);
}

tl::expected<std::string, ConfigError> read_text(const std::string& path) {
  constexpr std::size_t kMost = std::size_t{1} << 20;
  FileReader reader;
  const auto text = reader.read_first(AT_FDCWD, path.c_str(), kMost + 1);
  if (!text) {
    const int code = text.error().code;
    return tl::unexpected(
        ConfigError{code == EACCES ? kExitPermission : kExitNoInput,
                    fmt::format("cannot read the configuration file {}: {}",
                                escaped(path), std::strerror(code))});
  }
  if (text->size() > kMost) {
    return config_error(fmt::format(
        "{} is larger than 1 MiB: it is no configuration file", escaped(path)));
  }
  return std::string(*text);
}

// An error report quotes the file, and the file may hold any byte.
std::string escaped_lines(std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    lines += escaped(take_line(text)) + "\n";
  }
  return lines;
}

}  // namespace

Result apply_toml(LoadedSettings& loaded, std::string_view text,
                  const std::string& name) {
  // toml11 reports errors by exceptions. All are caught here.
  try {
    std::istringstream stream{std::string(text)};
    return apply_root(loaded, toml::parse(stream, name));
  } catch (const toml::exception& error) {
    return config_error(escaped_lines(error.what()));
  } catch (const std::exception& error) {
    return config_error(fmt::format("{}: {}", escaped(name), error.what()));
  }
}

Result apply_assignment(LoadedSettings& loaded, std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos) {
    return config_error(
        fmt::format("--set takes KEY=VALUE, not '{}'", escaped(assignment)));
  }
  const std::string_view key = assignment.substr(0, equals);
  const auto set = assign(loaded.settings, key, assignment.substr(equals + 1));
  if (!set) {
    return config_error("--set: " + set.error());
  }
  loaded.origins[std::string(key)] = "--set";
  return {};
}

tl::expected<LoadedSettings, ConfigError> load_settings(
    const std::optional<std::string>& path,
    const std::vector<std::string>& assignments) {
  LoadedSettings loaded;
  const std::string file = path.value_or(std::string(kDefaultConfig));
  const auto text = read_text(file);
  if (text) {
    if (auto applied = apply_toml(loaded, *text, file); !applied) {
      return tl::unexpected(applied.error());
    }
    loaded.origin = file;
  } else if (path || text.error().exit_code != kExitNoInput) {
    return tl::unexpected(text.error());
  } else {
    loaded.origin = fmt::format("built-in defaults, there is no {}", file);
  }
  for (const std::string& assignment : assignments) {
    if (auto applied = apply_assignment(loaded, assignment); !applied) {
      return tl::unexpected(applied.error());
    }
  }
  if (!assignments.empty()) {
    loaded.origin += ", and --set";
  }
  if (const auto found = contradictions(loaded.settings); !found.empty()) {
    return config_error(
        fmt::format("{}: {}", loaded.origin, found.front().sentence));
  }
  return loaded;
}

}  // namespace badnessd
