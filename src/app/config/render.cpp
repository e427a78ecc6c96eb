// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/config/render.h"

#include <fmt/core.h>

#include "badnessd/app/config/settings.h"
#include "badnessd/app/config/text.h"

namespace badnessd {
namespace {

// A value as TOML writes it: a number bare, a list in brackets, text in quotes.
template <class T>
std::string toml_value(const T& target, const Option<T>& option) {
  std::string text = option.text(target);
  if (option.bare) {
    return text;
  }
  std::string items;
  for (const std::string_view item : split_list(text)) {
    items += fmt::format("{}\"{}\"", items.empty() ? "" : ", ", item);
  }
  return text.find(',') == std::string::npos ? items
                                             : fmt::format("[{}]", items);
}

// Examples of rules for four kinds of host. Commented out: the administrator
// decides which processes must live.
constexpr std::string_view kExamples = R"(
# A database host: the server and its backends are never killed.
# [[rule]]
# name = "database"
# exe = ["/usr/lib/postgresql/*/bin/postgres", "/usr/sbin/mariadbd"]
# user = ["postgres", "mysql"]
# protect = true
#
# A build host: what the build users run is killed before anything else.
# [[rule]]
# name = "builds"
# user = ["jenkins", "gitlab-runner", "2000-2999"]
# oom_adj = 8
#
# A Kubernetes node: the node's own services are never killed. The kubelet gives
# best-effort pods an oom_score_adj of 1000; with 6 they go early, but a larger
# process still goes before them.
# [[rule]]
# name = "node"
# unit = ["kubelet.service", "containerd.service", "crio.service"]
# protect = true
# [[rule]]
# name = "best-effort"
# cgroup = "kubepods.slice/kubepods-besteffort.slice"
# oom_adj = 6
#
# A shell server: logging in stays possible. A user who runs short of the memory
# that MemoryMax= of user-.slice allows loses one process of that slice.
# [[rule]]
# name = "way in"
# unit = ["ssh.service", "systemd-logind.service"]
# protect = true
# [[trigger]]
# name = "user"
# scope = "user.slice/user-*.slice"
# mem_available_below = "5%"
)";

// The accepted values of each option in a table, for the file.
template <class T>
std::string options_comment(std::span<const Option<T>> table) {
  std::string text;
  for (const auto& option : table) {
    text += wrapped(
        fmt::format("{}: {} Takes {}.", option.key, option.help, option.values),
        "#   ");
  }
  return text;
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
  text += options_comment(trigger_options());
  for (const Trigger& trigger : default_triggers()) {
    text += fmt::format("\n[[trigger]]\nname = \"{}\"\n", trigger.name);
    for (const auto& option : trigger_options()) {
      if (!option.text(trigger).empty()) {
        text +=
            fmt::format("{} = {}\n", option.key, toml_value(trigger, option));
      }
    }
  }
  text +=
      "\n" +
      wrapped(
          "Rules: a rule gives the processes that it matches an oom_adj, as if "
          "it had been written to /proc/PID/oom_adj; the score stays "
          "2.6.32's. A process must match every condition of a rule, and the "
          "first rule that matches counts. In a glob, * matches any text, "
          "also '/' and the empty text; ? matches one byte, [a-z] one byte of "
          "a set. 'badnessd check' shows which processes each rule matches, "
          "and what is wrong with it. What a rule takes:",
          "# ");
  text += options_comment(rule_options());
  text += kExamples;
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
