// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/cycle.h"

#include <algorithm>
#include <span>

#include "badnessd/cycle/calm.h"
#include "badnessd/cycle/choose.h"
#include "badnessd/cycle/domains.h"
#include "badnessd/cycle/kill_set.h"

namespace badnessd {
namespace {

using Kind = CycleResult::Kind;

class Pass {
 public:
  Pass(const Sources& sources, const Policy& policy, Killer& killer,
       CycleState& state, const CycleHooks& hooks)
      : sources_(sources),
        policy_(policy),
        killer_(killer),
        state_(state),
        hooks_(hooks) {}

  CycleResult run() {
    const auto reading = sources_.facts.read_pressure();
    if (!reading) {
      return lost(reading.error());
    }
    result_.reading = *reading;
    if (state_.domains.listed_us == 0 && !state_.incident.pending) {
      list_cgroups(sources_.cgroups, policy_, state_.domains, reading->time_us);
    }
    const Firing firing =
        take_readings(sources_.cgroups, policy_, state_.domains, *reading,
                      state_.incident.pending.has_value());
    const Fired& fired = firing.fired;
    result_.log_trigger = fired.log;
    result_.log_domain = firing.log_domain;
    if (!fired.kill) {
      end_incident(state_.incident);
    }
    if (state_.incident.pending) {
      return follow_pending(firing);
    }
    if (!fired.kill && !state_.once) {
      result_.kernel_kills = use_calm_time(sources_, policy_, *reading, state_);
      return ended(Kind::kCalm);
    }
    if (state_.incident.reported) {
      return ended(Kind::kCoolingDown);
    }
    if (resting(domain()) && !state_.once) {
      return ended(Kind::kCoolingDown);
    }
    if (!budget_left(policy_, domain().kills, reading->time_us)) {
      return ended(Kind::kBudgetSpent);
    }
    if (kernel_kills_now()) {
      return ended(Kind::kWaiting);
    }
    return decide(fired);
  }

 private:
  CycleResult ended(Kind kind) {
    result_.kind = kind;
    return result_;
  }

  // The domain of the decision.
  [[nodiscard]] const OomDomain& domain() const {
    return state_.domains.actor();
  }

  [[nodiscard]] Context context() {
    return {.sources = sources_, .policy = policy_, .census = state_.census};
  }

  // The memory lost by the system, or by the cgroup that is short of it.
  [[nodiscard]] std::optional<Loss> loss() const {
    if (bare_order(policy_)) {
      return std::nullopt;
    }
    // What was needed at the limit: the window must not reach back further the
    // deeper memory sinks.
    const Decision& decision = state_.decision;
    PressureReading ample = decision.reading;
    ample.mem_available_kib = ample.mem_total_kib;
    return find_loss(
        notes_of(state_.domains, state_.census.notes()), decision.reading,
        needed_kib(policy_, policy_.triggers[decision.trigger], ample));
  }

  CycleResult lost(const Error& error) {
    result_.error = error;
    return ended(Kind::kSampleLost);
  }

  // Whether the kernel's own victim still has time to die.
  bool kernel_kills_now() {
    const Micros now = result_.reading.time_us;
    result_.kernel_kills = look_for_kernel_kills(sources_, now, state_);
    if (!waits_for_kernel(policy_, state_.incident, now)) {
      return false;
    }
    begin_waiting(state_.incident, now);
    return true;
  }

  // A decision with its causes, and no victim yet.
  void begin(const Fired& fired) {
    Decision& decision = state_.decision;
    decision = Decision{};
    state_.sharers.clear();
    decision.fired = fired.kill.has_value();
    decision.trigger = fired.kill.value_or(once_trigger(policy_));
    decision.scope = domain().cgroup;
    decision.reading = *domain().last;
    decision.seen_us = result_.reading.time_us;
    const Trigger& trigger = policy_.triggers[decision.trigger];
    decision.stalls = domain().history.share(trigger.psi_window_us);
    decision.needed_kib = needed_kib(policy_, trigger, decision.reading);
    decision.loss = loss();
    const auto since = domain().triggers[decision.trigger].holds_since_us;
    decision.firing_us = since ? above(decision.reading.time_us, *since) : 0;
  }

  // Whether the notes are too young to tell who takes memory, and there is time
  // to wait for a second of them.
  [[nodiscard]] bool just_started() const {
    const Decision& decision = state_.decision;
    if (decision.loss || state_.once || bare_order(policy_)) {
      return false;
    }
    const MemoryNotes& notes = state_.census.notes();
    const bool known =
        std::any_of(notes.begin(), notes.end(), [&](const MemoryNote& it) {
          return it.time_us != 0 && decision.seen_us >= it.time_us + kSecond;
        });
    return !known && !innocents_may_die(policy_.triggers[decision.trigger],
                                        decision.reading, decision.firing_us);
  }

  CycleResult decide(const Fired& fired) {
    begin(fired);
    state_.census.take_unshared(sources_);
    if (just_started()) {
      state_.accounts.take(sources_);
      take_note(sources_, result_.reading, 0, state_);
      return ended(Kind::kLooking);
    }
    Decision& decision = state_.decision;
    Bars bars{.self_pid = policy_.machine.self_pid,
              .wait_for = wait_for(policy_, state_.incident, decision.seen_us),
              .wait_kib = bare_order(policy_) ? 0 : decision.needed_kib,
              .set_aside = set_aside_of(state_.incident),
              .scoped = !decision.scope.empty()};
    const auto chosen = choose(context(), bars, state_);
    if (!chosen) {
      return lost(chosen.error());
    }
    const Selection& selection = *chosen;
    if (selection.kind == Selection::Kind::kWait) {
      result_.dying = state_.census.table().tasks[selection.task].id;
      begin_waiting(state_.incident, decision.seen_us);
      return ended(Kind::kWaiting);
    }
    if (selection.kind == Selection::Kind::kNone) {
      rest(state_.domains.actor());
      return ended(decision.culprit.kind == Culprit::Kind::kNobody
                       ? Kind::kNobody
                       : Kind::kNoCandidate);
    }
    complete(selection.task, bars);
    find_sharers(context(), bars, state_);
    decide_kill_set(context(), state_);
    decision.decided_us = sources_.facts.now_us();
    return act(bars);
  }

  // Records the chosen process and the victim.
  void complete(std::uint32_t chosen, const Bars& bars) {
    Decision& decision = state_.decision;
    Census& census = state_.census;
    Snapshot& table = census.table();
    std::uint32_t victim = oom_kill_victim(table, chosen, policy_.victim, bars);
    if (decision.storm) {
      const Storm& storm = *decision.storm;
      const std::uint32_t largest = state_.storms.members().front();
      chosen = storm.forker.value_or(largest);
      victim = storm.spare_forker ? largest : chosen;
    }
    for (const std::uint32_t index : {chosen, victim}) {
      if (!census.whole(index)) {
        static_cast<void>(census.read(sources_, index));
      }
      judge_one(context(), index);
    }
    decision.chosen = {table.tasks[chosen], table.verdicts[chosen]};
    decision.score = badness(table, decision.chosen.view(), policy_.score);
    decision.victim = {table.tasks[victim], table.verdicts[victim]};
  }

  // Whether a kill trigger still fires on the domain of the decision.
  Expected<bool> fires_still() {
    const auto reading = sources_.facts.read_pressure();
    if (!reading) {
      return tl::unexpected(reading.error());
    }
    result_.reading = *reading;
    if (state_.once) {
      return true;
    }
    const Fired system = take_reading(policy_, state_.domains.system, *reading);
    const auto acting = state_.domains.acting;
    return (acting ? take_cgroup(sources_.cgroups, policy_,
                                 state_.domains.cgroups[*acting], *reading)
                   : system)
        .kill.has_value();
  }

  CycleResult act(const Bars& bars) {
    Decision& decision = state_.decision;
    Incident& incident = state_.incident;
    // Processes may have given memory back in the meantime.
    const auto needed = fires_still();
    if (!needed) {
      return lost(needed.error());
    }
    if (!*needed) {
      return ended(Kind::kRecovered);
    }
    // SIGTERM's grace would let a storm continue: only a lone victim gets it.
    const bool alone = decision.kill_set == KillSet::kProcess ||
                       decision.kill_set == KillSet::kChild;
    const bool gently = policy_.term_grace_us != 0 && alone;
    const PressureReading& reading = *domain().last;
    decision.signal = gently ? Signal::kTerm : Signal::kKill;
    incident.pending = Pending{.id = decision.victim.task.id,
                               .phase = gently ? Pending::Phase::kTerminating
                                               : Pending::Phase::kKilling,
                               .since_us = reading.time_us,
                               .free_before_kib = reading.free_kib(),
                               .expected_kib = decision.expected_kib()};
    if (hooks_.before_signal != nullptr) {
      hooks_.before_signal(hooks_.context);
    }
    decision.outcome = killer_.send(decision.victim.task, decision.signal);
    decision.signalled_us = sources_.facts.now_us();
    killer_.release_memory();
    ++state_.decisions;
    decision.number = state_.decisions;
    if (!alone && decision.outcome.kind == KillOutcome::Kind::kSent) {
      sweep(context(), killer_, bars, state_);
      incident.pending->swept = decision.swept;
      incident.pending->left = decision.swept;
    }
    if (!decision.storm) {
      list_others(context(), bars, decision);
    }
    record_cgroup(sources_, decision);
    return after_signal();
  }

  CycleResult after_signal() {
    Decision& decision = state_.decision;
    Incident& incident = state_.incident;
    switch (decision.outcome.kind) {
      case KillOutcome::Kind::kSent:
        count_kill(state_.domains, decision.signalled_us);
        if (decision.storm && decision.storm->spare_forker) {
          incident.spared_forker = decision.chosen.task.id;
          incident.spared_us = decision.reading.time_us;
        }
        return ended(Kind::kSignalled);
      case KillOutcome::Kind::kNotSent:
        incident.reported = true;
        break;
      case KillOutcome::Kind::kRefused:
      case KillOutcome::Kind::kFailed:
        set_aside(incident, decision.victim.task.id);
        break;
      case KillOutcome::Kind::kVanished:
        break;
    }
    incident.pending.reset();
    decision.end = Decision::End::kNotSignalled;
    return ended(Kind::kNotSignalled);
  }

  // Records the memory that came back, and when it last grew noticeably.
  void account_reclaim(const PressureReading& reading) {
    Decision& decision = state_.decision;
    const Pending& pending = *state_.incident.pending;
    const Kib free = reading.free_kib();
    const Kib back = above(free, pending.free_before_kib);
    if (decision.memory_back_us == 0 ||
        back >= decision.reclaimed_kib + pending.expected_kib / 16) {
      decision.memory_back_us = reading.time_us;
    }
    decision.reclaimed_kib = std::max(decision.reclaimed_kib, back);
  }

  // The processes swept with the victim that are still there.
  std::uint32_t swept_alive() {
    return state_.incident.pending->swept == 0 || state_.swept.empty()
               ? 0
               : killer_.count_alive(std::span(state_.swept).subspan(1));
  }

  CycleResult follow_pending(const Firing& firing) {
    Decision& decision = state_.decision;
    Incident& incident = state_.incident;
    const PressureReading& reading = *domain().last;
    Pending& pending = *incident.pending;
    update_pending(pending, reading, killer_.exited(), swept_alive());
    if (pending.phase == Pending::Phase::kRecovering) {
      if (decision.exited_us == 0) {
        decision.exited_us = reading.time_us;
      }
      account_reclaim(reading);
    }
    const PendingStep step =
        next_step(policy_, pending, reading,
                  {.system = firing.system,
                   .acting = firing.acting,
                   .elsewhere = firing.elsewhere,
                   .in_cgroup = state_.domains.acting.has_value()});
    switch (step) {
      case PendingStep::kWait:
        return ended(Kind::kPending);
      case PendingStep::kEscalate:
        pending.phase = Pending::Phase::kKilling;
        pending.since_us = reading.time_us;
        decision.signal = Signal::kKill;
        decision.outcome = killer_.escalate();
        killer_.release_memory();
        return ended(Kind::kEscalated);
      case PendingStep::kGiveUp:
        set_aside(incident, pending.id);
        [[fallthrough]];
      case PendingStep::kLetGo:
        decision.end = Decision::End::kStillAlive;
        incident.pending.reset();
        return ended(Kind::kGaveUp);
      case PendingStep::kDone:
        break;
    }
    decision.end = Decision::End::kExited;
    incident.pending.reset();
    result_.kernel_kills =
        look_for_kernel_kills(sources_, result_.reading.time_us, state_);
    return ended(Kind::kDone);
  }

  Sources sources_;
  const Policy& policy_;
  Killer& killer_;
  CycleState& state_;
  const CycleHooks& hooks_;
  CycleResult result_;
};

}  // namespace

void CycleState::make_room() {
  constexpr std::size_t kRoomForMembers = 1024;
  const std::size_t room = census.make_room();
  refresh.reserve(room);
  storms.reserve(room);
  swept.reserve(room);
  sharers.reserve(room);
  members.reserve(kRoomForMembers);
}

CycleResult run_cycle(const Sources& sources, const Policy& policy,
                      Killer& killer, CycleState& state,
                      const CycleHooks& hooks) {
  return Pass(sources, policy, killer, state, hooks).run();
}

}  // namespace badnessd
