// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/policy.h"

#include <algorithm>
#include <utility>

namespace badnessd {
namespace {

constexpr Micros kMinute = 60'000'000;

// Whether the trigger at `index` watches `domain`.
bool judges(const OomDomain& domain, std::size_t index,
            const Trigger& trigger) noexcept {
  return domain.cgroup.empty() ? !trigger.scope : domain.trigger == index;
}

// The shortest time until a trigger of `domain` can fire.
Micros domain_interval_us(const Policy& policy,
                          const OomDomain& domain) noexcept {
  Micros sleep = kLongestInterval;
  for (std::size_t i = 0; domain.last && i < policy.triggers.size(); ++i) {
    if (judges(domain, i, policy.triggers[i])) {
      sleep = std::min(
          sleep, poll_interval_us(std::span(policy.triggers).subspan(i, 1),
                                  std::span(domain.triggers).subspan(i, 1),
                                  *domain.last, domain.history, domain.rates));
    }
  }
  if (domain.last) {
    const Micros now = domain.last->time_us;
    sleep = std::max(sleep, std::max(domain.rest_until_us, now) - now);
  }
  return sleep;
}

}  // namespace

PolicyState initial_state(const Policy& policy) {
  PolicyState state;
  state.system = cgroup_domain(policy, 0, {});
  return state;
}

OomDomain cgroup_domain(const Policy& policy, std::size_t trigger,
                        std::string cgroup) {
  OomDomain domain{.cgroup = std::move(cgroup), .trigger = trigger};
  domain.triggers.resize(policy.triggers.size());
  domain.rates = policy.floor_rates;
  // A host can have 1000 cgroups, and most triggers do not need PSI.
  const bool stalls = domain.cgroup.empty() ||
                      policy.triggers[trigger].psi_some_above ||
                      policy.triggers[trigger].psi_full_above;
  domain.history = PressureHistory(stalls ? PressureHistory::Room::kSpan
                                          : PressureHistory::Room::kNone);
  return domain;
}

const OomDomain& acting_domain(const PolicyState& state) noexcept {
  return state.acting ? state.cgroups[*state.acting] : state.system;
}

OomDomain& acting_domain(PolicyState& state) noexcept {
  return state.acting ? state.cgroups[*state.acting] : state.system;
}

void rest(OomDomain& domain) noexcept {
  constexpr Micros kRest = 100'000;
  domain.rest_until_us = domain.last ? domain.last->time_us + kRest : 0;
}

bool resting(const OomDomain& domain) noexcept {
  return domain.last && domain.last->time_us < domain.rest_until_us;
}

void forget_triggers(const Policy& policy, PolicyState& state) {
  state.system.triggers.assign(policy.triggers.size(), TriggerState{});
  state.cgroups.clear();
  state.acting.reset();
  state.listed_us = 0;
}

Fired take_reading(const Policy& policy, OomDomain& domain,
                   const PressureReading& reading) noexcept {
  domain.history.add(reading);
  if (domain.last) {
    domain.rates = credible_rates(policy.floor_rates, *domain.last, reading);
  }
  domain.last = reading;
  Fired fired;
  for (std::size_t i = 0; i < policy.triggers.size(); ++i) {
    const Trigger& trigger = policy.triggers[i];
    if (!judges(domain, i, trigger)) {
      continue;
    }
    const bool now =
        fires(trigger, domain.triggers[i], reading, domain.history);
    auto& first = trigger.action == Action::kKill ? fired.kill : fired.log;
    if (now && !first) {
      first = i;
    }
  }
  return fired;
}

void end_incident(PolicyState& state) noexcept {
  state.waiting_since_us.reset();
  state.reported = false;
}

Micros next_poll_interval_us(const Policy& policy,
                             const PolicyState& state) noexcept {
  // A victim's exit wakes the loop; its memory is polled every 5 ms.
  constexpr Micros kPendingLook = 5'000;
  if (state.pending) {
    return kPendingLook;
  }
  if (!state.system.last) {
    return kLongestInterval / 20;  // no reading yet
  }
  if (state.reported) {
    return kLongestInterval / 2;  // waits for the end of the incident
  }
  Micros sleep = domain_interval_us(policy, state.system);
  for (const OomDomain& domain : state.cgroups) {
    sleep = std::min(sleep, domain_interval_us(policy, domain));
  }
  return sleep;
}

bool calm(const Policy& policy, const PolicyState& state) noexcept {
  constexpr Micros kFar = 200'000;
  constexpr Micros kWindow = 2'000'000;
  constexpr BasisPoints kFewStalls = 100;
  if (state.pending || !state.system.last) {
    return false;
  }
  const auto share = state.system.history.share(kWindow);
  return domain_interval_us(policy, state.system) >= kFar ||
         (share && share->some < kFewStalls);
}

bool time_for_note(const Policy& policy, const PolicyState& state) noexcept {
  return calm(policy, state) &&
         next_poll_interval_us(policy, state) >= 10 * kNoteStep;
}

Kib needed_kib(const Policy& policy, const Trigger& trigger,
               const PressureReading& reading) noexcept {
  if (policy.min_reclaim_kib) {
    return *policy.min_reclaim_kib;
  }
  const Kib floor = reading.mem_total_kib / 64;
  if (!trigger.mem_available_below) {
    return floor;
  }
  // The limit cannot exceed the total.
  const Kib limit =
      std::min(amount_kib(*trigger.mem_available_below, reading.mem_total_kib),
               reading.mem_total_kib);
  const Kib wanted = std::min(limit + limit / 2, reading.mem_total_kib);
  // --once can run above the limit: it assumes memory at the limit.
  return wanted - std::min(limit, reading.mem_available_kib);
}

std::size_t once_trigger(const Policy& policy) noexcept {
  std::optional<std::size_t> first;
  for (std::size_t i = 0; i < policy.triggers.size(); ++i) {
    const Trigger& trigger = policy.triggers[i];
    if (trigger.action != Action::kKill) {
      continue;
    }
    if (!trigger.scope) {
      return i;
    }
    first = first.value_or(i);
  }
  return first.value_or(0);
}

WaitFor wait_for(const Policy& policy, const PolicyState& state,
                 Micros now_us) noexcept {
  const bool enough =
      state.waiting_since_us &&
      now_us - *state.waiting_since_us >= policy.exit_timeout_us;
  return enough ? WaitFor::kNone : WaitFor::kExiting;
}

std::span<const TaskId> set_aside_of(const PolicyState& state) noexcept {
  return {state.set_aside.data(),
          std::min(state.set_aside_count, PolicyState::kMaxSetAside)};
}

void set_aside(PolicyState& state, const TaskId& id) noexcept {
  state.set_aside[state.set_aside_count % PolicyState::kMaxSetAside] = id;
  ++state.set_aside_count;
}

bool budget_left(const Policy& policy, const KillTimes& kills,
                 Micros now_us) noexcept {
  std::uint32_t recent = 0;
  const std::size_t known = std::min(kills.count, KillTimes::kMost);
  for (std::size_t i = 0; i < known; ++i) {
    recent += now_us - kills.times_us[i] < kMinute ? 1 : 0;
  }
  return recent < policy.kills_per_minute;
}

void count_kill(KillTimes& kills, Micros now_us) noexcept {
  kills.times_us[kills.count % KillTimes::kMost] = now_us;
  ++kills.count;
}

PendingStep step_pending(const Policy& policy, PolicyState& state,
                         const PressureReading& reading, bool trigger_fires,
                         bool exited) noexcept {
  // While no trigger fires, a victim has 10 times exit_timeout_us to die, and
  // gets no stronger signal.
  constexpr Micros kPatience = 10;
  Pending& pending = *state.pending;
  const Micros passed = above(reading.time_us, pending.since_us);
  switch (pending.phase) {
    case Pending::Phase::kTerminating:
    case Pending::Phase::kKilling:
      if (exited) {
        pending.phase = Pending::Phase::kRecovering;
        pending.since_us = reading.time_us;
        return PendingStep::kExited;
      }
      if (!trigger_fires) {
        return passed >= policy.exit_timeout_us * kPatience
                   ? PendingStep::kGiveUp
                   : PendingStep::kWait;
      }
      if (pending.phase == Pending::Phase::kTerminating) {
        return passed >= policy.term_grace_us ? PendingStep::kEscalate
                                              : PendingStep::kWait;
      }
      return passed >= policy.exit_timeout_us ? PendingStep::kGiveUp
                                              : PendingStep::kWait;
    case Pending::Phase::kRecovering:
      break;
  }
  // While the trigger fires, half of the expected memory proves that the rest
  // follows. Otherwise badnessd waits for all of it: in a storm the forker is
  // gone long before its children.
  const Kib wanted =
      trigger_fires ? pending.expected_kib / 2 : pending.expected_kib;
  const bool back = reading.free_kib() >= pending.free_before_kib + wanted;
  // An exit frees the memory: with none of it there so long after, others have
  // taken it.
  constexpr Micros kAllTaken = 100'000;
  if (trigger_fires && passed >= kAllTaken &&
      reading.free_kib() <= pending.free_before_kib) {
    return PendingStep::kDone;
  }
  return back || passed >= policy.recover_timeout_us ? PendingStep::kDone
                                                     : PendingStep::kWait;
}

}  // namespace badnessd
