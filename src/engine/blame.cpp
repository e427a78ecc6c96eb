// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/blame.h"

#include <algorithm>

namespace badnessd {
namespace {

// Whether the task counts as one that can have taken memory, though perhaps it
// may not die.
bool counts(const Snapshot& snapshot, std::uint32_t index, const Bars& bars,
            bool suspects_only) noexcept {
  const auto [task, verdict] = snapshot.judged(index);
  return verdict.has_mm && task.id.pid != bars.self_pid &&
         (verdict.in_scope || !bars.scoped) &&
         (verdict.suspect || !suspects_only);
}

// What some tasks took.
struct Takers {
  Kib most_kib = 0;                    // the most that one took
  std::optional<std::uint32_t> first;  // the task that took it
  Kib fair_kib = 0;        // together, by those that took half as much as it
  bool candidate = false;  // one of these may die
};

Takers takers(const Snapshot& snapshot, const Bars& bars,
              bool suspects_only) noexcept {
  Takers all;
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    const Kib took = snapshot.verdicts[i].took_kib;
    if (took > all.most_kib && counts(snapshot, i, bars, suspects_only)) {
      all.most_kib = took;
      all.first = i;
    }
  }
  for (std::uint32_t i = 0; all.first && i < snapshot.tasks.size(); ++i) {
    const Kib took = snapshot.verdicts[i].took_kib;
    if (took >= all.most_kib - all.most_kib / 2 &&
        counts(snapshot, i, bars, suspects_only)) {
      all.fair_kib += took;
      all.candidate = all.candidate || eligible(snapshot, i, bars);
    }
  }
  return all;
}

// The fair part of `by` took it; nobody's, if none of them may die.
Culprit taken(Culprit::Kind kind, const Takers& by, bool by_account) noexcept {
  if (!by.candidate) {
    return {.kind = Culprit::Kind::kNobody,
            .took_kib = by.most_kib,
            .exempt = by.first,
            .by_account = by_account};
  }
  return {.kind = kind,
          .took_kib = by.most_kib,
          .min_took_kib = by.most_kib - by.most_kib / 2,
          .by_account = by_account};
}

Culprit in_cgroups(const Snapshot& snapshot, const Bars& bars,
                   const CgroupsTook& cgroups) noexcept {
  const Takers by = takers(snapshot, bars, true);
  bool any = false;  // may die
  for (std::uint32_t i = 0; !any && i < snapshot.tasks.size(); ++i) {
    any = snapshot.verdicts[i].suspect && eligible(snapshot, i, bars);
  }
  if ((by.fair_kib >= cgroups.took_kib / 2 && by.most_kib != 0) || !any) {
    return taken(Culprit::Kind::kGroup, by, true);
  }
  return {.kind = Culprit::Kind::kGroup,
          .took_kib = by.most_kib,
          .by_account = true};
}

}  // namespace

Culprit find_culprit(const Snapshot& snapshot, const Bars& bars,
                     const Loss& loss, const CgroupsTook& cgroups) noexcept {
  using Kind = Culprit::Kind;
  const Culprit nobody{.kind = Kind::kNobody};
  const Takers all = takers(snapshot, bars, false);
  const Kib enough = std::max({loss.needed_kib, loss.lost_kib / 2, Kib{1}});
  if (all.most_kib >= enough) {
    return taken(Kind::kProcess, all, false);
  }
  if (cgroups.count != 0) {
    return cgroups.dead ? Culprit{.kind = Kind::kNobody, .by_account = true}
                        : in_cgroups(snapshot, bars, cgroups);
  }
  return all.fair_kib >= enough ? taken(Kind::kGroup, all, false) : nobody;
}

void set_bars(const Culprit& culprit, Bars& bars) noexcept {
  bars.min_took_kib = culprit.min_took_kib;
  bars.suspects_only =
      culprit.kind == Culprit::Kind::kGroup && culprit.by_account;
}

bool innocents_may_die(const Trigger& trigger, const PressureReading& reading,
                       Micros firing_us) noexcept {
  for (const AmountCondition& condition : kAmountConditions) {
    if (const auto limit = condition.limit_kib(trigger, reading)) {
      return reading.*condition.value < *limit / 2;
    }
  }
  return firing_us >= trigger.psi_window_us;
}

Selection select_victim(const Snapshot& snapshot, const Culprit& culprit,
                        Bars& bars, Kib needed_kib) noexcept {
  using Kind = Culprit::Kind;
  // Less than 64 KiB is not worth a kill.
  constexpr Kib kSmallestBar = 64;
  constexpr Kib kSmallestPart = 8;
  const bool by_held =
      culprit.kind == Kind::kOlder || culprit.kind == Kind::kNobody;
  const Kib least = by_held ? std::max(needed_kib / kSmallestPart, kSmallestBar)
                            : kSmallestBar;
  // In an account that does not say whose it is, a process that seems to give
  // back little can hold all of it.
  const bool unknown =
      culprit.kind == Kind::kGroup && culprit.min_took_kib == 0;
  for (bars.min_reclaim_kib = unknown ? 0 : needed_kib;;
       bars.min_reclaim_kib /= 2) {
    if (bars.min_reclaim_kib < least) {
      bars.min_reclaim_kib = 0;
    }
    if (bars.min_reclaim_kib == 0 && by_held) {
      return {};
    }
    bars.min_held_points = 0;
    for (std::uint32_t i = 0; by_held && i < snapshot.tasks.size(); ++i) {
      if (eligible(snapshot, i, bars) && !snapshot.tasks[i].pf_oom_origin &&
          snapshot.verdicts[i].death_kib() >= bars.min_reclaim_kib) {
        bars.min_held_points =
            std::max(bars.min_held_points, snapshot.verdicts[i].held_points);
      }
    }
    const Selection selection = select_bad_process(snapshot, bars);
    if (selection.kind != Selection::Kind::kNone || bars.min_reclaim_kib == 0) {
      return selection;
    }
  }
}

}  // namespace badnessd
