// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/cycle.h"

#include <algorithm>

#include "badnessd/app/choose.h"

namespace badnessd {
namespace {

using Kind = CycleReport::Kind;

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
    constexpr Micros kOften = 60'000'000;
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
    decision.stalls = state_.policy.history.share(trigger.psi_window_us);
    decision.need_kib = need_kib(policy_, trigger, report_.reading);

    Snapshot& snapshot = state_.snapshot;
    if (const auto scanned = source_.scan(snapshot); !scanned) {
      return lost(scanned.error());
    }
    state_.reserve();
    SelectRules rules{
        .self_pid = policy_.self_pid,
        .wait_for = wait_for(policy_, state_.policy, decision.seen_us),
        .set_aside = set_aside_of(state_.policy)};
    const Selection selection =
        select_victim(source_, snapshot, policy_.score, rules,
                      decision.need_kib, swap_used_kib(report_.reading));
    decision.bar_kib = rules.min_reclaim_kib;
    if (selection.kind == Selection::Kind::kWait) {
      report_.dying = snapshot.tasks[selection.task].id;
      if (!state_.policy.waiting_since_us) {
        state_.policy.waiting_since_us = decision.seen_us;
      }
      return ended(Kind::kWaiting);
    }
    decision.storm = find_storm(rules);
    if (decision.storm) {
      const Storm& storm = *decision.storm;
      complete(
          snapshot, storm.forker,
          storm.spare_forker ? state_.storms.members().front() : storm.forker);
    } else if (selection.kind == Selection::Kind::kNone) {
      return ended(Kind::kNobody);
    } else {
      complete(
          snapshot, selection.task,
          oom_kill_victim(snapshot, selection.task, policy_.victim, rules));
    }
    decision.decided_us = source_.now_us();
    return act(rules);
  }

  std::optional<Storm> find_storm(const SelectRules& rules) {
    // The bare order of 2.6.32 knows no storm.
    if (policy_.victim != VictimOrder::kAuto ||
        policy_.min_reclaim_kib == Kib{0}) {
      return std::nullopt;
    }
    constexpr Micros kAgain = 60'000'000;
    const PressureReading& reading = report_.reading;
    Snapshot& snapshot = state_.snapshot;
    PolicyState& state = state_.policy;
    const Kib free = reading.mem_available_kib + reading.swap_free_kib;
    const Kib need = state_.decision.need_kib;
    for (const std::uint32_t index :
         state_.storms.suspects(snapshot, rules, need, state.history, free)) {
      refine_one(source_, snapshot, index, policy_.score,
                 swap_used_kib(reading));
    }
    auto storm = state_.storms.find(snapshot, rules, need, state.history, free);
    if (storm && storm->spare_forker) {
      const Task& forker = snapshot.tasks[storm->forker];
      const bool again = forker.id == state.spared_forker &&
                         reading.time_us - state.spared_us < kAgain;
      if (again && skip_reason(forker, rules) == Skip::kNone) {
        storm->spare_forker = false;
      }
      state.spared_forker = forker.id;
      state.spared_us = reading.time_us;
    }
    return storm;
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
    // A storm goes on for as long as its members are asked to end.
    const bool gently = policy_.term_grace_us != 0 && !decision.storm;
    decision.signal = gently ? Signal::kTerm : Signal::kKill;
    state.pending = Pending{
        .id = decision.victim.id,
        .phase =
            gently ? Pending::Phase::kTerminating : Pending::Phase::kKilling,
        .since_us = reading->time_us,
        .free_before_kib = reading->mem_available_kib + reading->swap_free_kib,
        .expected_kib = decision.storm ? decision.storm->reclaim_kib
                                       : decision.victim.reclaim_kib};
    if (hooks_.before_signal != nullptr) {
      hooks_.before_signal(hooks_.context, state);
    }
    decision.outcome = killer_.send(decision.victim, decision.signal);
    decision.signalled_us = source_.now_us();
    killer_.release_memory();
    ++state_.decisions;
    decision.number = state_.decisions;
    if (decision.storm) {
      sweep(rules);
    } else {
      list_others(source_, state_.snapshot, policy_, rules, decision);
    }
    return after_signal();
  }

  // The forker cannot fork any more, once it is signalled. Its descendants can
  // until they are, so it is looked for new ones until there are none.
  void sweep(const SelectRules& rules) {
    constexpr int kRounds = 16;
    Decision& decision = state_.decision;
    Snapshot& snapshot = state_.snapshot;
    if (decision.outcome.kind != KillOutcome::Kind::kSent) {
      return;
    }
    auto& swept = state_.swept;
    swept.clear();
    swept.push_back(decision.victim.id);
    const auto is_swept = [&](const TaskId& id) {
      return std::find(swept.begin(), swept.end(), id) != swept.end();
    };
    for (const std::uint32_t index : state_.storms.members()) {
      sweep_one(snapshot.tasks[index]);
    }
    for (int round = 0; round < kRounds && source_.scan(snapshot); ++round) {
      const std::size_t before = swept.size();
      for (const Task& task : snapshot.tasks) {
        if (skip_reason(task, rules) != Skip::kNone || is_swept(task.id) ||
            !young(snapshot, task, decision.storm->window_us)) {
          continue;
        }
        const std::size_t parent = find_task(snapshot, task.ppid);
        const bool below = parent < snapshot.tasks.size() &&
                           (is_swept(snapshot.tasks[parent].id) ||
                            snapshot.tasks[parent].id == decision.chosen.id);
        if (below) {
          sweep_one(task);
        }
      }
      if (swept.size() == before) {
        return;
      }
    }
  }

  void sweep_one(const Task& task) {
    if (task.id == state_.decision.victim.id) {
      return;
    }
    state_.swept.push_back(task.id);
    if (killer_.kill_also(task).kind == KillOutcome::Kind::kSent) {
      ++state_.decision.swept;
    }
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
    look_for_kernel_kill();
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

CycleReport run_cycle(FactSource& source, const Policy& policy, Killer& killer,
                      CycleState& state, const CycleHooks& hooks) {
  return Pass(source, policy, killer, state, hooks).run();
}

}  // namespace badnessd
