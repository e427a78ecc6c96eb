// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/report.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <spdlog/fmt/fmt.h>

#include "badnessd/app/config/names.h"
#include "badnessd/app/config/settings.h"
#include "badnessd/engine/ranking.h"

namespace badnessd {
namespace {

constexpr auto kFactors = names_up_to<Factor::kOomAdj>(
    {"oom_disable", "no_mm", "total_vm", "rss+swap", "oom_origin", "children",
     "cpu_time", "run_time", "nice", "sys_admin", "sys_rawio", "mems_allowed",
     "oom_adj"});
constexpr auto kOps =
    names_up_to<Op::kShiftRight>({"set", "add", "multiply", "divide",
                                  "at_least", "shift_left", "shift_right"});
constexpr auto kSymbols =
    names_up_to<Op::kShiftRight>({"=", "+", "*", "/", "at least", "<<", ">>"});
constexpr auto kSkips =
    names_up_to<Skip::kOutOfScope>({"", "no memory", "init", "oom_adj -17",
                                    "badnessd", "set aside", "out of scope"});

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

std::string psi_text(const PressureReading& reading) {
  if (!reading.psi_some) {
    return "no pressure information";
  }
  std::string text =
      fmt::format("stalled some {}", percent_text(reading.psi_some->avg10));
  if (reading.psi_full) {
    text += fmt::format(", full {}", percent_text(reading.psi_full->avg10));
  }
  return text + " of the last 10 s";
}

}  // namespace

std::string_view name_of(Factor factor) {
  return kFactors[factor];
}

std::string_view name_of(Op op) {
  return kOps[op];
}

std::string_view symbol_of(Op op) {
  return kSymbols[op];
}

std::string_view name_of(Skip skip) {
  return kSkips[skip];
}

std::string task_text(std::int32_t pid, std::string_view name) {
  return fmt::format("{} ({})", pid, escaped(name));
}

std::string task_text(const Task& task) {
  return task_text(task.id.pid, task.name());
}

std::string rule_name(const Task& task, const Policy& policy) {
  return task.rules == 0 ? ""
                         : escaped(policy.rules[first_of(task.rules)].name);
}

std::string owner_text(const Task& task) {
  return task.uid ? fmt::format("uid {}", *task.uid) : "uid unknown";
}

std::string ledger_text(const Score& score) {
  std::string text;
  for (const Step& step : score.steps()) {
    if (step.op == Op::kSet) {
      text = fmt::format("{} {}", name_of(step.factor), step.operand);
    } else {
      text += fmt::format(", {} {} {}", symbol_of(step.op), step.operand,
                          name_of(step.factor));
    }
  }
  return fmt::format("{} = {}", text, score.points());
}

std::string error_text(const Error& error) {
  // EBADMSG, a malformed text: `what` is the whole message.
  return error.code == EBADMSG
             ? std::string(error.what)
             : fmt::format("{}: {}", error.what, std::strerror(error.code));
}

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
                                       const PolicyState& state) {
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
      add(state.system);
      continue;
    }
    std::size_t count = 0;
    for (const OomDomain& domain : state.cgroups) {
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

std::string reading_text(const PressureReading& reading) {
  const std::string swap =
      reading.swap_total_kib == 0
          ? "no swap"
          : fmt::format("swap {} free of {}", size_text(reading.swap_free_kib),
                        size_text(reading.swap_total_kib));
  return fmt::format("{}{} available of {}, {}, {}",
                     reading.mem_available_estimated ? "about " : "",
                     size_text(reading.mem_available_kib),
                     size_text(reading.mem_total_kib), swap, psi_text(reading));
}

}  // namespace badnessd
