// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/choose.h"

#include <algorithm>
#include <span>
#include <utility>

#include "badnessd/cycle/kill_set.h"

namespace badnessd {
namespace {

using Who = Culprit::Kind;

// A cgroup with more processes than these is read with all others.
constexpr std::size_t kMostMembers = 256;

Culprit culprit_of(const Context& context, const Bars& bars,
                   const Decision& decision) {
  if (decision.needed_kib == 0) {
    return {};
  }
  return decision.loss ? find_culprit(context.table(), bars, *decision.loss,
                                      decision.cgroups)
                       : Culprit{.kind = Who::kOlder};
}

// Chooses from the judged table.
Selection choose_judged(const Context& context, Bars& bars, CycleState& state) {
  Decision& decision = state.decision;
  Snapshot& table = context.table();
  decision.page_kib = table.page_size / 1024;
  if (bars.scoped) {
    mark_scope(context, decision.scope.view());
  }
  for (const CgroupTook& it : decision.cgroups.culprits()) {
    mark_processes(context, it.path.view(), &Verdict::suspect);
  }
  if (const auto dying = find_dying(table, bars)) {
    return {Selection::Kind::kWait, *dying};
  }
  decision.culprit = culprit_of(context, bars, decision);
  const Culprit& culprit = decision.culprit;
  if (culprit.exempt) {
    decision.exempt = {table.tasks[*culprit.exempt],
                       table.verdicts[*culprit.exempt]};
  }
  const Trigger& trigger = context.policy.triggers[decision.trigger];
  if (culprit.kind == Who::kNobody &&
      !innocents_may_die(trigger, decision.reading, decision.firing_us)) {
    return {};
  }
  set_bars(culprit, bars);
  judge_admitted(context, bars);
  const Selection selection =
      select_victim(table, culprit, bars, decision.needed_kib);
  decision.required_kib = bars.min_reclaim_kib;
  decision.storm = find_storm(context, bars, state);
  return selection;
}

class Choice {
 public:
  Choice(const Context& context, Bars& bars, CycleState& state)
      : context_(context),
        bars_(bars),
        state_(state),
        decision_(state.decision) {}

  Expected<Selection> run() {
    context_.census.begin_reading(context_.sources, state_.counters);
    if (state_.as_read) {
      compare();
      return choose_once();
    }
    const bool ask = decision_.loss && !state_.once;
    if (ask && read_suspects() && choose_from_census()) {
      return selection_;
    }
    if (ask) {
      decision_.cgroups = state_.accounts.find(
          context_.sources, *decision_.loss, decision_.scope.view());
      if (read_members() && choose_from_census()) {
        return selection_;
      }
    }
    const bool whole = state_.once || bare_order(context_.policy);
    const auto read = Refresh::read_all(context_.sources, context_.census,
                                        whole, decision_.seen_us);
    if (!read) {
      return tl::unexpected(read.error());
    }
    decision_.unread = 0;
    compare();
    choose();
    return selection_;
  }

 private:
  void compare() { context_.census.compare(decision_.loss, decision_.reading); }

  bool read_suspects() {
    const bool read = state_.refresh.read_suspects(
        context_.sources, context_.census, *decision_.loss,
        decision_.needed_kib, decision_.seen_us);
    compare();
    decision_.unread = state_.refresh.unread();
    return read;
  }

  bool read_members() {
    if (decision_.cgroups.count == 0 || decision_.cgroups.dead) {
      return false;
    }
    std::vector<std::int32_t>& pids = state_.members;
    pids.clear();
    for (const CgroupTook& it : decision_.cgroups.culprits()) {
      const auto listed = context_.sources.cgroups.for_each_process(
          it.path.view(), [&pids](std::int32_t pid) {
            if (pids.size() <= kMostMembers) {
              pids.push_back(pid);
            }
          });
      static_cast<void>(listed);  // the cgroup is gone: no process is in it
    }
    const bool read =
        pids.size() <= kMostMembers &&
        state_.refresh.read_members(context_.sources, context_.census, pids,
                                    decision_.needed_kib);
    compare();
    decision_.unread = state_.refresh.unread();
    return read;
  }

  // Whether the choice stands although processes were not read. What they have
  // mapped of the shared memory may be open: then the choice has to be the same
  // for nothing and for the most of it. The record is of the most: "at least".
  bool choose_from_census() {
    Kib& unread_kib = context_.table().shmem_unread_kib;
    const Kib most_kib = std::exchange(unread_kib, 0);
    choose();
    if (most_kib == 0) {
      return settled();
    }
    const Selection none = selection_;
    unread_kib = most_kib;
    choose();
    return settled() && selection_ == none;
  }

  // Judges and chooses; the chosen process is read whole before it counts.
  void choose() {
    constexpr int kMostRounds = 16;
    Census& census = context_.census;
    for (int round = 0; round < kMostRounds; ++round) {
      selection_ = choose_once();
      if (selection_.kind != Selection::Kind::kChosen ||
          census.whole(selection_.task)) {
        break;
      }
      static_cast<void>(census.read(context_.sources, selection_.task));
      compare();
    }
  }

  Selection choose_once() {
    judge_took(context_);
    return choose_judged(context_, bars_, state_);
  }

  // Whether a process or the processes of cgroups explain the loss, or one is
  // waited for.
  [[nodiscard]] bool settled() const {
    const Who kind = decision_.culprit.kind;
    return selection_.kind == Selection::Kind::kWait ||
           (selection_.kind == Selection::Kind::kChosen &&
            (kind == Who::kProcess ||
             (kind == Who::kGroup && decision_.culprit.by_account)));
  }

  const Context& context_;
  Bars& bars_;
  CycleState& state_;
  Decision& decision_;
  Selection selection_;
};

// Inserts `judged` in the sorted list of the kListed best tasks.
void offer(Judged judged, std::array<JudgedTask, Decision::kListed>& list,
           std::uint32_t& count) {
  if (count == list.size() && !outranks(judged, list.back().view())) {
    return;
  }
  count = std::min<std::uint32_t>(count + 1, Decision::kListed);
  list[count - 1] = {judged.task, judged.verdict};
  for (std::uint32_t i = count - 1;
       i > 0 && outranks(list[i].view(), list[i - 1].view()); --i) {
    std::swap(list[i], list[i - 1]);
  }
}

}  // namespace

Expected<Selection> choose(const Context& context, Bars& bars,
                           CycleState& state) {
  return Choice(context, bars, state).run();
}

void list_others(const Context& context, Bars bars, Decision& decision) {
  Snapshot& table = context.table();
  bars.suspects_only = false;
  const auto list = [&] {
    judge_all(context);
    if (bars.scoped) {
      mark_scope(context, decision.scope.view());
    }
    decision.passed_over_count = 0;
    decision.runners_up_count = 0;
    decision.candidates = 0;
    for (std::size_t i = 0; i < table.tasks.size(); ++i) {
      if (!eligible(table, i, bars)) {
        continue;
      }
      ++decision.candidates;
      const Judged judged = table.judged(i);
      if (judged.task.id == decision.chosen.task.id) {
        continue;
      }
      if (outranks(judged, decision.chosen.view())) {
        offer(judged, decision.passed_over, decision.passed_over_count);
      } else {
        offer(judged, decision.runners_up, decision.runners_up_count);
      }
    }
  };
  const auto read = [&](const JudgedTask& listed) {
    const auto index = context.census.find(listed.task.id.pid);
    if (index && !context.census.whole(*index)) {
      static_cast<void>(context.census.read(context.sources, *index));
    }
  };
  list();
  std::for_each_n(decision.passed_over.begin(), decision.passed_over_count,
                  read);
  std::for_each_n(decision.runners_up.begin(), decision.runners_up_count, read);
  list();
}

}  // namespace badnessd
