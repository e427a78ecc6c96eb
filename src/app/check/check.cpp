// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/check/check.h"

#include <algorithm>

#include <fmt/core.h>

#include "badnessd/app/check/findings.h"
#include "badnessd/app/check/lint.h"
#include "badnessd/app/config/settings.h"
#include "badnessd/app/report/report.h"
#include "badnessd/cycle/domains.h"

namespace badnessd {
namespace {

// A setting in force: its key as --set takes it, its value, its origin.
using Row = std::vector<std::string>;

std::vector<Row> rows_in_force(const LoadedSettings& loaded) {
  std::vector<Row> rows;
  for (const auto& [key, value] : settings_in_force(loaded.settings)) {
    const auto found = loaded.origins.find(key);
    rows.push_back(
        {escaped(key), escaped(value),
         found == loaded.origins.end() ? "default" : escaped(found->second)});
  }
  return rows;
}

// All that is found, before it is formatted.
struct Checked {
  const LoadedSettings& loaded;
  Policy policy;
  CycleState state;
  std::vector<RuleMatches> matches{};
  Choices choices{};
  std::vector<Finding> findings{};
};

std::string chosen_text(const Checked& found,
                        const std::optional<std::uint32_t>& chosen) {
  return chosen ? task_text(found.state.census.table().tasks[*chosen]) : "none";
}

std::vector<std::string> rules_text(const Checked& found) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < found.matches.size(); ++i) {
    const Rule& rule = found.policy.rules[i];
    const RuleMatches& its = found.matches[i];
    const std::string names =
        tasks_text(found.state.census.table(), its.first, its.count);
    lines.push_back(fmt::format("{}, {}, matches {}{}{}", escaped(rule.name),
                                rule.adj() == kOomDisable
                                    ? std::string("protects")
                                    : fmt::format("oom_adj {}", rule.adj()),
                                count_text(its.count, "process", "processes"),
                                names.empty() ? "" : ": ", names));
  }
  return lines;
}

std::vector<std::string> choices_text(const Checked& found) {
  const Choices& choices = found.choices;
  std::vector<std::string> lines{fmt::format(
      "{} as configured, where {} are needed",
      chosen_text(found, choices.configured), size_text(choices.needed_kib))};
  if (!found.policy.rules.empty()) {
    lines.push_back(chosen_text(found, choices.without_rules) +
                    " without the rules");
  }
  lines.push_back(fmt::format(
      "{} {}, the bare order of 2.6.32", chosen_text(found, choices.kernel26),
      found.policy.rules.empty() ? "no matter who took the memory"
                                 : "without rules, no matter who took it"));
  const Kib total = found.state.domains.system.last->mem_total_kib;
  lines.push_back(fmt::format(
      "{} of memory, {}, is held by those whose oom_adj is -17",
      percent_text(choices.protected_kib * 1000 / std::max(total, Kib{1}) * 10),
      size_text(choices.protected_kib)));
  return lines;
}

std::string as_text(const Checked& found, const Style& style) {
  std::vector<std::string> findings;
  findings.reserve(found.findings.size());
  for (const Finding& it : found.findings) {
    findings.push_back((it.lack ? "warning: " : "") + it.text);
  }
  return section("settings", {found.loaded.origin}) + "\n" +
         render_table({{.header = "SETTING", .left = true},
                       {.header = "VALUE", .left = true},
                       {.header = "FROM", .left = true}},
                      rows_in_force(found.loaded), style) +
         "\n" +
         section("memory", {reading_text(*found.state.domains.system.last)}) +
         section("triggers", triggers_text(found.policy, found.state.domains)) +
         section("rules", rules_text(found)) +
         section("chosen", choices_text(found)) + section("findings", findings);
}

}  // namespace

Expected<CheckResult> check(const LoadedSettings& loaded, ProcfsSource& source,
                            const Style& style) {
  const Sources sources = source.sources();
  const auto reading = source.read_pressure_once();
  if (!reading) {
    return tl::unexpected(reading.error());
  }
  Policy policy = loaded.settings.policy;
  policy.machine = source.machine(reading);
  Checked found{
      .loaded = loaded, .policy = policy, .state = CycleState(policy)};
  list_cgroups(sources.cgroups, policy, found.state.domains, reading->time_us);
  static_cast<void>(take_readings(sources.cgroups, policy, found.state.domains,
                                  *reading, false));
  found.state.identities.look_at_all(sources, policy, found.state.census);
  const Context context{sources, policy, found.state.census};
  if (const auto read = survey(context, *reading); !read) {
    return tl::unexpected(read.error());
  }
  const Snapshot& snapshot = context.table();
  found.matches = matches_of(policy, snapshot);
  found.choices = choices_of(context, *reading);
  for (const auto& more :
       {lacks_now(sources, policy, found.state, AskedBy::kCheck,
                  reading->time_us),
        lint_matches(policy, snapshot, found.matches, found.choices),
        host_findings(*reading, source, AskedBy::kCheck)}) {
    found.findings.insert(found.findings.end(), more.begin(), more.end());
  }
  return CheckResult{
      .text = as_text(found, style),
      .clean =
          std::none_of(found.findings.begin(), found.findings.end(),
                       [](const Finding& it) { return it.lack.has_value(); })};
}

}  // namespace badnessd
