// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/choose.h"

#include <algorithm>

#include "badnessd/cycle/kill_set.h"

namespace badnessd {
namespace {

// Whether a process that the snapshot leaves out can change the choice.
bool unread_matter(const Inquiry& inquiry, const Choice& choice,
                   const SelectRules& rules) {
  // A process that took so little does not explain the loss. Memory can also
  // come without a fault (userfaultfd(2): UFFDIO_COPY).
  constexpr Kib kPart = 4;
  const Snapshot& snapshot = inquiry.snapshot;
  return snapshot.unread &&
         (snapshot.unread->matter || choice.blame != Blame::kTook ||
          2 * rules.min_took_kib < inquiry.loss->lost_kib / kPart ||
          choice.selection.kind == Selection::Kind::kNone ||
          rules.min_took_kib <= snapshot.unread->took_most_kib);
}

// A process that holds less gives back too little, unless the bar is halved
// twice. Then its oom_adj does not matter.
Kib small_for(const Policy& policy, const Decision& decision) {
  constexpr Kib kPart = 4;
  return bare_order(policy) ? 0 : decision.needed_kib / kPart;
}

// Chooses from the snapshot; none: all processes have to be scanned.
std::optional<Selection> choose_among(const Inquiry& inquiry,
                                      SelectRules& rules, CycleState& state) {
  Decision& decision = state.decision;
  const Snapshot& snapshot = inquiry.snapshot;
  decision.page_kib = snapshot.page_size / 1024;
  if (rules.scoped) {
    mark_scope(inquiry.sources.cgroups, decision.scope.view(),
               inquiry.snapshot);
  }
  const Choice choice = select_victim(inquiry, rules, decision.needed_kib);
  decision.required_kib = rules.min_reclaim_kib;
  decision.blame = choice.blame;
  decision.pool = choice.pool;
  decision.required_took_kib = rules.min_took_kib;
  if (choice.selection.kind == Selection::Kind::kWait) {
    return choice.selection;
  }
  if (unread_matter(inquiry, choice, rules)) {
    return std::nullopt;
  }
  decision.storm =
      find_storm(inquiry, rules, state.storms, decision, state.incident);
  const bool too_small = !decision.storm &&
                         choice.selection.kind == Selection::Kind::kChosen &&
                         rules.min_reclaim_kib < snapshot.small_kib;
  if (too_small || unread_matter(inquiry, choice, rules)) {
    return std::nullopt;
  }
  decision.ruled_out = snapshot.unread.value_or(Unread()).processes;
  return choice.selection;
}

}  // namespace

void CycleState::reserve(std::size_t processes) {
  snapshot.tasks.reserve(processes);
  snapshot.verdicts.reserve(processes);
  snapshot.children.reserve(processes);
  storms.reserve(processes);
  swept.reserve(processes);
  sharers.reserve(processes);
  suspects.reserve(processes);
}

void make_room(CycleState& state) {
  constexpr std::size_t kFewest = 1024;
  const std::size_t processes = state.census.entries().size();
  const std::size_t room = state.snapshot.tasks.capacity();
  const bool enough = room >= kFewest && room >= processes + processes / 16;
  state.reserve(enough ? room : std::max(kFewest, processes + processes / 8));
}

Expected<Selection> choose(const Inquiry& inquiry, SelectRules& rules,
                           CycleState& state, std::optional<Kib> faulted_kib) {
  const Decision& decision = state.decision;
  const bool by_what_they_took = !state.once && decision.loss && faulted_kib &&
                                 decision.needed_kib != 0 &&
                                 inquiry.policy.spare_bystanders;
  if (by_what_they_took &&
      state.suspects.scan(inquiry, decision.needed_kib, *faulted_kib,
                          decision.seen_us)) {
    if (const auto selection = choose_among(inquiry, rules, state)) {
      return *selection;
    }
  }
  for (const Kib small_kib : {small_for(inquiry.policy, decision), Kib{0}}) {
    if (const auto scanned = scan(inquiry, small_kib); !scanned) {
      return tl::unexpected(scanned.error());
    }
    state.reserve(state.snapshot.tasks.capacity());
    if (const auto selection = choose_among(inquiry, rules, state)) {
      return *selection;
    }
  }
  return Selection();
}

void read_the_others(const Inquiry& inquiry, const SelectRules& rules,
                     const CycleState& state) {
  constexpr Micros kMost = 50'000;
  const bool all = !inquiry.snapshot.unread && inquiry.snapshot.small_kib == 0;
  if (!all && 3 * state.census.cost_us() < kMost && scan(inquiry) &&
      rules.scoped) {
    mark_scope(inquiry.sources.cgroups, state.decision.scope.view(),
               inquiry.snapshot);
  }
}

}  // namespace badnessd
