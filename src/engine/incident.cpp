// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/incident.h"

#include <algorithm>

namespace badnessd {
namespace {

// While no trigger fires, a victim has 10 times exit_timeout_us to die, and
// gets no stronger signal.
constexpr Micros kPatience = 10;

bool waited_enough(const Policy& policy, const Incident& incident,
                   Micros now_us) noexcept {
  return incident.waiting_since_us &&
         now_us - *incident.waiting_since_us >= policy.exit_timeout_us;
}

// The time since the phase began, or since the last progress in it.
Micros without_progress(const Pending& pending, Micros now) noexcept {
  return above(now, std::max(pending.since_us, pending.progress_us));
}

PendingStep step_terminating(const Policy& policy, Micros passed, bool acting,
                             bool overtaken) noexcept {
  if (acting) {
    return overtaken || passed >= policy.term_grace_us ? PendingStep::kEscalate
                                                       : PendingStep::kWait;
  }
  return overtaken || passed >= policy.exit_timeout_us * kPatience
             ? PendingStep::kLetGo
             : PendingStep::kWait;
}

PendingStep step_killing(const Policy& policy, const Pending& pending,
                         Micros now, bool acting, bool overtaken) noexcept {
  const Micros patience = policy.exit_timeout_us * (acting ? 1 : kPatience);
  return overtaken || without_progress(pending, now) >= patience
             ? PendingStep::kGiveUp
             : PendingStep::kWait;
}

PendingStep step_recovering(const Policy& policy, const Pending& pending,
                            const PressureReading& reading,
                            bool acting) noexcept {
  const Micros now = reading.time_us;
  // While the trigger fires, half of the expected memory proves that the rest
  // follows. Otherwise badnessd waits for all of it: in a storm the forker is
  // gone long before its children.
  const Kib wanted = acting ? pending.expected_kib / 2 : pending.expected_kib;
  const bool back = reading.free_kib() >= pending.free_before_kib + wanted;
  // An exit frees the memory: with none of it there so long after, others have
  // taken it.
  constexpr Micros kAllTaken = 100'000;
  const bool taken = acting && pending.left == 0 &&
                     above(now, pending.since_us) >= kAllTaken &&
                     reading.free_kib() <= pending.free_before_kib;
  const bool late = without_progress(pending, now) >= policy.recover_timeout_us;
  return back || taken || late ? PendingStep::kDone : PendingStep::kWait;
}

}  // namespace

void end_incident(Incident& incident) noexcept {
  incident.waiting_since_us.reset();
  incident.reported = false;
  incident.set_aside_count = 0;
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

void begin_waiting(Incident& incident, Micros now_us) noexcept {
  incident.waiting_since_us = incident.waiting_since_us.value_or(now_us);
}

WaitFor wait_for(const Policy& policy, const Incident& incident,
                 Micros now_us) noexcept {
  return waited_enough(policy, incident, now_us) ? WaitFor::kNone
                                                 : WaitFor::kExiting;
}

bool waits_for_kernel(const Policy& policy, const Incident& incident,
                      Micros now_us) noexcept {
  return incident.kernel_kill_us &&
         now_us - *incident.kernel_kill_us < kVictimGrace &&
         !waited_enough(policy, incident, now_us);
}

std::span<const TaskId> set_aside_of(const Incident& incident) noexcept {
  return {incident.set_aside.data(),
          std::min(incident.set_aside_count, Incident::kMaxSetAside)};
}

void set_aside(Incident& incident, const TaskId& id) noexcept {
  incident.set_aside[incident.set_aside_count % Incident::kMaxSetAside] = id;
  ++incident.set_aside_count;
}

void update_pending(Pending& pending, const PressureReading& reading,
                    bool exited, std::uint32_t left) noexcept {
  const Micros now = reading.time_us;
  if (exited && pending.phase != Pending::Phase::kRecovering) {
    pending.phase = Pending::Phase::kRecovering;
    pending.since_us = now;
  }
  const Kib back = std::min(above(reading.free_kib(), pending.free_before_kib),
                            pending.expected_kib);
  const Kib more = std::max(pending.expected_kib / kProgressSteps, Kib{1});
  const std::uint32_t gone =
      std::max(pending.swept / kProgressSteps, std::uint32_t{1});
  if (back >= pending.back_kib + more || left + gone <= pending.left) {
    pending.back_kib = std::max(pending.back_kib, back);
    pending.left = std::min(pending.left, left);
    pending.progress_us = now;
  }
}

PendingStep next_step(const Policy& policy, const Pending& pending,
                      const PressureReading& reading,
                      const Need& need) noexcept {
  const Micros now = reading.time_us;
  const Micros passed = above(now, pending.since_us);
  // 250 ms are enough for a neighbour who is in need, as for the kernel's own
  // victim, unless both are cgroups in need.
  const bool overtaken =
      passed >= kVictimGrace &&
      ((need.system && need.in_cgroup) || (need.elsewhere && !need.acting));
  switch (pending.phase) {
    case Pending::Phase::kTerminating:
      return step_terminating(policy, passed, need.acting, overtaken);
    case Pending::Phase::kKilling:
      return step_killing(policy, pending, now, need.acting, overtaken);
    case Pending::Phase::kRecovering:
      break;
  }
  const bool not_urgent = need.elsewhere && !need.acting;
  return overtaken || not_urgent
             ? PendingStep::kDone
             : step_recovering(policy, pending, reading, need.acting);
}

}  // namespace badnessd
