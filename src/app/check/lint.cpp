// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/check/lint.h"

#include <algorithm>
#include <string_view>

#include <fmt/core.h>

#include "badnessd/app/config/text.h"
#include "badnessd/app/report/report.h"

namespace badnessd {
namespace {

using Notes = std::vector<Finding>;

bool asks_for_psi(const Trigger& trigger) {
  return trigger.psi_some_above || trigger.psi_full_above;
}

void lint_scope(const Trigger& trigger, std::size_t index,
                const PolicyState& state, CgroupTree& cgroups, Notes& notes) {
  const std::string name = escaped(trigger.name);
  const auto version = cgroups.version();
  if (version == CgroupTree::Version::kNone) {
    notes.push_back({true, fmt::format("trigger {} cannot fire here: there are "
                                       "no cgroups with a memory controller",
                                       name)});
    return;
  }
  if (version == CgroupTree::Version::kV1 && asks_for_psi(trigger)) {
    notes.push_back(
        {true, fmt::format("trigger {} cannot fire here: cgroups of version 1 "
                           "have no pressure stall information (boot with "
                           "systemd.unified_cgroup_hierarchy=1)",
                           name)});
  }
  std::size_t count = 0;
  std::vector<std::string_view> unlimited;
  for (const OomDomain& domain : state.cgroups) {
    if (domain.trigger == index) {
      ++count;
      if (trigger.mem_available_below && !cgroups.limited(domain.cgroup)) {
        unlimited.emplace_back(domain.cgroup);
      }
    }
  }
  if (!unlimited.empty()) {
    notes.push_back(
        {true, fmt::format(
                   "trigger {}: {}{} neither memory.max nor memory.high "
                   "(MemoryMax=, MemoryHigh=): all memory of the machine "
                   "counts as its limit",
                   name, escaped(unlimited.front()),
                   unlimited.size() == 1 ? std::string(" has")
                                         : fmt::format(" and {} more have",
                                                       unlimited.size() - 1))});
  }
  if (count == 0) {
    notes.push_back({true, fmt::format("trigger {} cannot fire now: no cgroup "
                                       "matches its scope {}",
                                       name, escaped(trigger.scope->text()))});
  }
  if (count == CgroupTree::kMost) {
    notes.push_back(
        {true, fmt::format("trigger {} watches the first {} cgroups of its "
                           "scope {} and no more",
                           name, count, escaped(trigger.scope->text()))});
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

template <class T, class Covers>
bool all_covered(const std::vector<T>& wide, const std::vector<T>& narrow,
                 Covers covers) {
  if (wide.empty()) {
    return true;
  }
  return !narrow.empty() &&
         std::all_of(narrow.begin(), narrow.end(), [&](const T& it) {
           return std::any_of(wide.begin(), wide.end(), [&](const T& other) {
             return covers(other, it);
           });
         });
}

// Whether every process that matches `narrow` also matches `wide`.
bool covers(const Rule& wide, const Rule& narrow) {
  const auto globs = [](const Glob& a, const Glob& b) { return a.covers(b); };
  return all_covered(wide.comm, narrow.comm, globs) &&
         all_covered(wide.exe, narrow.exe, globs) &&
         all_covered(wide.cmdline, narrow.cmdline, globs) &&
         all_covered(wide.cgroup, narrow.cgroup, globs) &&
         all_covered(wide.unit, narrow.unit, globs) &&
         all_covered(wide.user, narrow.user,
                     [](const UserRange& a, const UserRange& b) {
                       return a.first <= b.first && a.last >= b.last;
                     });
}

// The first rule that covers the rule at `index`; `index` if no earlier rule
// covers it.
std::size_t covering(const std::vector<Rule>& rules, std::size_t index) {
  std::size_t first = 0;
  while (first < index && !covers(rules[first], rules[index])) {
    ++first;
  }
  return first;
}

}  // namespace

Notes lint_triggers(const Policy& policy, const PolicyState& state,
                    CgroupTree& cgroups) {
  Notes notes;
  for (std::size_t i = 0; i < policy.triggers.size(); ++i) {
    const Trigger& trigger = policy.triggers[i];
    if (trigger.scope) {
      lint_scope(trigger, i, state, cgroups, notes);
      continue;
    }
    if (!state.system.last) {
      continue;
    }
    const PressureReading& reading = *state.system.last;
    if ((trigger.psi_some_above && !reading.psi_some) ||
        (trigger.psi_full_above && !reading.psi_full)) {
      notes.push_back(
          {true, fmt::format("trigger {} cannot fire here: this kernel gives "
                             "no pressure stall information (boot it with "
                             "psi=1)",
                             escaped(trigger.name))});
    }
    const bool always =
        trigger.mem_available_below && !asks_for_psi(trigger) &&
        amount_kib(*trigger.mem_available_below, reading.mem_total_kib) >=
            reading.mem_total_kib &&
        (!trigger.swap_free_below || reading.swap_total_kib == 0);
    if (always) {
      notes.push_back(
          {true, fmt::format("trigger {} always holds: there are only {} of "
                             "memory",
                             escaped(trigger.name),
                             size_text(reading.mem_total_kib))});
    }
  }
  return notes;
}

Notes lint_rules(const std::vector<Rule>& rules) {
  Notes notes;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Rule& rule = rules[i];
    const auto warn = [&](const std::string& what) {
      notes.push_back(
          {true, fmt::format("rule {}: {}", escaped(rule.name), what)});
    };
    for (const Glob& glob : rule.comm) {
      if (glob.shortest() > kLongestComm) {
        warn(
            fmt::format("comm {} can never match: the kernel keeps {} bytes "
                        "of a name (use exe, or the first {} and a *)",
                        escaped(glob.text()), kLongestComm, kLongestComm));
      }
    }
    for (const UserRange& users : rule.user) {
      if (is_no_user(users)) {
        warn(fmt::format("there is no user {} here", escaped(users.text)));
      }
    }
    const std::size_t before = covering(rules, i);
    if (before != i) {
      warn(
          fmt::format("it is never reached: rule {} takes all that it would, "
                      "and the first that matches counts",
                      escaped(rules[before].name)));
    }
    if (rule.adj() < 0 && any_user_can_meet(rule)) {
      warn(
          "any user can have what it asks for; add user, unit, or a cgroup "
          "that begins with a name");
    }
  }
  return notes;
}

std::vector<RuleMatches> matches_of(const Policy& policy,
                                    const Snapshot& snapshot) {
  constexpr std::size_t kFirst = 5;
  std::vector<RuleMatches> matches(policy.rules.size());
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    const RuleBits rules = snapshot.tasks[i].rules;
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

Choices choices_of(const Inquiry& inquiry, const PressureReading& reading) {
  const Policy& policy = inquiry.policy;
  Choices choices{.needed_kib = needed_kib(
                      policy, policy.triggers[once_trigger(policy)], reading)};
  const auto choose = [&](Snapshot& snapshot,
                          Kib need) -> std::optional<std::uint32_t> {
    SelectRules rules{.self_pid = policy.self_pid, .wait_for = WaitFor::kNone};
    const Selection selection =
        select_victim({inquiry.source, snapshot, policy, inquiry.identities},
                      rules, need)
            .selection;
    return selection.kind == Selection::Kind::kChosen
               ? std::optional(selection.task)
               : std::nullopt;
  };
  Snapshot snapshot = inquiry.snapshot;
  for (const Task& task : snapshot.tasks) {
    choices.protected_kib +=
        skip_reason(task, {}) == Skip::kOomDisabled ? task.reclaim_kib : 0;
  }
  choices.configured = choose(snapshot, choices.needed_kib);
  for (Task& task : snapshot.tasks) {
    task.oom_adj = task.own_oom_adj;
  }
  choices.without_rules = choose(snapshot, choices.needed_kib);
  for (Task& task : snapshot.tasks) {
    task.has_mm = task.has_mm && task.live.tid == 0;  // 2.6.32 saw leaders only
  }
  choices.kernel26 = choose(snapshot, 0);
  return choices;
}

Notes lint_matches(const Policy& policy, const Snapshot& snapshot,
                   const std::vector<RuleMatches>& matches,
                   const Choices& choices) {
  Notes notes;
  for (std::size_t i = 0; i < matches.size(); ++i) {
    const std::string name = escaped(policy.rules[i].name);
    if (matches[i].count == 0 && !can_never_match(policy.rules[i])) {
      notes.push_back(
          {true, fmt::format("rule {} matches no process now", name)});
    } else if (matches[i].count != 0 && matches[i].taken == matches[i].count &&
               covering(policy.rules, i) == i) {
      notes.push_back({true, fmt::format("rule {}: rules before it take all "
                                         "that it matches now",
                                         name)});
    }
    const auto undone = std::count_if(
        snapshot.tasks.begin(), snapshot.tasks.end(), [&](const Task& task) {
          return task.rules != 0 && first_of(task.rules) == i &&
                 task.own_oom_adj == kOomDisable && task.oom_adj != kOomDisable;
        });
    if (undone != 0) {
      notes.push_back(
          {true,
           fmt::format("rule {} makes candidates of {} whose own oom_adj is "
                       "-17",
                       name,
                       count_text(static_cast<std::uint64_t>(undone), "process",
                                  "processes"))});
    }
  }
  Kib rest_kib = 0;
  for (const Task& task : snapshot.tasks) {
    const Skip skip = skip_reason(task, {.self_pid = policy.self_pid});
    rest_kib += skip == Skip::kNone ? task.reclaim_kib : 0;
  }
  // Together with the protected processes there would be enough.
  if (rest_kib < choices.needed_kib &&
      rest_kib + choices.protected_kib >= choices.needed_kib) {
    notes.push_back(
        {true,
         fmt::format("too much is protected: all others together would give "
                     "back {}, and {} are needed to end an emergency",
                     size_text(rest_kib), size_text(choices.needed_kib))});
  }
  const auto open = std::count_if(snapshot.tasks.begin(), snapshot.tasks.end(),
                                  [](const Task& it) { return it.rules_open; });
  if (open != 0) {
    notes.push_back(
        {false, fmt::format("{}: a rule asks for what could not be read (it "
                            "needs CAP_SYS_PTRACE)",
                            count_text(static_cast<std::uint64_t>(open),
                                       "process", "processes"))});
  }
  return notes;
}

}  // namespace badnessd
