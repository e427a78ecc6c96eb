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
  for (const auto& option : options()) {
    text += entry(fmt::format("{}={}", option.key, option.text(Settings{})),
                  option);
  }
  text +=
      "\nTriggers (--set trigger.NAME.KEY=VALUE, or [[trigger]] tables with a "
      "name,\nwhich replace the ones below):\n";
  for (const Trigger& trigger : default_triggers()) {
    for (const auto& option : trigger_options()) {
      const std::string value = option.text(trigger);
      if (!value.empty()) {
        text += fmt::format("  trigger.{}.{}={}\n", trigger.name, option.key,
                            value);
      }
    }
  }
  for (const auto& option : trigger_options()) {
    text += entry(option.key, option);
  }
  text +=
      "\nRules ([[rule]] tables; all that is given must match, and of several "
      "rules the\nfirst that does counts; --set rule.NAME.KEY=VALUE changes "
      "one):\n";
  for (const auto& option : rule_options()) {
    text += entry(option.key, option);
  }
  return text;
}

std::vector<std::pair<std::string, std::string>> settings_in_force(
    const Settings& settings) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& option : options()) {
    all.emplace_back(option.key, option.text(settings));
  }
  const auto add_all = [&](std::string_view kind, const auto& list) {
    for (const auto& target : list) {
      for (const auto& option : options_of(target)) {
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
