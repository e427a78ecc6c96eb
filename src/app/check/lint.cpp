// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/check/lint.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "badnessd/app/config/text.h"
#include "badnessd/app/report/report.h"
#include "badnessd/system/proc/fields.h"

namespace badnessd {
namespace {

using Findings = std::vector<Finding>;

template <class... Args>
void warn(Findings& findings, Lack lack, fmt::format_string<Args...> text,
          Args&&... args) {
  findings.push_back({lack, fmt::format(text, std::forward<Args>(args)...)});
}

void lint_scope(const Trigger& trigger, std::size_t index,
                const OomDomains& domains, bool cgroups, Findings& findings) {
  const std::string name = escaped(trigger.name);
  if (!cgroups) {
    warn(findings, Lack::kTriggers,
         "trigger {} cannot fire here: there are no cgroups of version 2 with "
         "a memory controller (boot with systemd.unified_cgroup_hierarchy=1)",
         name);
    return;
  }
  bool none = true;
  std::vector<std::string_view> unlimited;
  for (const OomDomain& domain : domains.cgroups) {
    if (domain.trigger == index) {
      none = false;
      if (trigger.mem_available_below && domain.last &&
          domain.last->mem_total_kib == domains.system.last->mem_total_kib) {
        unlimited.emplace_back(domain.cgroup);
      }
    }
  }
  if (!unlimited.empty()) {
    warn(findings, Lack::kTriggers,
         "trigger {}: {}{} neither memory.max nor memory.high (MemoryMax=, "
         "MemoryHigh=): all memory of the machine counts as its limit",
         name, escaped(unlimited.front()),
         unlimited.size() == 1
             ? std::string(" has")
             : fmt::format(" and {} more have", unlimited.size() - 1));
  }
  if (none) {
    warn(findings, Lack::kTriggers,
         "trigger {} cannot fire now: no cgroup matches its scope {}", name,
         escaped(trigger.scope->text()));
  }
}

// Whether any user can start a process that matches the rule.
bool any_user_can_meet(const Rule& rule) {
  // Users choose the names of cgroups below a unit.
  const auto open = [](const std::vector<Glob>& globs) {
    return std::any_of(globs.begin(), globs.end(), [](const Glob& it) {
      return it.fixed_prefix().empty();
    });
  };
  return rule.user.empty() && rule.unit.empty() &&
         (rule.cgroup.empty() || open(rule.cgroup));
}

// include/linux/sched.h: TASK_COMM_LEN, less the NUL.
constexpr std::size_t kLongestComm = 15;

bool is_no_user(const UserRange& users) {
  return users.first > users.last;
}

// Whether the rule matches no possible process.
bool can_never_match(const Rule& rule) {
  const bool no_name =
      !rule.comm.empty() &&
      std::all_of(rule.comm.begin(), rule.comm.end(),
                  [](const Glob& it) { return it.shortest() > kLongestComm; });
  const bool no_user =
      !rule.user.empty() &&
      std::all_of(rule.user.begin(), rule.user.end(), is_no_user);
  return no_name || no_user;
}

}  // namespace

Findings lint_triggers(const Policy& policy, const OomDomains& domains,
                       bool cgroups) {
  Findings findings;
  for (std::size_t i = 0; i < policy.triggers.size(); ++i) {
    const Trigger& trigger = policy.triggers[i];
    if (trigger.scope) {
      lint_scope(trigger, i, domains, cgroups, findings);
      continue;
    }
    if (!domains.system.last) {
      continue;
    }
    const PressureReading& reading = *domains.system.last;
    if (std::ranges::any_of(kStallConditions, [&](const auto& it) {
          return trigger.*it.limit && !(reading.*it.line);
        })) {
      warn(findings, Lack::kTriggers,
           "trigger {} cannot fire here: this kernel gives no pressure stall "
           "information (boot it with psi=1)",
           escaped(trigger.name));
    }
    const bool always =
        trigger.mem_available_below && !asks_for_stalls(trigger) &&
        std::ranges::all_of(kAmountConditions, [&](const auto& it) {
          const auto limit = it.limit_kib(trigger, reading);
          return !limit || (it.value == &PressureReading::mem_available_kib &&
                            *limit >= reading.mem_total_kib);
        });
    if (always) {
      warn(findings, Lack::kTriggers,
           "trigger {} always holds: there are only {} of memory",
           escaped(trigger.name), size_text(reading.mem_total_kib));
    }
  }
  return findings;
}

Findings lint_rules(const std::vector<Rule>& rules) {
  Findings findings;
  for (const Rule& rule : rules) {
    const auto add = [&](const std::string& what) {
      warn(findings, Lack::kRules, "rule {}: {}", escaped(rule.name), what);
    };
    for (const Glob& glob : rule.comm) {
      if (glob.shortest() > kLongestComm) {
        add(
            fmt::format("comm {} can never match: the kernel keeps {} bytes of "
                        "a name (use exe, or the first {} and a *)",
                        escaped(glob.text()), kLongestComm, kLongestComm));
      }
    }
    for (const UserRange& users : rule.user) {
      if (is_no_user(users)) {
        add(fmt::format("there is no user {} here", escaped(users.text)));
      }
      std::uint32_t number = 0;
      if (to_number(users.text, number) && !users.matches(number)) {
        findings.push_back(
            {{},
             fmt::format("rule {}: user {} is a name here, that of uid {}, and "
                         "no uid",
                         escaped(rule.name), number, users.first)});
      }
    }
    if (rule.adj() < 0 && any_user_can_meet(rule)) {
      add("any user can have what it asks for; add user, unit, or a cgroup "
          "that begins with a name");
    }
  }
  return findings;
}

std::vector<RuleMatches> matches_of(const Policy& policy,
                                    const Snapshot& snapshot) {
  constexpr std::size_t kFirst = 5;
  std::vector<RuleMatches> matches(policy.rules.size());
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    const RuleBits rules = snapshot.verdicts[i].rules;
    for (std::size_t rule = 0; rule < matches.size(); ++rule) {
      if ((rules & bit_of(rule)) == 0) {
        continue;
      }
      RuleMatches& its = matches[rule];
      ++its.count;
      its.taken += first_of(rules) == rule ? 0 : 1;
      if (its.first.size() < kFirst) {
        its.first.push_back(i);
      }
    }
  }
  return matches;
}

Choices choices_of(const Context& context, const PressureReading& reading) {
  const Policy& policy = context.policy;
  Snapshot& table = context.table();
  Choices choices{.needed_kib = needed_kib(
                      policy, policy.triggers[once_trigger(policy)], reading)};
  for (std::size_t i = 0; i < table.tasks.size(); ++i) {
    choices.protected_kib +=
        skip_reason(table.judged(i), {}) == Skip::kOomDisabled
            ? table.verdicts[i].reclaim_kib
            : 0;
  }
  const auto choose = [&](const Policy& by) -> std::optional<std::uint32_t> {
    judge_all({context.sources, by, context.census});
    Bars bars{.self_pid = policy.machine.self_pid, .wait_for = WaitFor::kNone};
    const Culprit culprit{.kind = bare_order(by) ? Culprit::Kind::kUnasked
                                                 : Culprit::Kind::kOlder};
    const Selection selection = select_victim(
        table, culprit, bars, bare_order(by) ? 0 : choices.needed_kib);
    return selection.kind == Selection::Kind::kChosen
               ? std::optional(selection.task)
               : std::nullopt;
  };
  Policy changed = policy;
  changed.rules.clear();
  choices.without_rules = choose(changed);
  changed.min_reclaim = Amount{.basis_points = {}, .kib = 0};
  choices.kernel26 = choose(changed);
  choices.configured = choose(policy);
  return choices;
}

Findings lint_matches(const Policy& policy, const Snapshot& snapshot,
                      const std::vector<RuleMatches>& matches,
                      const Choices& choices) {
  Findings findings;
  for (std::size_t i = 0; i < matches.size(); ++i) {
    const std::string name = escaped(policy.rules[i].name);
    if (matches[i].count == 0 && !can_never_match(policy.rules[i])) {
      warn(findings, Lack::kRules, "rule {} matches no process now", name);
    } else if (matches[i].count != 0 && matches[i].taken == matches[i].count) {
      warn(findings, Lack::kRules,
           "rule {}: rules before it take all that it matches now", name);
    }
    std::uint64_t undone = 0;
    for (std::size_t task = 0; task < snapshot.tasks.size(); ++task) {
      const Verdict& verdict = snapshot.verdicts[task];
      undone += verdict.rules != 0 && first_of(verdict.rules) == i &&
                        snapshot.tasks[task].oom_adj == kOomDisable &&
                        verdict.oom_adj != kOomDisable
                    ? 1
                    : 0;
    }
    if (undone != 0) {
      warn(findings, Lack::kRules,
           "rule {} makes candidates of {} whose own oom_adj is -17", name,
           count_text(undone, "process", "processes"));
    }
  }
  Kib rest_kib = 0;
  for (std::size_t i = 0; i < snapshot.tasks.size(); ++i) {
    const bool candidate =
        eligible(snapshot, i, {.self_pid = policy.machine.self_pid});
    rest_kib += candidate ? snapshot.verdicts[i].reclaim_kib : 0;
  }
  // Together with the protected processes there would be enough.
  if (rest_kib < choices.needed_kib &&
      rest_kib + choices.protected_kib >= choices.needed_kib) {
    warn(findings, Lack::kRules,
         "too much is protected: all others together would give back {}, and "
         "{} are needed to end an emergency",
         size_text(rest_kib), size_text(choices.needed_kib));
  }
  return findings;
}

}  // namespace badnessd
