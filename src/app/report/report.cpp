// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/report.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/core.h>

#include "badnessd/app/config/settings.h"
#include "badnessd/app/report/process.h"
#include "badnessd/engine/select.h"

namespace badnessd {
namespace {

constexpr auto kSymbols =
    names_up_to<Op::kShiftRight>({"=", "+", "*", "/", "at least", "<<", ">>"});

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

struct CountedFact {
  std::string_view key;
  std::uint32_t Gaps::*count;
  std::string_view one, many;
  std::string_view sentence{};  // empty: of no interest to a person
};
constexpr std::array<CountedFact, 7> kCounts{{
    {"children_by_ppid", &Gaps::children_by_ppid, "parent", "parents",
     "children by PPid, which counts those of other threads too"},
    {"mm_identity_unknown", &Gaps::mm_identity_unknown, "child", "children",
     "could share the parent's memory; counted as separate"},
    {"userns_unreadable", &Gaps::userns_unreadable, "process", "processes",
     "capabilities not credited: the user namespace is not readable (it "
     "needs CAP_SYS_PTRACE)"},
    {"nodes_unknown", &Gaps::nodes_unknown, "process", "processes",
     "memory nodes unknown; taken as shared with badnessd"},
    {"vanished", &Gaps::vanished, "process", "processes"},
    {"unreadable", &Gaps::unreadable, "process", "processes",
     "could not be read (hidepid? it needs CAP_SYS_PTRACE)"},
    {"malformed", &Gaps::malformed, "process", "processes",
     "left out: its /proc text is not what a kernel writes"},
}};

struct Flag {
  std::string_view key;
  bool Gaps::*flag;
  bool told_if = false;
  std::string_view sentence{};
};
constexpr std::array<Flag, 5> kFlags{{
    {"live", &Gaps::live},
    {"init_visible", &Gaps::init_visible, false,
     "pid 1 is not visible (hidepid?): there may be more processes than these"},
    {"swap_known", &Gaps::swap_known, false,
     "no VmSwap on this kernel: swap counts as 0"},
    {"oom_adj_converted", &Gaps::oom_adj_converted, true,
     "oom_adj is converted from oom_score_adj as the kernel did"},
    {"kernel_2_6", &Gaps::kernel26, false,
     "PF_OOM_ORIGIN (swapoff, KSM) is not visible on this kernel; CPU time is "
     "what stat shows, which is scaled"},
}};

}  // namespace

std::string_view symbol_of(Op op) {
  return kSymbols[op];
}

std::string task_text(std::int32_t pid, std::string_view name) {
  return fmt::format("{} ({})", pid, escaped(name));
}

std::string task_text(const Task& task) {
  return task_text(task.id.pid, task.name());
}

std::string tasks_text(const Snapshot& snapshot,
                       std::span<const std::uint32_t> tasks,
                       std::size_t count) {
  constexpr std::size_t kNamed = 5;
  std::string text;
  for (const std::uint32_t index :
       tasks.first(std::min(kNamed, tasks.size()))) {
    text += (text.empty() ? "" : ", ") + task_text(snapshot.tasks[index]);
  }
  return count > kNamed ? fmt::format("{} and {} more", text, count - kNamed)
                        : text;
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
  return fmt::format(
      "{}{} available of {}, {}, {}",
      reading.mem_available_estimated || reading.clamped ? "about " : "",
      size_text(reading.mem_available_kib), size_text(reading.mem_total_kib),
      swap, psi_text(reading));
}

std::string memory_text(const std::optional<PressureReading>& last,
                        Micros now_us) {
  constexpr Micros kOld = 10 * kSecond;  // the loop reads every 2 s
  if (!last) {
    return "memory cannot be read";
  }
  const Micros age = above(now_us, last->time_us);
  return age < kOld ? reading_text(*last)
                    : fmt::format("{} ago: {}", duration_text(age / kSecond),
                                  reading_text(*last));
}

std::vector<std::string> gaps_text(const Gaps& gaps) {
  std::vector<std::string> sentences;
  for (const CountedFact& fact : kCounts) {
    if (gaps.*fact.count != 0 && !fact.sentence.empty()) {
      sentences.push_back(fmt::format(
          "{}: {}", count_text(gaps.*fact.count, fact.one, fact.many),
          fact.sentence));
    }
  }
  for (const Flag& fact : kFlags) {
    if (gaps.*fact.flag == fact.told_if && !fact.sentence.empty()) {
      sentences.emplace_back(fact.sentence);
    }
  }
  return sentences;
}

Json gaps_json(const Gaps& gaps) {
  Json json;
  for (const Flag& fact : kFlags) {
    json[std::string(fact.key)] = gaps.*fact.flag;
  }
  for (const CountedFact& fact : kCounts) {
    json[std::string(fact.key)] = gaps.*fact.count;
  }
  json["sentences"] = gaps_text(gaps);
  return json;
}

namespace {

Json psi_json(const PsiLine& line) {
  return {{"avg10_basis_points", line.avg10},
          {"avg60_basis_points", line.avg60},
          {"avg300_basis_points", line.avg300},
          {"total_us", line.total_us}};
}

}  // namespace

Json report_json(const Snapshot& snapshot,
                 const std::vector<std::uint32_t>& order,
                 const Policy& policy) {
  Json tasks = Json::array();
  for (const std::uint32_t i : order) {
    tasks.push_back(process_json({snapshot.judged(i), policy, &snapshot}));
  }
  return {{"schema", kJsonSchema},
          {"uptime_seconds", snapshot.uptime_s},
          {"kernel_hz", policy.score.hz},
          {"page_size", snapshot.page_size},
          {"facts", gaps_json(snapshot.gaps)},
          {"tasks", std::move(tasks)}};
}

Json steps_json(const Score& score) {
  Json steps = Json::array();
  for (const Step& step : score.steps()) {
    steps.push_back({{"rule", name_of(step.factor)},
                     {"op", name_of(step.op)},
                     {"operand", step.operand},
                     {"before", step.before},
                     {"after", step.after}});
  }
  return steps;
}

Json pressure_json(const PressureReading& reading) {
  return {{"mem_total_kib", reading.mem_total_kib},
          {"mem_available_kib", reading.mem_available_kib},
          {"mem_available_estimated", reading.mem_available_estimated},
          {"swap_total_kib", reading.swap_total_kib},
          {"swap_free_kib", reading.swap_free_kib},
          {"shmem_kib", reading.shmem_kib},
          {"slab_unreclaimable_kib", reading.slab_kib},
          {"some", optional_json(reading.psi_some, psi_json)},
          {"full", optional_json(reading.psi_full, psi_json)}};
}

Json triggers_json(const Policy& policy, const OomDomains& domains,
                   const Decision& decision) {
  Json triggers = Json::array();
  for (std::size_t i = 0; i < policy.triggers.size(); ++i) {
    const Trigger& trigger = policy.triggers[i];
    const auto add = [&](const OomDomain& domain) {
      triggers.push_back({{"name", escaped(trigger.name)},
                          {"cgroup", text_json(escaped(domain.cgroup))},
                          {"fires", decision.fired && decision.trigger == i &&
                                        decision.scope.view() == domain.cgroup},
                          {"sentence", trigger_text(trigger, domain)}});
    };
    if (!trigger.scope) {
      add(domains.system);
    }
    for (const OomDomain& domain : domains.cgroups) {
      if (trigger.scope && domain.trigger == i && domain.last) {
        add(domain);
      }
    }
  }
  return triggers;
}

}  // namespace badnessd
