// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/triggers.h"

#include <spdlog/fmt/fmt.h>

#include "badnessd/app/config/settings.h"
#include "badnessd/app/config/text.h"

namespace badnessd {
namespace {

// One condition of a trigger: the limit and the current value.
struct ConditionText {
  std::string wanted;
  std::string now;
};

ConditionText amount_condition(std::string_view what, const Amount& amount,
                               Kib value, Kib total) {
  return {
      fmt::format("{} < {} ({})", what, size_text(amount_kib(amount, total)),
                  amount_text(amount)),
      size_text(value)};
}

// The kernel's average nearest to the window.
std::string average_text(const PsiLine& line, Micros window_us) {
  constexpr Micros kLongest10 = 30'000'000;
  constexpr Micros kLongest60 = 180'000'000;
  return window_us <= kLongest10   ? "avg10 " + percent_text(line.avg10)
         : window_us <= kLongest60 ? "avg60 " + percent_text(line.avg60)
                                   : "avg300 " + percent_text(line.avg300);
}

ConditionText stall_condition(std::string_view kind, BasisPoints limit,
                              Micros window_us,
                              const std::optional<PsiLine>& line,
                              std::optional<BasisPoints> share) {
  return {fmt::format("{} stalls >= {} of {}", kind, percent_text(limit),
                      duration_text(window_us / 1'000'000)),
          share  ? percent_text(*share)
          : line ? average_text(*line, window_us)
                 : "not known"};
}

}  // namespace

std::string trigger_text(const Trigger& trigger, std::string_view cgroup,
                         const PressureReading& reading,
                         const std::optional<PressureHistory::Share>& stalls) {
  std::vector<ConditionText> conditions;
  if (trigger.mem_available_below) {
    conditions.push_back(
        amount_condition(cgroup.empty() ? "MemAvailable" : "available memory",
                         *trigger.mem_available_below,
                         reading.mem_available_kib, reading.mem_total_kib));
  }
  if (trigger.swap_free_below && reading.swap_total_kib != 0) {
    conditions.push_back(amount_condition(
        cgroup.empty() ? "SwapFree" : "free swap", *trigger.swap_free_below,
        reading.swap_free_kib, reading.swap_total_kib));
  }
  if (trigger.psi_some_above) {
    conditions.push_back(stall_condition(
        "some", *trigger.psi_some_above, trigger.psi_window_us,
        reading.psi_some, stalls ? std::optional(stalls->some) : std::nullopt));
  }
  if (trigger.psi_full_above) {
    conditions.push_back(stall_condition(
        "full", *trigger.psi_full_above, trigger.psi_window_us,
        reading.psi_full, stalls ? std::optional(stalls->full) : std::nullopt));
  }
  std::string wanted;
  std::string now;
  for (const ConditionText& condition : conditions) {
    const std::string_view joint = wanted.empty() ? "" : " and ";
    wanted += fmt::format("{}{}", joint, condition.wanted);
    now += fmt::format("{}{}", joint, condition.now);
  }
  return fmt::format("{}{} when {}{}; now {}{}",
                     trigger.action == Action::kKill ? "acts" : "warns",
                     cgroup.empty() ? std::string() : " in " + escaped(cgroup),
                     wanted,
                     trigger.for_us == 0
                         ? ""
                         : fmt::format(" for {} s", trigger.for_us / 1'000'000),
                     now,
                     trigger.swap_free_below && reading.swap_total_kib == 0
                         ? ", and there is no swap"
                         : "");
}

std::vector<std::string> triggers_text(const Policy& policy,
                                       const OomDomains& domains) {
  constexpr std::size_t kShown = 8;  // cgroups of one trigger
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < policy.triggers.size(); ++i) {
    const Trigger& trigger = policy.triggers[i];
    const auto add = [&](const OomDomain& domain) {
      if (domain.last) {
        lines.push_back(fmt::format(
            "{} {}", escaped(trigger.name),
            trigger_text(trigger, domain.cgroup, *domain.last,
                         domain.history.share(trigger.psi_window_us))));
      }
    };
    if (!trigger.scope) {
      add(domains.system);
      continue;
    }
    std::size_t count = 0;
    for (const OomDomain& domain : domains.cgroups) {
      if (domain.trigger == i && ++count <= kShown) {
        add(domain);
      }
    }
    if (count == 0 || count > kShown) {
      lines.push_back(fmt::format(
          "{} has {} in its scope ({}) now", escaped(trigger.name),
          count == 0 ? std::string("no cgroup")
                     : fmt::format("{} more cgroups", count - kShown),
          escaped(trigger.scope->text())));
    }
  }
  return lines;
}

}  // namespace badnessd
