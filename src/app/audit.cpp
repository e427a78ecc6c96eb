// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <array>

#include <spdlog/fmt/fmt.h>

#include "badnessd/app/ranking.h"
#include "badnessd/app/report.h"

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
      if (skip_reason(task, self_pid) != reason) {
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
        return skip_reason(task, self_pid) == Skip::kNoMm;
      });
  lines.push_back(fmt::format("{}: {} kernel threads and zombies",
                              name_of(Skip::kNoMm), without_mm));
  return lines;
}

std::string selection_text(const CycleReport& report, const Snapshot& snapshot,
                           const Policy& policy) {
  const auto& tasks = snapshot.tasks;
  const Kib all_shmem = all_rss_shmem_kib(snapshot);
  switch (report.selection.kind) {
    case Selection::Kind::kNone:
      return section("chosen", {"nobody: there is no candidate"});
    case Selection::Kind::kWait:
      return section(
          "chosen",
          {fmt::format(
              "nobody now: {} is exiting, and its memory is waited for",
              task_text(tasks[report.selection.task]))});
    case Selection::Kind::kChosen:
      break;
  }
  const Task& chosen = tasks[report.selection.task];
  const Task& victim = tasks[report.victim];
  return section("chosen",
                 {fmt::format("{} with {} points", task_text(chosen),
                              chosen.points),
                  ledger_text(badness(snapshot, chosen, policy.score))}) +
         section("victim",
                 {fmt::format("{}, {}; its death gives back at least {}",
                              task_text(victim),
                              report.victim == report.selection.task
                                  ? "the chosen process itself"
                                  : "the first child of the chosen process",
                              size_text(reclaim_kib(victim, all_shmem)))});
}

}  // namespace

std::string once_text(const CycleReport& report, const Snapshot& snapshot,
                      const Policy& policy, const Style& style) {
  constexpr std::size_t kCandidatesShown = 10;
  std::vector<std::string> facts = facts_text(snapshot.facts);
  facts.insert(
      facts.begin(),
      fmt::format("{}, {}, up {}",
                  count_text(snapshot.tasks.size(), "process", "processes"),
                  count_text(rank_candidates(snapshot, policy.self_pid).size(),
                             "candidate", "candidates"),
                  duration_text(snapshot.uptime_s)));
  std::string text =
      section("memory", {reading_text(report.reading)}) +
      section(
          "trigger",
          {trigger_text(policy.trigger, report.reading),
           fires(policy.trigger, report.reading)
               ? "it holds: the daemon would act now"
               : "it does not hold; this is what would be done if it did"}) +
      section("facts", facts) +
      section("skipped", skipped_text(snapshot, policy.self_pid)) + "\n";
  text +=
      scores_table(snapshot, policy,
                   {.limit = kCandidatesShown, .candidates_only = true}, style);
  return text + "\n" + selection_text(report, snapshot, policy);
}

}  // namespace badnessd
