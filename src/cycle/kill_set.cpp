// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/kill_set.h"

#include <algorithm>

#include "badnessd/cycle/identities.h"

namespace badnessd {
namespace {

class Sweep {
 public:
  Sweep(const Inquiry& inquiry, Killer& killer, const SelectRules& rules,
        Decision& decision, std::vector<TaskId>& swept)
      : inquiry_(inquiry),
        killer_(killer),
        rules_(rules),
        decision_(decision),
        swept_(swept) {}

  void run(std::span<const std::uint32_t> members) {
    constexpr int kRounds = 16;
    swept_.clear();
    swept_.push_back(decision_.victim.task.id);
    for (const std::uint32_t index : members) {
      take(index);
    }
    for (int round = 0; round < kRounds && look_again(); ++round) {
      const std::size_t before = swept_.size();
      for (std::uint32_t i = 0; i < inquiry_.snapshot.tasks.size(); ++i) {
        if (belongs(inquiry_.snapshot.tasks[i])) {
          take(i);
        }
      }
      if (swept_.size() == before) {
        return;
      }
    }
  }

 private:
  bool look_again() {
    if (!scan(inquiry_)) {
      return false;
    }
    if (rules_.scoped) {
      mark_scope(inquiry_.sources.cgroups,
                 decision_.kill_set == KillSet::kCgroup
                     ? decision_.group.view()
                     : decision_.scope.view(),
                 inquiry_.snapshot);
    }
    return true;
  }

  [[nodiscard]] bool is_swept(const TaskId& id) const {
    return std::find(swept_.begin(), swept_.end(), id) != swept_.end();
  }

  [[nodiscard]] bool belongs(const Task& task) const {
    if (decision_.kill_set == KillSet::kCgroup) {
      return true;  // take() skips tasks outside the cgroup
    }
    if (decision_.kill_set == KillSet::kSharedMm) {
      return false;  // a signalled task creates no new sharer
    }
    if (decision_.storm && !young(inquiry_.snapshot, task)) {
      return false;
    }
    if (decision_.storm && are_siblings(decision_.chosen.task, task)) {
      return true;
    }
    const std::size_t parent = find_task(inquiry_.snapshot, task.ppid);
    return parent < inquiry_.snapshot.tasks.size() &&
           (inquiry_.snapshot.tasks[parent].id == decision_.chosen.task.id ||
            is_swept(inquiry_.snapshot.tasks[parent].id));
  }

  void take(std::uint32_t index) {
    const Task& task = inquiry_.snapshot.tasks[index];
    const auto candidate = [&] {
      return eligible(inquiry_.snapshot, index, rules_);
    };
    if (!candidate() || is_swept(task.id)) {
      return;
    }
    if (!inquiry_.policy.rules.empty()) {
      refine_one(inquiry_, index);
      if (!candidate()) {
        return;
      }
    }
    swept_.push_back(task.id);
    if (killer_.kill_also(task).kind == KillOutcome::Kind::kSent) {
      ++decision_.swept;
    }
  }

  const Inquiry& inquiry_;
  Killer& killer_;
  const SelectRules& rules_;
  Decision& decision_;
  std::vector<TaskId>& swept_;
};

}  // namespace

void find_sharers(const Inquiry& inquiry, const SelectRules& rules,
                  Decision& decision, std::vector<std::uint32_t>& sharers) {
  constexpr std::size_t kMostAsked = 64;
  sharers.clear();
  if (bare_order(inquiry.policy) || decision.storm) {
    return;
  }
  const Task& victim = decision.victim.task;
  const auto& tasks = inquiry.snapshot.tasks;
  std::size_t asked = 0;
  for (std::uint32_t i = 0; i < tasks.size() && asked < kMostAsked; ++i) {
    if (tasks[i].id == victim.id || tasks[i].total_vm != victim.total_vm ||
        !eligible(inquiry.snapshot, i, rules)) {
      continue;
    }
    ++asked;
    if (inquiry.sources.facts.share_mm(victim, tasks[i])) {
      sharers.push_back(i);
      Kib& reclaim_kib = decision.victim.verdict.reclaim_kib;
      reclaim_kib =
          std::max(reclaim_kib, victim.rss_anon_kib + victim.swap_kib);
    }
  }
}

std::optional<Storm> find_storm(const Inquiry& inquiry,
                                const SelectRules& rules, StormFinder& storms,
                                const Decision& decision, Incident& incident) {
  constexpr Micros kAgain = 60 * kSecond;
  // Without a baseline, what a family took is not known.
  if (inquiry.policy.victim != VictimOrder::kAuto || !decision.loss) {
    return std::nullopt;
  }
  Snapshot& snapshot = inquiry.snapshot;
  const Kib lost_kib = decision.loss->lost_kib;
  const auto suspects =
      storms.suspects(snapshot, rules, decision.needed_kib, lost_kib);
  if (suspects.empty()) {
    return std::nullopt;
  }
  for (const std::uint32_t index : suspects) {
    refine_with_relatives(inquiry, index);
  }
  auto storm = storms.find(snapshot, rules, decision.needed_kib, lost_kib);
  if (!storm) {
    return storm;
  }
  // The rules can exempt the forker: refine it before the check.
  refine_one(inquiry, storm->forker);
  const Task& forker = snapshot.tasks[storm->forker];
  const bool candidate = eligible(snapshot, storm->forker, rules);
  storm->spare_forker = storm->spare_forker || !candidate;
  if (storm->spare_forker) {
    const Micros now = decision.reading.time_us;
    const bool again = forker.id == incident.spared_forker &&
                       now - incident.spared_us < kAgain;
    storm->spare_forker = !(again && candidate);
    incident.spared_forker = forker.id;
    incident.spared_us = now;
  }
  return storm;
}

void decide_kill_set(const Inquiry& inquiry,
                     std::span<const std::uint32_t> sharers,
                     Decision& decision) {
  const VictimOrder order = inquiry.policy.victim;
  const std::string_view cgroup =
      cgroup_of(inquiry.census, inquiry.snapshot, decision.victim.task);
  decision.cgroup = cgroup;
  decision.oom_group =
      inquiry.sources.cgroups.oom_group(cgroup, decision.scope.view());
  if (decision.storm) {
    decision.kill_set = KillSet::kStorm;
  } else if (inquiry.policy.oom_group && !decision.oom_group.empty()) {
    decision.kill_set = KillSet::kCgroup;
    decision.group = decision.oom_group.view();
  } else if (order == VictimOrder::kCgroup && cgroup.size() > 1) {
    decision.kill_set = KillSet::kCgroup;
    decision.group = cgroup;
  } else if (!sharers.empty()) {
    decision.kill_set = KillSet::kSharedMm;
  } else if (!(decision.victim.task.id == decision.chosen.task.id)) {
    decision.kill_set = KillSet::kChild;
  }
}

void note_cgroup(const Sources& sources, Decision& decision) {
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

void sweep(const Inquiry& inquiry, Killer& killer, SelectRules rules,
           std::span<const std::uint32_t> members, Decision& decision,
           std::vector<TaskId>& swept) {
  rules.scoped = rules.scoped || decision.kill_set == KillSet::kCgroup;
  Sweep(inquiry, killer, rules, decision, swept).run(members);
}

}  // namespace badnessd
