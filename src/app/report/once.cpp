// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/once.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "badnessd/app/report/report.h"
#include "badnessd/app/report/scores.h"
#include "badnessd/engine/ranking.h"

namespace badnessd {
namespace {

// "init, badnessd, oom_adj -17: 812 (sshd), 901 (db)".
std::vector<std::string> skipped_text(const Snapshot& snapshot,
                                      std::int32_t self_pid) {
  constexpr std::array kReasons{Skip::kInit, Skip::kSelf, Skip::kOomDisabled};
  constexpr std::size_t kNamed = 5;
  std::vector<std::string> lines;
  for (const Skip reason : kReasons) {
    std::size_t count = 0;
    std::string names;
    for (const Task& task : snapshot.tasks) {
      if (skip_reason(task, {.self_pid = self_pid}) != reason) {
        continue;
      }
      if (count < kNamed) {
        names +=
            fmt::format("{}{}", names.empty() ? "" : ", ", task_text(task));
      }
      ++count;
    }
    if (count > kNamed) {
      names += fmt::format(" and {} more", count - kNamed);
    }
    if (count != 0) {
      lines.push_back(fmt::format("{}: {}", name_of(reason), names));
    }
  }
  const auto without_mm = std::count_if(
      snapshot.tasks.begin(), snapshot.tasks.end(), [&](const Task& task) {
        return skip_reason(task, {.self_pid = self_pid}) == Skip::kNoMm;
      });
  lines.push_back(fmt::format("{}: {} kernel threads and zombies",
                              name_of(Skip::kNoMm), without_mm));
  return lines;
}

// The reason why the chosen process was eligible.
std::string guard_note(const Decision& decision) {
  if (decision.needed_kib == 0) {
    return "the first in the bare order of 2.6.32";
  }
  constexpr std::array<std::string_view, 3> kFirst{
      "the first of those that", "the first of those that took a fair part and",
      "the one with the greatest score for what it holds, of those that"};
  const std::string_view first =
      kFirst[static_cast<std::size_t>(decision.blame)];
  return decision.required_kib < decision.needed_kib
             ? fmt::format(
                   "{} give back {}; none gives back the {} that are "
                   "needed",
                   first, size_text(decision.required_kib),
                   size_text(decision.needed_kib))
             : fmt::format("{} give back the {} that are needed", first,
                           size_text(decision.needed_kib));
}

// The set of processes that die with the victim.
std::string extent_text(const Decision& decision) {
  switch (decision.kill_set) {
    case KillSet::kProcess:
      return "the chosen process itself";
    case KillSet::kChild:
      return "the first child of the chosen process";
    case KillSet::kStorm:
      return fmt::format("and all of a fork storm below {}",
                         task_text(decision.chosen));
    case KillSet::kSharedMm:
      return "the chosen process with all that share its address space";
    case KillSet::kCgroup:
      return "the chosen process with all processes in " +
             escaped(decision.group.view());
  }
  return {};
}

std::string selection_text(const CycleResult& result, const CycleState& state) {
  if (result.kind == CycleResult::Kind::kNoCandidate) {
    return section("chosen", {"none: no process is a candidate"});
  }
  if (result.kind == CycleResult::Kind::kWaiting) {
    return section("chosen",
                   {fmt::format("none now: {} is exiting, and its memory is "
                                "waited for",
                                result.dying ? result.dying->pid : 0)});
  }
  const Decision& decision = state.decision;
  std::string text =
      section("chosen",
              {fmt::format("{} with {} points, {}", task_text(decision.chosen),
                           decision.chosen.points, guard_note(decision)),
               ledger_text(decision.score),
               "it " + burden_text(decision.chosen, decision)});
  std::vector<std::string> passed;
  for (std::uint32_t i = 0; i < decision.passed_over_count; ++i) {
    const Task& task = decision.passed_over[i];
    passed.push_back(
        fmt::format("{} with {} points {}; its death gives back at least {}",
                    task_text(task), task.points, burden_text(task, decision),
                    size_text(task.death_kib())));
  }
  text += section("passed", passed) + section("blame", blame_text(decision));
  return text +
         section("victim",
                 {fmt::format("{}, {}; its death gives back at least {}",
                              task_text(decision.victim), extent_text(decision),
                              size_text(decision.victim.death_kib()))});
}

// The sentence of each trigger, and whether one fires.
std::vector<std::string> firing_text(const CycleState& state,
                                     const Policy& policy) {
  std::vector<std::string> lines = triggers_text(policy, state.policy);
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
  const Snapshot& snapshot = state.snapshot;
  const SelectRules rules{.self_pid = policy.self_pid};
  std::vector<std::string> facts = gaps_text(snapshot.gaps);
  facts.insert(
      facts.begin(),
      fmt::format("{}, {}, up {}",
                  count_text(snapshot.tasks.size(), "process", "processes"),
                  count_text(rank_candidates(snapshot, rules).size(),
                             "candidate", "candidates"),
                  duration_text(snapshot.uptime_s)));
  std::string text =
      section("memory", {reading_text(result.reading)}) +
      section("triggers", firing_text(state, policy)) +
      section("facts", facts) +
      section("skipped", skipped_text(snapshot, policy.self_pid)) + "\n";
  text +=
      scores_table(snapshot, policy,
                   {.limit = kCandidatesShown, .candidates_only = true}, style);
  return text + "\n" + selection_text(result, state);
}

}  // namespace badnessd
