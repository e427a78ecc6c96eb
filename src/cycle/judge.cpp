// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/judge.h"

#include <functional>

#include "badnessd/cycle/identities.h"
#include "badnessd/cycle/refresh.h"
#include "badnessd/engine/kernel26.h"
#include "badnessd/engine/reclaim.h"

namespace badnessd {

void judge_took(const Context& context) {
  Snapshot& table = context.table();
  begin_verdicts(
      table, bare_order(context.policy) ? Threads::kLeader : Threads::kAnyLive);
  apply_rules_to(context.policy, context.census);
  estimate_took(table);
  for (std::uint32_t i = 0; i < table.tasks.size(); ++i) {
    if ((table.tasks[i].flags & kPfExiting) != 0) {
      estimate_reclaim(table, i);
    }
  }
}

void judge_admitted(const Context& context, const Bars& bars) {
  const Bars by_took{.suspects_only = bars.suspects_only,
                     .min_took_kib = bars.min_took_kib};
  Snapshot& table = context.table();
  for (std::uint32_t i = 0; i < table.tasks.size(); ++i) {
    if (table.verdicts[i].has_mm && meets(table.judged(i), by_took)) {
      judge_one(context, i);
    }
  }
}

void judge_one(const Context& context, std::uint32_t index) {
  Snapshot& table = context.table();
  const Judged judged = table.judged(index);
  Verdict& verdict = table.verdicts[index];
  const ScoreModel& model = context.policy.score;
  estimate_reclaim(table, index);
  verdict.points = badness(table, judged, model).points();
  verdict.held_points = held_points(table, judged, verdict.death_kib(), model);
}

void judge_all(const Context& context) {
  judge_took(context);
  for (std::uint32_t i = 0; i < context.table().tasks.size(); ++i) {
    judge_one(context, i);
  }
}

Expected<void> survey(const Context& context, const PressureReading& system) {
  context.census.begin_reading(context.sources,
                               context.sources.facts.read_vm_counters());
  const auto read =
      Refresh::read_all(context.sources, context.census, true, system.time_us);
  if (read) {
    context.census.compare(std::nullopt, system);
    judge_all(context);
  }
  return read;
}

void mark_processes(const Context& context, std::string_view cgroup,
                    bool Verdict::*flag) {
  Snapshot& table = context.table();
  const auto mark = [&](std::int32_t pid) {
    if (const auto index = context.census.find(pid)) {
      table.verdicts[*index].*flag = true;
    }
  };
  // A std::function of a reference allocates nothing.
  const auto listed =
      context.sources.cgroups.for_each_process(cgroup, std::cref(mark));
  static_cast<void>(listed);  // the cgroup is gone: no process is in it
}

void mark_scope(const Context& context, std::string_view cgroup) {
  for (Verdict& verdict : context.table().verdicts) {
    verdict.in_scope = false;
  }
  mark_processes(context, cgroup, &Verdict::in_scope);
}

}  // namespace badnessd
