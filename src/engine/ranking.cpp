// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/ranking.h"

#include <algorithm>

#include "badnessd/engine/kernel26.h"

namespace badnessd {

std::vector<std::uint32_t> rank_candidates(const Snapshot& snapshot,
                                           const Bars& bars) {
  std::vector<std::uint32_t> ranked;
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    if (eligible(snapshot, i, bars)) {
      ranked.push_back(i);
    }
  }
  std::sort(ranked.begin(), ranked.end(),
            [&snapshot](std::uint32_t a, std::uint32_t b) {
              return outranks(snapshot.judged(a), snapshot.judged(b));
            });
  return ranked;
}

std::optional<int> turning_oom_adj(const Snapshot& snapshot,
                                   std::uint32_t index, const Policy& policy) {
  const Bars bars{.self_pid = policy.machine.self_pid};
  const std::vector<std::uint32_t> ranked = rank_candidates(snapshot, bars);
  const auto rival = std::find_if(ranked.begin(), ranked.end(),
                                  [index](auto it) { return it != index; });
  if (rival == ranked.end()) {
    return std::nullopt;
  }
  const Task& task = snapshot.tasks[index];
  Verdict verdict = snapshot.verdicts[index];
  const int now = verdict.oom_adj;
  const auto leads_with = [&](int oom_adj) {
    verdict.oom_adj = static_cast<std::int16_t>(oom_adj);
    verdict.points = badness(snapshot, {task, verdict}, policy.score).points();
    return skip_reason({task, verdict}, bars) == Skip::kNone &&
           outranks({task, verdict}, snapshot.judged(*rival));
  };
  const bool leads = leads_with(now);
  for (int adj = now; adj >= kOomDisable && adj <= kOomAdjustMax;
       adj += leads ? -1 : 1) {
    if (leads_with(adj) != leads) {
      return adj;
    }
  }
  return std::nullopt;
}

}  // namespace badnessd
