// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report.h"

#include <array>

#include <spdlog/fmt/fmt.h>

#include "badnessd/app/ranking.h"
#include "badnessd/app/settings.h"

namespace badnessd {
namespace {

constexpr std::array<std::string_view, 13> kRules{
    "oom_disable", "no_mm",        "total_vm", "rss+swap", "oom_origin",
    "children",    "cpu_time",     "run_time", "nice",     "sys_admin",
    "sys_rawio",   "mems_allowed", "oom_adj"};
constexpr std::array<std::string_view, 7> kOps{
    "set",      "add",        "multiply",   "divide",
    "at_least", "shift_left", "shift_right"};
constexpr std::array<std::string_view, 7> kSymbols{"=",        "+",  "*", "/",
                                                   "at least", "<<", ">>"};
constexpr std::array<std::string_view, 5> kSkips{"", "no memory", "init",
                                                 "badnessd", "oom_adj -17"};

std::string condition_text(std::string_view what, const Amount& amount,
                           Kib total_kib) {
  return fmt::format("{} < {} ({})", what,
                     size_text(amount_kib(amount, total_kib)),
                     amount_text(amount));
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

std::string outcome_text(const KillOutcome& outcome) {
  switch (outcome.kind) {
    case KillOutcome::Kind::kExited:
      return fmt::format("gone {} ms after SIGKILL", outcome.waited.count());
    case KillOutcome::Kind::kStillAlive:
      return fmt::format("still alive {} ms after SIGKILL",
                         outcome.waited.count());
    case KillOutcome::Kind::kVanished:
      return "it had exited before the signal";
    case KillOutcome::Kind::kNotSent:
      return "nothing was signalled";
    case KillOutcome::Kind::kRefused:
      return "never signalled: init, a kernel thread or badnessd itself";
    case KillOutcome::Kind::kFailed:
      return fmt::format("{} failed with error {}", outcome.error.what,
                         outcome.error.code);
  }
  return {};
}

std::string_view verb_of(KillOutcome::Kind kind) {
  switch (kind) {
    case KillOutcome::Kind::kExited:
    case KillOutcome::Kind::kStillAlive:
      return "killed";
    case KillOutcome::Kind::kNotSent:
      return "would kill";
    case KillOutcome::Kind::kVanished:
    case KillOutcome::Kind::kRefused:
    case KillOutcome::Kind::kFailed:
      return "did not kill";
  }
  return {};
}

// The unknowns that are counts, with one sentence each.
struct CountedFact {
  std::uint32_t Facts::*count;
  std::string_view one, many, sentence;
};
constexpr std::array<CountedFact, 6> kCountedFacts{{
    {&Facts::children_by_ppid, "parent", "parents",
     "children by PPid, which counts those of other threads too"},
    {&Facts::mm_identity_unknown, "child", "children",
     "could share the parent's memory; counted as separate"},
    {&Facts::userns_unreadable, "process", "processes",
     "capabilities not credited: the user namespace is not readable (try as "
     "root)"},
    {&Facts::nodes_unknown, "process", "processes",
     "memory nodes unknown; taken as shared with badnessd"},
    {&Facts::unreadable, "process", "processes",
     "could not be read (hidepid? try as root)"},
    {&Facts::malformed, "process", "processes",
     "left out: its /proc text is not what a kernel writes"},
}};

}  // namespace

std::string_view name_of(Rule rule) {
  return kRules[static_cast<std::size_t>(rule)];
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

std::string owner_text(const Task& task) {
  return task.uid ? fmt::format("uid {}", *task.uid) : "uid unknown";
}

std::string ledger_text(const Score& score) {
  std::string text;
  for (const Step& step : score.steps()) {
    if (step.op == Op::kSet) {
      text = fmt::format("{} {}", name_of(step.rule), step.operand);
    } else {
      text += fmt::format(", {} {} {}", symbol_of(step.op), step.operand,
                          name_of(step.rule));
    }
  }
  return fmt::format("{} = {}", text, score.points());
}

std::string trigger_text(const Trigger& trigger,
                         const PressureReading& reading) {
  const std::string memory = condition_text(
      "MemAvailable", trigger.mem_available_below, reading.mem_total_kib);
  const std::string available = size_text(reading.mem_available_kib);
  if (reading.swap_total_kib == 0) {
    return fmt::format("acts when {}; now {}, and there is no swap", memory,
                       available);
  }
  return fmt::format("acts when {} and {}; now {} and {}", memory,
                     condition_text("SwapFree", trigger.swap_free_below,
                                    reading.swap_total_kib),
                     available, size_text(reading.swap_free_kib));
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

std::vector<std::string> facts_text(const Facts& facts) {
  std::vector<std::string> sentences;
  for (const CountedFact& fact : kCountedFacts) {
    if (facts.*fact.count != 0) {
      sentences.push_back(fmt::format(
          "{}: {}", count_text(facts.*fact.count, fact.one, fact.many),
          fact.sentence));
    }
  }
  if (!facts.init_visible) {
    sentences.emplace_back(
        "pid 1 is not visible (hidepid?): there may be more processes than "
        "these");
  }
  if (!facts.swap_known) {
    sentences.emplace_back("no VmSwap on this kernel: swap counts as 0");
  }
  if (facts.oom_adj_converted) {
    sentences.emplace_back(
        "oom_adj is converted from oom_score_adj as the kernel did");
  }
  if (!facts.kernel26) {
    sentences.emplace_back(
        "PF_OOM_ORIGIN (swapoff, KSM) is not visible on this kernel; CPU time "
        "is what stat shows, which is scaled");
  }
  return sentences;
}

std::string verdict_text(const CycleReport& report, const Snapshot& snapshot,
                         const Policy& policy) {
  const Task& chosen = snapshot.tasks[report.selection.task];
  const Task& victim = snapshot.tasks[report.victim];
  const std::string who =
      report.victim == report.selection.task
          ? std::string()
          : fmt::format(", the first child of {} which was chosen",
                        task_text(chosen));
  const std::size_t candidates =
      rank_candidates(snapshot, policy.self_pid).size();
  return fmt::format(
      "{} {}, {}{}: {} points, the most of {} ({}); it gives back at least "
      "{}; {}; {}",
      verb_of(report.outcome.kind), task_text(victim), owner_text(victim), who,
      chosen.points, count_text(candidates, "candidate", "candidates"),
      ledger_text(badness(snapshot, chosen, policy.score)),
      size_text(reclaim_kib(victim, all_rss_shmem_kib(snapshot))),
      trigger_text(policy.trigger, report.reading),
      outcome_text(report.outcome));
}

}  // namespace badnessd
