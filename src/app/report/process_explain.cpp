// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <functional>

#include <fmt/core.h>

#include "badnessd/app/report/process.h"
#include "badnessd/app/report/report.h"
#include "badnessd/engine/kernel26.h"
#include "badnessd/engine/select.h"

namespace badnessd {
namespace {

std::string cpu_words(const Task& task, std::uint32_t hz) {
  const unsigned shift = shift_hz(hz) + 3;
  return fmt::format("square root of {} of {:.4g} s of CPU time ({} in all)",
                     count_text(task.cpu_jiffies >> shift, "unit", "units"),
                     static_cast<double>(1U << shift) / static_cast<double>(hz),
                     duration_text(task.cpu_jiffies / hz));
}

// ", by rule web instead of its own 0", or the oom_score_adj behind it.
std::string adj_origin(Judged judged, const Policy& policy) {
  const Task& task = judged.task;
  if (judged.verdict.rules != 0) {
    return fmt::format(", by rule {} instead of its own {}",
                       rule_name(judged.verdict, policy), task.oom_adj);
  }
  return task.has_oom_score_adj
             ? fmt::format(", from oom_score_adj {}", task.oom_score_adj)
             : "";
}

// The meaning of a step and the source of its operand.
std::string words_of(const Step& step, const Snapshot& snapshot, Judged judged,
                     const Policy& policy) {
  const auto& [task, verdict] = judged;
  switch (step.factor) {
    case Factor::kExempt:
      return fmt::format("oom_adj is -17{}: exempt",
                         verdict.rules == 0 ? "" : adj_origin(judged, policy));
    case Factor::kNoMm:
      return "no memory of its own: a kernel thread, a zombie or a dead leader";
    case Factor::kTotalVm:
      return fmt::format("pages of address space, reserved or used: {}",
                         size_text(snapshot.kib_of(step.operand)));
    case Factor::kHeld:
      return fmt::format("pages resident or in swap: {}",
                         size_text(snapshot.kib_of(step.operand)));
    case Factor::kOomOrigin:
      return "PF_OOM_ORIGIN: it runs swapoff or KSM, the first to go";
    case Factor::kChildren:
      return fmt::format(
          "for each thread of each child: half of the child's pages, and 1 "
          "({})",
          count_text(task.child_count, "child", "children"));
    case Factor::kCpuTime:
      return cpu_words(task, policy.score.hz);
    case Factor::kRunTime:
      return fmt::format(
          "fourth root of {} of 1024 s since its start ({})",
          count_text(age_s(snapshot, task) >> 10, "unit", "units"),
          duration_text(age_s(snapshot, task)));
    case Factor::kNice:
      return fmt::format("nice is {}", task.nice);
    case Factor::kSysAdmin:
      return "CAP_SYS_ADMIN or CAP_SYS_RESOURCE is effective";
    case Factor::kSysRawio:
      return "CAP_SYS_RAWIO is effective";
    case Factor::kMemsAllowed:
      return "no memory node in common with the allocating task";
    case Factor::kOomAdj:
      return step.op == Op::kAtLeast
                 ? "a positive oom_adj needs something to shift"
                 : fmt::format("oom_adj is {}{}", verdict.oom_adj,
                               adj_origin(judged, policy));
  }
  return {};
}

std::string ledger_table(const Snapshot& snapshot, Judged judged,
                         const Policy& policy, const Style& style) {
  const std::vector<TableColumn> columns{{.header = "RULE", .left = true},
                                         {.header = "BEFORE"},
                                         {.header = "OP", .left = true},
                                         {.header = "OPERAND"},
                                         {.header = "AFTER"},
                                         {.header = "WHY", .left = true}};
  std::vector<std::vector<std::string>> rows;
  const Score score = badness(snapshot, judged, policy.score);
  for (const Step& step : score.steps()) {
    rows.push_back({std::string(name_of(step.factor)),
                    step.op == Op::kSet ? "" : fmt::format("{}", step.before),
                    std::string(symbol_of(step.op)),
                    fmt::format("{}", step.operand),
                    fmt::format("{}", step.after),
                    words_of(step, snapshot, judged, policy)});
  }
  return render_table(columns, rows, style);
}

// The largest children one by one, the others as a sum.
std::string children_text(const Snapshot& snapshot, const Task& task) {
  constexpr std::size_t kShown = 5;
  const auto first = snapshot.children.begin() + task.first_child;
  std::vector<Child> children(first, first + task.child_count);
  const auto points_of = [&](const Child& it) {
    return child_points(snapshot, it);
  };
  std::ranges::stable_sort(children, std::greater(), points_of);
  std::string text;
  Points rest = 0;
  for (std::size_t i = 0; i < children.size(); ++i) {
    const Points points = points_of(children[i]);
    if (i >= kShown) {
      rest += points;
      continue;
    }
    const Task& its = snapshot.tasks[children[i].task];
    text += fmt::format(
        "  + {:>12}  {}: {}\n", points, task_text(its),
        children[i].shares_mm ? "shares its parent's memory"
        : its.mm_threads == 0
            ? "has no memory"
            : fmt::format("{}, {}", size_text(snapshot.kib_of(its.total_vm)),
                          count_text(its.mm_threads, "thread", "threads")));
  }
  if (children.size() > kShown) {
    text +=
        fmt::format("  + {:>12}  {} more\n", rest, children.size() - kShown);
  }
  return text.empty() ? text : "children\n" + text;
}

// The place of the task among the candidates, and what would change it.
std::string rank_text(const Snapshot& snapshot, std::uint32_t index,
                      const Policy& policy) {
  const Bars bars{.self_pid = policy.machine.self_pid};
  const std::vector<std::uint32_t> ranked = rank_candidates(snapshot, bars);
  const auto found = std::find(ranked.begin(), ranked.end(), index);
  const Judged judged = snapshot.judged(index);
  if (found == ranked.end()) {
    return fmt::format("rank      none: it is no candidate ({})\n",
                       name_of(skip_reason(judged, bars)));
  }
  const bool leads = found == ranked.begin();
  std::string text =
      fmt::format("rank      {} of {}\n", found - ranked.begin() + 1,
                  count_text(ranked.size(), "candidate", "candidates"));
  if (ranked.size() > 1) {
    const auto [rival, verdict] = snapshot.judged(ranked[leads ? 1 : 0]);
    text += fmt::format("{}{} with {} points\n",
                        leads ? "runner-up " : "leader    ", task_text(rival),
                        verdict.points);
  }
  const auto turning = turning_oom_adj(snapshot, index, bars, policy.score);
  return text + (turning
                     ? fmt::format("oom_adj   {} now; {} would {}\n",
                                   judged.verdict.oom_adj, *turning,
                                   leads ? "let another take first place"
                                         : "bring it to first place")
                     : "oom_adj   no value changes which process is first\n");
}

// The rule that counts, and the others that match.
std::vector<std::string> matching_rules_text(const Verdict& verdict,
                                             const Policy& policy) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < policy.rules.size(); ++i) {
    if ((verdict.rules & bit_of(i)) != 0) {
      lines.push_back(fmt::format(
          "{} matches{}", escaped(policy.rules[i].name),
          first_of(verdict.rules) == i
              ? fmt::format(": oom_adj {}", policy.rules[i].adj())
              : std::string(" too, behind the first, which counts")));
    }
  }
  if (!policy.rules.empty() && verdict.rules == 0 && verdict.has_mm) {
    lines.emplace_back("none matches");
  }
  if (verdict.rules_open) {
    lines.emplace_back(
        "one asks for what could not be read (it needs CAP_SYS_PTRACE); that "
        "condition "
        "counts as not met");
  }
  return lines;
}

}  // namespace

std::string explain_text(const Snapshot& snapshot, std::uint32_t index,
                         const Policy& policy, const Style& style) {
  const auto [task, verdict] = snapshot.judged(index);
  std::string text = fmt::format("{}, {}: {} points\n\n", task_text(task),
                                 owner_text(task), verdict.points);
  text += ledger_table(snapshot, {task, verdict}, policy, style) + "\n";
  text += children_text(snapshot, task);
  text += rank_text(snapshot, index, policy);
  text += fmt::format(
      "reclaim   at least {}: its anonymous memory, swap, page tables, and the "
      "shared "
      "memory that no other process can map\n",
      size_text(verdict.death_kib()));
  if (verdict.with_it_kib != 0) {
    text += section("container",
                    {fmt::format("all in its pid namespace die with it, which "
                                 "gives back {} of that",
                                 size_text(verdict.with_it_kib))});
  }
  text += section("rules", matching_rules_text(verdict, policy));
  if (task.userns_unreadable) {
    text += section("note",
                    {"its capabilities are not credited: /proc/<pid>/ns/user "
                     "cannot be read (it needs CAP_SYS_PTRACE)"});
  }
  return text + section("facts", gaps_text(snapshot.gaps));
}

}  // namespace badnessd
