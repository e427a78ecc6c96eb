// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/report.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <spdlog/fmt/fmt.h>

#include "badnessd/app/config/names.h"
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

std::string rule_name(const Verdict& verdict, const Policy& policy) {
  return verdict.rules == 0
             ? ""
             : escaped(policy.rules[first_of(verdict.rules)].name);
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

std::string burden_text(const JudgedTask& it, const Decision& decision) {
  const auto [task, verdict] = it.view();
  constexpr Micros kSecond = 1'000'000;
  const std::string holds =
      fmt::format("holds {} and reserves {}", size_text(task.held_kib()),
                  size_text(task.total_vm * decision.page_kib));
  return decision.loss
             ? fmt::format("took {} of the {} that were lost in {}, {}",
                           size_text(verdict.took_kib),
                           size_text(decision.loss->lost_kib),
                           duration_text(decision.loss->since_us / kSecond),
                           holds)
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
        decision.victim.verdict.took_kib < loss.lost_kib / 2) {
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
      decision.victim.task.pid_ns_init
          ? fmt::format(", {} of it from its container, which dies with it",
                        size_text(decision.victim.verdict.with_it_kib))
          : std::string();
  return fmt::format("its death gives back at least {}{}; {} are needed",
                     size_text(decision.victim.verdict.death_kib()), with_it,
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
