// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/cycle.h"

namespace badnessd {

Selection select_lazily(FactSource& source, Snapshot& snapshot,
                        const Policy& policy) {
  score_all(snapshot, policy.score);
  for (;;) {
    const Selection selection =
        select_bad_process(snapshot, policy.self_pid, policy.wait_for);
    Task* const leader = selection.kind == Selection::Kind::kChosen
                             ? &snapshot.tasks[selection.task]
                             : nullptr;
    if (leader == nullptr || leader->detail == Detail::kFull) {
      return selection;
    }
    source.refine(snapshot, selection.task);
    score_task(snapshot, *leader, policy.score);
  }
}

void refine_all(FactSource& source, Snapshot& snapshot,
                const ScoreRules& rules) {
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    if (snapshot.tasks[i].detail == Detail::kCheap) {
      source.refine(snapshot, i);
    }
  }
  score_all(snapshot, rules);
}

CycleReport run_cycle(FactSource& source, const Policy& policy, Killer& killer,
                      Snapshot& snapshot) {
  using Kind = CycleReport::Kind;
  CycleReport report;
  const auto ended = [&report](Kind kind) {
    report.kind = kind;
    return report;
  };
  // Reads memory; false if the pass ends here.
  const auto still_needed = [&](Kind otherwise) {
    const auto reading = source.read_pressure();
    if (!reading) {
      report.kind = Kind::kSampleLost;
      report.error = reading.error();
      return false;
    }
    report.reading = *reading;
    report.kind = otherwise;
    return policy.audit || fires(policy.trigger, *reading);
  };
  if (!still_needed(Kind::kCalm)) {
    return report;
  }
  if (const auto scanned = source.scan(snapshot); !scanned) {
    report.error = scanned.error();
    return ended(Kind::kSampleLost);
  }
  report.selection = select_lazily(source, snapshot, policy);
  switch (report.selection.kind) {
    case Selection::Kind::kNone:
      return ended(Kind::kNobody);
    case Selection::Kind::kWait:
      return ended(Kind::kWaiting);
    case Selection::Kind::kChosen:
      break;
  }
  report.victim = oom_kill_victim(snapshot, report.selection.task,
                                  policy.victim, policy.self_pid);
  if (snapshot.tasks[report.victim].detail == Detail::kCheap) {
    source.refine(snapshot, report.victim);
    score_task(snapshot, snapshot.tasks[report.victim], policy.score);
  }
  // Somebody may have given memory back in the meantime.
  if (!still_needed(Kind::kRecovered)) {
    return report;
  }
  report.outcome = killer.kill(snapshot.tasks[report.victim]);
  return ended(Kind::kActed);
}

}  // namespace badnessd
