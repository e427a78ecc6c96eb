// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/cycle.h"

#include <algorithm>

namespace badnessd {
namespace {

using Kind = CycleReport::Kind;

Kib swap_used_kib(const PressureReading& reading) {
  return reading.swap_total_kib - reading.swap_free_kib;
}

// Reads the dear facts of one task, unless they are known, and what follows
// from them.
void refine_one(FactSource& source, Snapshot& snapshot, std::uint32_t index,
                const ScoreRules& score, Kib swap_used) {
  Task& task = snapshot.tasks[index];
  if (task.detail == Detail::kCheap) {
    source.refine(snapshot, index);
    score_task(snapshot, task, score);
    estimate_reclaim(task, snapshot, swap_used, kUnknownKib);
  }
}

// select_bad_process() for one bar, exactly.
Selection select_exactly(FactSource& source, Snapshot& snapshot,
                         const ScoreRules& score, const SelectRules& rules,
                         Kib swap_used) {
  for (;;) {
    const Selection selection = select_bad_process(snapshot, rules);
    if (selection.kind != Selection::Kind::kChosen) {
      return selection;
    }
    Task& leader = snapshot.tasks[selection.task];
    if (leader.detail == Detail::kCheap) {
      refine_one(source, snapshot, selection.task, score, swap_used);
    } else if (leader.reclaim_kib < rules.min_reclaim_kib &&
               leader.reclaim_most_kib != leader.reclaim_kib) {
      // It hangs on how much of its shared memory is its own, and that on
      // everybody's.
      refine_all(source, snapshot, score);
    } else {
      return selection;
    }
  }
}

bool before(const Task& a, const Task& b) {
  return a.points != b.points ? a.points > b.points
                              : earlier_in_task_list(a, b);
}

// Keeps the kListed best of those that are offered, in order.
void offer(const Task& task, std::array<Task, Decision::kListed>& list,
           std::uint32_t& count) {
  if (count == list.size() && !before(task, list.back())) {
    return;
  }
  count = std::min<std::uint32_t>(count + 1, Decision::kListed);
  list[count - 1] = task;
  for (std::uint32_t i = count - 1; i > 0 && before(list[i], list[i - 1]);
       --i) {
    std::swap(list[i], list[i - 1]);
  }
}

// The others, for the record. Their points may be upper bounds; those few that
// are listed are read now, after the signal, and put in their exact place.
void list_others(FactSource& source, Snapshot& snapshot, const Policy& policy,
                 const SelectRules& rules, Decision& decision) {
  const auto list = [&] {
    decision.passed_over_count = 0;
    decision.runners_up_count = 0;
    decision.candidates = 0;
    for (const Task& task : snapshot.tasks) {
      if (skip_reason(task, rules) != Skip::kNone) {
        continue;
      }
      ++decision.candidates;
      if (task.id == decision.chosen.id) {
        continue;
      }
      if (before(task, decision.chosen)) {
        offer(task, decision.passed_over, decision.passed_over_count);
      } else {
        offer(task, decision.runners_up, decision.runners_up_count);
      }
    }
  };
  const auto refine = [&](const Task& listed) {
    const auto index =
        static_cast<std::uint32_t>(find_task(snapshot, listed.id.pid));
    refine_one(source, snapshot, index, policy.score,
               swap_used_kib(decision.reading));
  };
  list();
  std::for_each_n(decision.passed_over.begin(), decision.passed_over_count,
                  refine);
  std::for_each_n(decision.runners_up.begin(), decision.runners_up_count,
                  refine);
  list();
}

class Pass {
 public:
  Pass(FactSource& source, const Policy& policy, Killer& killer,
       CycleState& state, const CycleHooks& hooks)
      : source_(source),
        policy_(policy),
        killer_(killer),
        state_(state),
        hooks_(hooks) {}

  CycleReport run() {
    const auto reading = source_.read_pressure();
    if (!reading) {
      return lost(reading.error());
    }
    report_.reading = *reading;
    const Fired fired = take_reading(policy_, state_.policy, *reading);
    report_.log_trigger = fired.log;
    if (state_.policy.pending) {
      return follow_pending(fired.kill.has_value());
    }
    if (!fired.kill && !policy_.audit) {
      watch_kernel();
      return ended(Kind::kCalm);
    }
    if (state_.policy.reported) {
      return ended(Kind::kCoolingDown);
    }
    if (!budget_left(policy_, state_.policy, reading->time_us)) {
      return ended(Kind::kBudgetSpent);
    }
    if (kernel_kills_now()) {
      return ended(Kind::kWaiting);
    }
    return decide(fired);
  }

 private:
  CycleReport ended(Kind kind) {
    report_.kind = kind;
    return report_;
  }

  CycleReport lost(const Error& error) {
    report_.error = error;
    return ended(Kind::kSampleLost);
  }

  // So that a kill which is seen when the trigger fires is known to be a recent
  // one. vmstat is dearer than meminfo, hence not each time.
  void watch_kernel() {
    constexpr Micros kNear = 200'000;
    constexpr Micros kOften = 10'000'000;
    const Micros now = report_.reading.time_us;
    if (!state_.oom_kills || now - state_.oom_kills_read_us >= kOften ||
        next_sleep_us(policy_, state_.policy) < kNear) {
      look_for_kernel_kill();
    }
  }

  void look_for_kernel_kill() {
    const Micros now = report_.reading.time_us;
    const auto kills = source_.read_oom_kills();
    if (kills && state_.oom_kills && *kills > *state_.oom_kills) {
      state_.policy.kernel_kill_us = now;
      report_.kernel_killed = true;
    }
    state_.oom_kills = kills;
    state_.oom_kills_read_us = now;
  }

  // The kernel's own victim is given as long as it takes one of a few hundred
  // MiB to free its memory.
  bool kernel_kills_now() {
    constexpr Micros kGrace = 250'000;
    look_for_kernel_kill();
    const auto seen = state_.policy.kernel_kill_us;
    return seen && report_.reading.time_us - *seen < kGrace;
  }

  CycleReport decide(const Fired& fired) {
    Decision& decision = state_.decision;
    decision = Decision{};
    decision.fired = fired.kill.has_value();
    decision.trigger = fired.kill.value_or(audit_trigger(policy_));
    decision.reading = report_.reading;
    decision.seen_us = report_.reading.time_us;
    const Trigger& trigger = policy_.triggers[decision.trigger];
    decision.stalls = state_.policy.stalls.share(trigger.psi_window_us);
    decision.need_kib = need_kib(policy_, trigger, report_.reading);

    Snapshot& snapshot = state_.snapshot;
    if (const auto scanned = source_.scan(snapshot); !scanned) {
      return lost(scanned.error());
    }
    SelectRules rules{
        .self_pid = policy_.self_pid,
        .wait_for = wait_for(policy_, state_.policy, decision.seen_us),
        .set_aside = set_aside_of(state_.policy)};
    const Selection selection =
        select_victim(source_, snapshot, policy_.score, rules,
                      decision.need_kib, swap_used_kib(report_.reading));
    decision.bar_kib = rules.min_reclaim_kib;
    if (selection.kind == Selection::Kind::kNone) {
      return ended(Kind::kNobody);
    }
    if (selection.kind == Selection::Kind::kWait) {
      report_.dying = snapshot.tasks[selection.task].id;
      if (!state_.policy.waiting_since_us) {
        state_.policy.waiting_since_us = decision.seen_us;
      }
      return ended(Kind::kWaiting);
    }
    const std::uint32_t victim =
        oom_kill_victim(snapshot, selection.task, policy_.victim, rules);
    complete(snapshot, selection.task, victim);
    decision.decided_us = source_.now_us();
    return act(rules);
  }

  // Writes the chosen and the victim down.
  void complete(Snapshot& snapshot, std::uint32_t chosen,
                std::uint32_t victim) {
    Decision& decision = state_.decision;
    refine_one(source_, snapshot, victim, policy_.score,
               swap_used_kib(report_.reading));
    decision.chosen = snapshot.tasks[chosen];
    decision.score = badness(snapshot, decision.chosen, policy_.score);
    decision.victim = snapshot.tasks[victim];
  }

  CycleReport act(const SelectRules& rules) {
    Decision& decision = state_.decision;
    PolicyState& state = state_.policy;
    // Somebody may have given memory back in the meantime.
    const auto reading = source_.read_pressure();
    if (!reading) {
      return lost(reading.error());
    }
    report_.reading = *reading;
    if (!policy_.audit && !take_reading(policy_, state, *reading).kill) {
      return ended(Kind::kRecovered);
    }
    const bool gently = policy_.term_grace_us != 0;
    decision.signal = gently ? Signal::kTerm : Signal::kKill;
    state.pending = Pending{
        .id = decision.victim.id,
        .phase =
            gently ? Pending::Phase::kTerminating : Pending::Phase::kKilling,
        .since_us = reading->time_us,
        .free_before_kib = reading->mem_available_kib + reading->swap_free_kib,
        .expected_kib = decision.victim.reclaim_kib};
    if (hooks_.before_signal != nullptr) {
      hooks_.before_signal(hooks_.context, state);
    }
    decision.outcome = killer_.send(decision.victim, decision.signal);
    decision.signalled_us = source_.now_us();
    killer_.release_memory();
    ++state_.decisions;
    decision.number = state_.decisions;
    list_others(source_, state_.snapshot, policy_, rules, decision);
    return after_signal();
  }

  CycleReport after_signal() {
    Decision& decision = state_.decision;
    PolicyState& state = state_.policy;
    switch (decision.outcome.kind) {
      case KillOutcome::Kind::kSent:
        count_kill(state, decision.signalled_us);
        return ended(Kind::kSignalled);
      case KillOutcome::Kind::kNotSent:
        state.reported = true;
        break;
      case KillOutcome::Kind::kRefused:
      case KillOutcome::Kind::kFailed:
        set_aside(state, decision.victim.id);
        break;
      case KillOutcome::Kind::kVanished:
        break;
    }
    state.pending.reset();
    decision.end = Decision::End::kNotSignalled;
    return ended(Kind::kNotSignalled);
  }

  CycleReport follow_pending(bool trigger_fires) {
    Decision& decision = state_.decision;
    PolicyState& state = state_.policy;
    const PressureReading& reading = report_.reading;
    const bool exited = killer_.exited();
    PendingStep step =
        step_pending(policy_, state, reading, trigger_fires, exited);
    if (step == PendingStep::kExited) {
      decision.exited_us = reading.time_us;
      step = step_pending(policy_, state, reading, trigger_fires, exited);
    }
    switch (step) {
      case PendingStep::kWait:
      case PendingStep::kExited:
        return ended(Kind::kPending);
      case PendingStep::kEscalate:
        state.pending->phase = Pending::Phase::kKilling;
        state.pending->since_us = reading.time_us;
        decision.signal = Signal::kKill;
        decision.outcome = killer_.escalate();
        killer_.release_memory();
        return ended(Kind::kEscalated);
      case PendingStep::kGiveUp:
        set_aside(state, state.pending->id);
        decision.end = Decision::End::kStillAlive;
        state.pending.reset();
        return ended(Kind::kGaveUp);
      case PendingStep::kDone:
        break;
    }
    const Kib free = reading.mem_available_kib + reading.swap_free_kib;
    decision.reclaimed_kib =
        free - std::min(free, state.pending->free_before_kib);
    decision.memory_back_us = reading.time_us;
    decision.end = Decision::End::kExited;
    state.pending.reset();
    return ended(Kind::kDone);
  }

  FactSource& source_;
  const Policy& policy_;
  Killer& killer_;
  CycleState& state_;
  const CycleHooks& hooks_;
  CycleReport report_;
};

}  // namespace

Selection select_victim(FactSource& source, Snapshot& snapshot,
                        const ScoreRules& score, SelectRules& rules,
                        Kib need_kib, Kib swap_used) {
  // Nobody is worth killing for less.
  constexpr Kib kSmallestBar = 64;
  score_all(snapshot, score);
  estimate_reclaim(snapshot, swap_used);
  for (rules.min_reclaim_kib = need_kib;; rules.min_reclaim_kib /= 2) {
    if (rules.min_reclaim_kib < kSmallestBar) {
      rules.min_reclaim_kib = 0;
    }
    const Selection selection =
        select_exactly(source, snapshot, score, rules, swap_used);
    if (selection.kind != Selection::Kind::kNone ||
        rules.min_reclaim_kib == 0) {
      return selection;
    }
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
  estimate_reclaim(snapshot, 0);
}

CycleReport run_cycle(FactSource& source, const Policy& policy, Killer& killer,
                      CycleState& state, const CycleHooks& hooks) {
  return Pass(source, policy, killer, state, hooks).run();
}

}  // namespace badnessd
