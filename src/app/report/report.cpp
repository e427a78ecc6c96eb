// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/report.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/core.h>

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

// The gaps that are counters, with one sentence each.
struct CountedFact {
  std::uint32_t Gaps::*count;
  std::string_view one, many, sentence;
};
constexpr std::array<CountedFact, 6> kCountedFacts{{
    {&Gaps::children_by_ppid, "parent", "parents",
     "children by PPid, which counts those of other threads too"},
    {&Gaps::mm_identity_unknown, "child", "children",
     "could share the parent's memory; counted as separate"},
    {&Gaps::userns_unreadable, "process", "processes",
     "capabilities not credited: the user namespace is not readable (it "
     "needs CAP_SYS_PTRACE)"},
    {&Gaps::nodes_unknown, "process", "processes",
     "memory nodes unknown; taken as shared with badnessd"},
    {&Gaps::unreadable, "process", "processes",
     "could not be read (hidepid? it needs CAP_SYS_PTRACE)"},
    {&Gaps::malformed, "process", "processes",
     "left out: its /proc text is not what a kernel writes"},
}};

}  // namespace

std::string_view name_of(Factor factor) {
  return kFactors[static_cast<std::size_t>(factor)];
}

std::string_view name_of(Op op) {
  return kOps[static_cast<std::size_t>(op)];
}

std::string_view symbol_of(Op op) {
  return kSymbols[static_cast<std::size_t>(op)];
}

std::string_view name_of(Skip skip) {
  return kSkips[static_cast<std::size_t>(skip)];
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

std::string burden_text(const Task& task, const Decision& decision) {
  constexpr Micros kSecond = 1'000'000;
  const std::string holds =
      fmt::format("holds {} and reserves {}", size_text(task.held_kib()),
                  size_text(task.total_vm * decision.page_kib));
  return decision.loss
             ? fmt::format(
                   "took {} of the {} that were lost in {}, {}",
                   size_text(task.took_kib), size_text(decision.loss->lost_kib),
                   duration_text(decision.loss->since_us / kSecond), holds)
             : holds;
}

std::vector<std::string> blame_text(const Decision& decision) {
  std::vector<std::string> sentences;
  if (decision.blame == Blame::kHeld) {
    sentences.emplace_back(
        decision.loss
            ? "no process took as much as is needed, so the greatest score for "
              "what a process holds decided"
            : "it is not known which process took the memory, so the greatest "
              "score for what a process holds decided");
  }
  if (decision.pool) {
    const Pool& pool = *decision.pool;
    sentences.push_back(fmt::format(
        "no process took the {} that are needed, but {} children of {} called "
        "{} took {} together",
        size_text(decision.needed_kib), pool.members, pool.parent.pid,
        escaped(pool.comm.data()), size_text(pool.took_kib)));
  }
  if (decision.loss) {
    const Loss& loss = *decision.loss;
    const Kib no_process = loss.shmem_kib + loss.slab_kib;
    if (no_process >= loss.lost_kib / 2 &&
        decision.victim.took_kib < loss.lost_kib / 2) {
      sentences.push_back(fmt::format(
          "of the {} that were lost, tmpfs and shared memory (Shmem) grew by "
          "{} and kernel memory (SUnreclaim) by {}: no kill brings that back",
          size_text(loss.lost_kib), size_text(loss.shmem_kib),
          size_text(loss.slab_kib)));
    }
  }
  return sentences;
}

std::string reclaim_text(const Decision& decision) {
  const std::string with_it =
      decision.victim.pid_ns_init
          ? fmt::format(", {} of it from its container, which dies with it",
                        size_text(decision.victim.with_it_kib))
          : std::string();
  return fmt::format("its death gives back at least {}{}; {} are needed",
                     size_text(decision.victim.death_kib()), with_it,
                     size_text(decision.needed_kib));
}

std::string_view name_of(Blame blame) {
  constexpr auto kNames = names_up_to<Blame::kHeld>({"none", "took", "held"});
  return kNames[static_cast<std::size_t>(blame)];
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

std::vector<std::string> gaps_text(const Gaps& gaps) {
  std::vector<std::string> sentences;
  for (const CountedFact& fact : kCountedFacts) {
    if (gaps.*fact.count != 0) {
      sentences.push_back(fmt::format(
          "{}: {}", count_text(gaps.*fact.count, fact.one, fact.many),
          fact.sentence));
    }
  }
  if (!gaps.init_visible) {
    sentences.emplace_back(
        "pid 1 is not visible (hidepid?): there may be more processes than "
        "these");
  }
  if (!gaps.swap_known) {
    sentences.emplace_back("no VmSwap on this kernel: swap counts as 0");
  }
  if (gaps.oom_adj_converted) {
    sentences.emplace_back(
        "oom_adj is converted from oom_score_adj as the kernel did");
  }
  if (!gaps.kernel26) {
    sentences.emplace_back(
        "PF_OOM_ORIGIN (swapoff, KSM) is not visible on this kernel; CPU time "
        "is what stat shows, which is scaled");
  }
  return sentences;
}

}  // namespace badnessd
