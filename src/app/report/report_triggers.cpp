// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>

#include <fmt/core.h>

#include "badnessd/app/config/values.h"
#include "badnessd/app/report/report.h"

namespace badnessd {
namespace {

// The kernel's average nearest to the window.
std::string average_text(const PsiLine& line, Micros window_us) {
  constexpr Micros kLongest10 = 30 * kSecond;
  constexpr Micros kLongest60 = 180 * kSecond;
  return window_us <= kLongest10   ? "avg10 " + percent_text(line.avg10)
         : window_us <= kLongest60 ? "avg60 " + percent_text(line.avg60)
                                   : "avg300 " + percent_text(line.avg300);
}

// The current value of a condition on stalls.
std::string stall_text(const StallCondition& condition, const Trigger& trigger,
                       const PressureReading& reading,
                       const std::optional<PressureHistory::Share>& stalls) {
  const auto& line = reading.*condition.line;
  return stalls ? percent_text(*stalls.*condition.share)
         : line ? average_text(*line, trigger.psi_window_us)
                : "not known";
}

// What must still be lost before the conditions on amounts hold.
std::string headroom_text(const Trigger& trigger,
                          const PressureReading& reading) {
  Kib headroom = 0;
  for (const AmountCondition& condition : kAmountConditions) {
    headroom = std::max(headroom, condition.headroom_kib(trigger, reading));
  }
  return headroom == 0 ? "" : size_text(headroom) + " more must be lost";
}

}  // namespace

std::string trigger_text(const Trigger& trigger, std::string_view cgroup,
                         const PressureReading& reading,
                         const std::optional<PressureHistory::Share>& stalls) {
  std::string wanted;
  std::string now;
  std::string nothing;
  const auto add = [&](const std::string& condition, const std::string& value) {
    const std::string_view joint = wanted.empty() ? "" : " and ";
    wanted += fmt::format("{}{}", joint, condition);
    now += fmt::format("{}{}", joint, value);
  };
  for (const AmountCondition& it : kAmountConditions) {
    if (const auto limit = it.limit_kib(trigger, reading)) {
      add(fmt::format(
              "{} < {} ({})", cgroup.empty() ? it.name : it.name_in_cgroup,
              size_text(*limit), Codec<Amount>::format(*(trigger.*it.amount))),
          size_text(reading.*it.value));
    } else if (trigger.*it.amount) {
      nothing += fmt::format(
          ", and {}", reading.swap_useless ? it.useless_text : it.nothing_text);
    }
  }
  for (const StallCondition& it : kStallConditions) {
    if (const auto limit = trigger.*it.limit) {
      add(fmt::format("{} stalls >= {} of {}", it.name, percent_text(*limit),
                      duration_text(trigger.psi_window_us / kSecond)),
          stall_text(it, trigger, reading, stalls));
    }
  }
  return fmt::format(
      "{}{} when {}{}; now {}{}",
      trigger.action == Action::kKill ? "acts" : "warns",
      cgroup.empty() ? std::string() : " in " + escaped(cgroup), wanted,
      trigger.for_us == 0 ? ""
                          : fmt::format(" for {} s", trigger.for_us / kSecond),
      now, nothing);
}

std::string trigger_text(const Trigger& trigger, const OomDomain& domain) {
  return trigger_text(trigger, domain.cgroup, *domain.last,
                      domain.history.share(trigger.psi_window_us));
}

std::vector<std::string> triggers_text(const Policy& policy,
                                       const OomDomains& domains) {
  constexpr std::size_t kShown = 8;  // cgroups of one trigger
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < policy.triggers.size(); ++i) {
    const Trigger& trigger = policy.triggers[i];
    const auto add = [&](const OomDomain& domain) {
      if (domain.last) {
        const std::string headroom = headroom_text(trigger, *domain.last);
        lines.push_back(fmt::format("{} {}{}{}", escaped(trigger.name),
                                    trigger_text(trigger, domain),
                                    headroom.empty() ? "" : "; ", headroom));
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
