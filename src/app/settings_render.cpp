// SPDX-License-Identifier: GPL-2.0-only
// The table of options as people read it.
#include <spdlog/fmt/fmt.h>

#include "badnessd/app/settings.h"
#include "badnessd/app/text.h"

namespace badnessd {
namespace {

// A value as TOML writes it: a number bare, a list in brackets, text in quotes.
template <class T>
std::string toml_value(const T& target, const Option<T>& option) {
  std::string text = option_text(target, option);
  if (std::holds_alternative<std::uint32_t T::*>(option.member)) {
    return text;
  }
  std::string items;
  for (const std::string_view item : split_list(text)) {
    items += fmt::format("{}\"{}\"", items.empty() ? "" : ", ", item);
  }
  return text.find(',') == std::string::npos ? items
                                             : fmt::format("[{}]", items);
}

}  // namespace

std::string options_help() {
  const auto entry = [](std::string_view name, const auto& option) {
    return fmt::format(
        "  {}\n{}", name,
        wrapped(fmt::format("Takes {}. {}", option.values, option.help),
                "      "));
  };
  std::string text = "Settings (--set KEY=VALUE, or in the TOML file):\n";
  for (const auto& option : options()) {
    text +=
        entry(fmt::format("{}={}", option.key, option_text(Settings{}, option)),
              option);
  }
  text +=
      "\nTriggers (--set trigger.NAME.KEY=VALUE, or [[trigger]] tables with a "
      "name,\nwhich replace the ones below):\n";
  for (const Trigger& trigger : default_triggers()) {
    for (const auto& option : trigger_options()) {
      const std::string value = option_text(trigger, option);
      if (!value.empty()) {
        text += fmt::format("  trigger.{}.{}={}\n", trigger.name, option.key,
                            value);
      }
    }
  }
  for (const auto& option : trigger_options()) {
    text += entry(option.key, option);
  }
  return text;
}

std::string default_config() {
  std::string text = wrapped(
      "badnessd.toml: every setting with its default. This file is rendered "
      "from the program's own table of options.",
      "# ");
  std::string_view table;
  for (const auto& option : options()) {
    const std::size_t dot = option.key.find('.');
    if (table != option.key.substr(0, dot)) {
      table = option.key.substr(0, dot);
      text += fmt::format("\n[{}]\n", table);
    }
    text +=
        wrapped(fmt::format("{} Takes {}.", option.help, option.values), "# ");
    text += fmt::format("{} = {}\n", option.key.substr(dot + 1),
                        toml_value(Settings{}, option));
  }
  text +=
      "\n" +
      wrapped(
          "Triggers: badnessd acts when all conditions of any one of them "
          "hold. If "
          "this file has any, they replace the two that are built in. What a "
          "trigger takes:",
          "# ");
  for (const auto& option : trigger_options()) {
    text += wrapped(
        fmt::format("{}: {} Takes {}.", option.key, option.help, option.values),
        "#   ");
  }
  for (const Trigger& trigger : default_triggers()) {
    text += fmt::format("\n[[trigger]]\nname = \"{}\"\n", trigger.name);
    for (const auto& option : trigger_options()) {
      if (!option_text(trigger, option).empty()) {
        text +=
            fmt::format("{} = {}\n", option.key, toml_value(trigger, option));
      }
    }
  }
  return text;
}

}  // namespace badnessd
