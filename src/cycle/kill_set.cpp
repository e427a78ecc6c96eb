// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/kill_set.h"

#include <algorithm>

#include "badnessd/cycle/identities.h"

namespace badnessd {
namespace {

class Sweep {
 public:
  Sweep(const Context& context, Killer& killer, const Bars& bars,
        CycleState& state)
      : context_(context),
        killer_(killer),
        bars_(bars),
        decision_(state.decision),
        swept_(state.swept) {}

  void run(std::span<const std::uint32_t> members) {
    constexpr int kRounds = 16;
    swept_.clear();
    swept_.push_back(decision_.victim.task.id);
    for (const std::uint32_t index : members) {
      take(index);
    }
    // A signalled task creates no new sharer of its mm.
    for (int round = 0; decision_.kill_set != KillSet::kSharedMm &&
                        round < kRounds && look_again();
         ++round) {
      const std::size_t before = swept_.size();
      for (std::uint32_t i = 0; i < context_.table().tasks.size(); ++i) {
        if (belongs(i)) {
          take(i);
        }
      }
      if (swept_.size() == before) {
        return;
      }
    }
  }

 private:
  // Adds the processes that are newer than the table.
  bool look_again() {
    Census& census = context_.census;
    if (!census.add_new(context_.sources, context_.sources.facts.now_us())) {
      return false;
    }
    for (std::uint32_t i = 0; i < census.entries().size(); ++i) {
      if (!census.entries()[i].read) {
        static_cast<void>(census.read(context_.sources, i));
      }
    }
    link_children(context_.table());
    judge_took(context_);
    if (decision_.kill_set == KillSet::kCgroup) {
      mark_scope(context_, decision_.group.view());
    } else if (bars_.scoped) {
      mark_scope(context_, decision_.scope.view());
    }
    for (const CgroupTook& it : decision_.cgroups.culprits()) {
      mark_processes(context_, it.path.view(), &Verdict::suspect);
    }
    return true;
  }

  [[nodiscard]] bool is_swept(const TaskId& id) const {
    return std::find(swept_.begin(), swept_.end(), id) != swept_.end();
  }

  // Whether the task is one of the storm, or newer and like its members: of
  // their user, and with their name or a fair part of what they took.
  [[nodiscard]] bool belongs(std::uint32_t index) const {
    if (!decision_.storm) {
      return true;  // take() skips tasks outside the cgroup
    }
    const Storm& storm = *decision_.storm;
    const Snapshot& table = context_.table();
    const auto [task, verdict] = table.judged(index);
    if (!young(table, task) || task.uid != storm.uid ||
        (task.name() != storm.name() &&
         verdict.took_kib < storm.largest_kib / StormFinder::kSmallestPart)) {
      return false;
    }
    const std::size_t parent = find_task(table, task.ppid);
    const bool below = parent < table.tasks.size() &&
                       (table.tasks[parent].id == decision_.chosen.task.id ||
                        is_swept(table.tasks[parent].id));
    return below || (!storm.forker && verdict.suspect);
  }

  void take(std::uint32_t index) {
    const Task& task = context_.table().tasks[index];
    if (!eligible(context_.table(), index, bars_) || is_swept(task.id)) {
      return;
    }
    swept_.push_back(task.id);
    if (killer_.kill_also(task).kind == KillOutcome::Kind::kSent) {
      ++decision_.swept;
    }
  }

  const Context& context_;
  Killer& killer_;
  const Bars& bars_;
  Decision& decision_;
  std::vector<TaskId>& swept_;
};

// Whether the process is in the cgroup now: what is known of it can be old.
bool holds(const Context& context, std::string_view cgroup, std::int32_t pid) {
  bool found = false;
  const auto listed = context.sources.cgroups.for_each_process(
      cgroup, [&](std::int32_t it) { found = found || it == pid; });
  return listed && found;
}

}  // namespace

void find_sharers(const Context& context, const Bars& bars, CycleState& state) {
  constexpr std::size_t kMostMistaken = 64;
  Decision& decision = state.decision;
  state.sharers.clear();
  if (bare_order(context.policy) || decision.storm) {
    return;
  }
  const Task& victim = decision.victim.task;
  const auto& tasks = context.table().tasks;
  std::size_t mistaken = 0;
  for (std::uint32_t i = 0; i < tasks.size() && mistaken < kMostMistaken; ++i) {
    if (tasks[i].id == victim.id || tasks[i].total_vm != victim.total_vm ||
        !eligible(context.table(), i, bars)) {
      continue;
    }
    if (!context.sources.facts.share_mm(victim, tasks[i])) {
      ++mistaken;
      continue;
    }
    state.sharers.push_back(i);
    Kib& reclaim_kib = decision.victim.verdict.reclaim_kib;
    reclaim_kib = std::max(reclaim_kib, victim.private_kib());
  }
}

std::optional<Storm> find_storm(const Context& context, const Bars& bars,
                                CycleState& state) {
  constexpr Micros kAgain = 60 * kSecond;
  const Decision& decision = state.decision;
  const Culprit& culprit = decision.culprit;
  if (context.policy.victim != VictimOrder::kAuto ||
      culprit.kind != Culprit::Kind::kGroup) {
    return std::nullopt;
  }
  const Snapshot& table = context.table();
  auto storm = state.storms.find(
      table, bars, decision.needed_kib,
      culprit.by_account ? decision.cgroups.took_kib : decision.loss->lost_kib);
  if (storm && storm->forker && storm->spare_forker) {
    const Incident& incident = state.incident;
    const bool again =
        table.tasks[*storm->forker].id == incident.spared_forker &&
        decision.reading.time_us - incident.spared_us < kAgain;
    storm->spare_forker = !again || !eligible(table, *storm->forker, bars);
  }
  return storm;
}

void decide_kill_set(const Context& context, CycleState& state) {
  Decision& decision = state.decision;
  const VictimOrder order = context.policy.victim;
  CgroupTree& cgroups = context.sources.cgroups;
  const std::int32_t pid = decision.victim.task.id.pid;
  const auto index = context.census.find(pid);
  const std::string_view cgroup =
      index ? cgroup_of(context.census, *index) : std::string_view();
  decision.cgroup = cgroup;
  decision.oom_group = cgroups.oom_group(cgroup, decision.scope.view());
  const std::string_view group =
      context.policy.oom_group && !decision.oom_group.empty()
          ? decision.oom_group.view()
      : order == VictimOrder::kCgroup && cgroup != "/" ? cgroup
                                                       : std::string_view();
  if (decision.storm) {
    decision.kill_set = KillSet::kStorm;
  } else if (!group.empty() && holds(context, group, pid)) {
    decision.kill_set = KillSet::kCgroup;
    decision.group = group;
  } else if (!state.sharers.empty()) {
    decision.kill_set = KillSet::kSharedMm;
  } else if (!(decision.victim.task.id == decision.chosen.task.id)) {
    decision.kill_set = KillSet::kChild;
  }
}

void record_cgroup(const Sources& sources, Decision& decision) {
  if (!decision.cgroup.empty()) {
    return;
  }
  if (const auto cgroup =
          sources.identities.read_cgroup(decision.victim.task.id.pid)) {
    decision.cgroup = *cgroup;
    decision.oom_group = sources.cgroups.oom_group(decision.cgroup.view(),
                                                   decision.scope.view());
  }
}

void sweep(const Context& context, Killer& killer, Bars bars,
           CycleState& state) {
  const Decision& decision = state.decision;
  bars.scoped = bars.scoped || decision.kill_set == KillSet::kCgroup;
  Sweep(context, killer, bars, state)
      .run(decision.storm ? state.storms.members() : state.sharers);
}

}  // namespace badnessd
