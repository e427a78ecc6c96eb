// SPDX-License-Identifier: GPL-2.0-only
// An incident: from the first trigger that fires until none does.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "badnessd/engine/oom_domain.h"

namespace badnessd {

// A victim between its signal and the return of its memory.
struct Pending {
  enum class Phase : std::uint8_t {
    kTerminating,  // SIGTERM was sent, its grace runs
    kKilling,      // SIGKILL was sent
    kRecovering    // the victim is gone, its memory is not yet back
  };
  TaskId id;
  Phase phase = Phase::kKilling;
  Micros since_us = 0;      // start of the phase
  Kib free_before_kib = 0;  // MemAvailable + SwapFree at the signal
  Kib expected_kib = 0;
};

// What has to be remembered between two readings.
struct Incident {
  static constexpr std::size_t kMaxSetAside = 32;

  std::optional<Pending> pending;
  std::optional<Micros> waiting_since_us;  // for a dying task
  std::optional<Micros> kernel_kill_us;    // the kernel's last OOM kill
  // The forker that was last spared; a second storm within a minute kills it.
  TaskId spared_forker;
  Micros spared_us = 0;
  bool reported = false;  // a dry run has reported its victim
  // Tasks that were signalled and did not die, or may not be signalled.
  std::array<TaskId, kMaxSetAside> set_aside{};
  std::size_t set_aside_count = 0;
};

// No kill trigger fires any more.
void end_incident(Incident& incident) noexcept;

// How long to sleep before the next reading.
[[nodiscard]] Micros next_poll_interval_us(const Policy& policy,
                                           const OomDomains& domains,
                                           const Incident& incident) noexcept;

// The tasks to wait for now: dying tasks, for exit_timeout_us per incident.
[[nodiscard]] WaitFor wait_for(const Policy& policy, const Incident& incident,
                               Micros now_us) noexcept;

[[nodiscard]] std::span<const TaskId> set_aside_of(
    const Incident& incident) noexcept;
// Forgets the oldest entry if there are more than kMaxSetAside.
void set_aside(Incident& incident, const TaskId& id) noexcept;

// The next step for the pending victim.
enum class PendingStep : std::uint8_t {
  kWait,
  kEscalate,  // its grace is over: SIGKILL
  kExited,    // the victim went from dying to recovering
  kGiveUp,    // the victim does not die: set it aside
  kDone       // its memory is back, or recover_timeout_us is over
};
[[nodiscard]] PendingStep step_pending(const Policy& policy, Incident& incident,
                                       const PressureReading& reading,
                                       bool trigger_fires,
                                       bool exited) noexcept;

}  // namespace badnessd
