// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/incident.h"

#include <algorithm>

namespace badnessd {

void end_incident(Incident& incident) noexcept {
  incident.waiting_since_us.reset();
  incident.reported = false;
}

Micros next_poll_interval_us(const Policy& policy, const OomDomains& domains,
                             const Incident& incident) noexcept {
  // A victim's exit wakes the loop; its memory is polled every 5 ms.
  constexpr Micros kPendingLook = 5'000;
  if (incident.pending) {
    return kPendingLook;
  }
  if (!domains.system.last) {
    return kLongestInterval / 20;  // no reading yet
  }
  if (incident.reported) {
    return kLongestInterval / 2;  // waits for the end of the incident
  }
  return time_to_fire_us(policy, domains);
}

WaitFor wait_for(const Policy& policy, const Incident& incident,
                 Micros now_us) noexcept {
  const bool enough =
      incident.waiting_since_us &&
      now_us - *incident.waiting_since_us >= policy.exit_timeout_us;
  return enough ? WaitFor::kNone : WaitFor::kExiting;
}

std::span<const TaskId> set_aside_of(const Incident& incident) noexcept {
  return {incident.set_aside.data(),
          std::min(incident.set_aside_count, Incident::kMaxSetAside)};
}

void set_aside(Incident& incident, const TaskId& id) noexcept {
  incident.set_aside[incident.set_aside_count % Incident::kMaxSetAside] = id;
  ++incident.set_aside_count;
}

PendingStep step_pending(const Policy& policy, Incident& incident,
                         const PressureReading& reading, bool trigger_fires,
                         bool exited) noexcept {
  // While no trigger fires, a victim has 10 times exit_timeout_us to die, and
  // gets no stronger signal.
  constexpr Micros kPatience = 10;
  Pending& pending = *incident.pending;
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
