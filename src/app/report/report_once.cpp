// SPDX-License-Identifier: GPL-2.0-only
#include <map>

#include <fmt/core.h>

#include "badnessd/app/report/process.h"
#include "badnessd/app/report/record.h"
#include "badnessd/app/report/report.h"
#include "badnessd/engine/select.h"

namespace badnessd {
namespace {

// "init, badnessd, oom_adj -17: 812 (sshd), 901 (db)".
std::vector<std::string> skipped_text(const Snapshot& snapshot,
                                      std::int32_t self_pid) {
  std::map<Skip, std::vector<std::uint32_t>> skipped;
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    skipped[skip_reason(snapshot.judged(i), {.self_pid = self_pid})].push_back(
        i);
  }
  std::vector<std::string> lines;
  for (const Skip reason : {Skip::kInit, Skip::kSelf, Skip::kOomDisabled}) {
    if (const auto& tasks = skipped[reason]; !tasks.empty()) {
      lines.push_back(fmt::format("{}: {}", name_of(reason),
                                  tasks_text(snapshot, tasks, tasks.size())));
    }
  }
  lines.push_back(fmt::format("{}: {} kernel threads and zombies",
                              name_of(Skip::kNoMm),
                              skipped[Skip::kNoMm].size()));
  return lines;
}

std::vector<std::string> outcome_text(const CycleResult& result,
                                      const CycleState& state,
                                      const Policy& policy) {
  if (result.kind == CycleResult::Kind::kNoCandidate) {
    return {no_candidate_text(state.decision)};
  }
  if (result.kind == CycleResult::Kind::kNobody) {
    return nobody_sentences(state.decision, policy);
  }
  if (result.kind == CycleResult::Kind::kWaiting) {
    return {fmt::format("none now: {} is exiting, and its memory is waited for",
                        result.dying ? result.dying->pid : 0)};
  }
  return decision_sentences(state.decision, policy);
}

// The sentence of each trigger, and whether one fires.
std::vector<std::string> firing_text(const CycleState& state,
                                     const Policy& policy) {
  std::vector<std::string> lines = triggers_text(policy, state.domains);
  lines.emplace_back(
      state.decision.fired
          ? fmt::format(
                "{}: the daemon would act now",
                state.decision.scope.empty()
                    ? std::string("it holds")
                    : "it holds in " + escaped(state.decision.scope.view()))
          : "none fires; this is what would be done if the first did");
  return lines;
}

}  // namespace

std::string once_text(const CycleResult& result, const CycleState& state,
                      const Policy& policy, const Style& style) {
  constexpr std::size_t kCandidatesShown = 10;
  const Snapshot& snapshot = state.census.table();
  const Bars bars{.self_pid = policy.machine.self_pid};
  std::vector<std::string> facts = gaps_text(snapshot.gaps);
  facts.insert(
      facts.begin(),
      fmt::format("{}, {}, up {}",
                  count_text(snapshot.tasks.size(), "process", "processes"),
                  count_text(rank_candidates(snapshot, bars).size(),
                             "candidate", "candidates"),
                  duration_text(snapshot.uptime_s)));
  std::string text =
      section("memory", {reading_text(result.reading)}) +
      section("triggers", firing_text(state, policy)) +
      section("facts", facts) +
      section("skipped", skipped_text(snapshot, policy.machine.self_pid)) +
      "\n";
  text +=
      scores_table(snapshot, policy,
                   {.limit = kCandidatesShown, .candidates_only = true}, style);
  return text + "\n" + section("decision", outcome_text(result, state, policy));
}

Json once_json(const CycleResult& result, const CycleState& state,
               const Policy& policy) {
  Json json =
      report_json(state.census.table(),
                  sorted_tasks(state.census.table(), policy, "points"), policy);
  const bool chosen = result.kind == CycleResult::Kind::kNotSignalled;
  json["pressure"] = pressure_json(result.reading);
  json["triggers"] = triggers_json(policy, state.domains, state.decision);
  json["waits_for_pid"] = result.dying ? Json(result.dying->pid) : Json();
  json["decision"] = chosen ? record_json(state.decision, policy, "") : Json();
  return json;
}

}  // namespace badnessd
