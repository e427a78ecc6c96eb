// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/config/render.h"

#include <fmt/core.h>

#include "badnessd/app/config/settings.h"
#include "badnessd/app/config/text.h"

namespace badnessd {

std::string options_help() {
  const auto entry = [](std::string_view name, const auto& option) {
    return fmt::format(
        "  {}\n{}", name,
        wrapped(fmt::format("Takes {}. {}", option.values, option.help),
                "      "));
  };
  std::string text = "Settings (--set KEY=VALUE, or in the TOML file):\n";
  for (const auto& option : options_of<Settings>()) {
    text += entry(fmt::format("{}={}", option.key, option.text(Settings{})),
                  option);
  }
  text +=
      "\nTriggers (--set trigger.NAME.KEY=VALUE, or [[trigger]] tables with a "
      "name,\nwhich replace the ones below):\n";
  for (const Trigger& trigger : default_triggers()) {
    for (const auto& option : options_of<Trigger>()) {
      const std::string value = option.text(trigger);
      if (!value.empty()) {
        text += fmt::format("  trigger.{}.{}={}\n", trigger.name, option.key,
                            value);
      }
    }
  }
  for (const auto& option : options_of<Trigger>()) {
    text += entry(option.key, option);
  }
  text +=
      "\nRules ([[rule]] tables; all that is given must match, and of several "
      "rules the\nfirst that does counts; --set rule.NAME.KEY=VALUE changes "
      "one):\n";
  for (const auto& option : options_of<Rule>()) {
    text += entry(option.key, option);
  }
  return text;
}

std::vector<std::pair<std::string, std::string>> settings_in_force(
    const Settings& settings) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& option : options_of<Settings>()) {
    all.emplace_back(option.key, option.text(settings));
  }
  const auto add_all = [&]<class T>(std::string_view kind,
                                    const std::vector<T>& list) {
    for (const T& target : list) {
      for (const auto& option : options_of<T>()) {
        if (std::string value = option.text(target); !value.empty()) {
          all.emplace_back(
              fmt::format("{}.{}.{}", kind, target.name, option.key),
              std::move(value));
        }
      }
    }
  };
  add_all("trigger", settings.policy.triggers);
  add_all("rule", settings.policy.rules);
  return all;
}

}  // namespace badnessd
