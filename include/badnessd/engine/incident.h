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
  // The last progress: an eighth of the memory came back, or an eighth of the
  // processes that had a signal with the victim went.
  Micros progress_us = 0;
  Kib back_kib = 0;         // of expected_kib, at the last progress
  std::uint32_t swept = 0;  // processes that had a signal with it
  std::uint32_t left = 0;   // of them, at the last progress
};

// What has to be remembered between two readings.
struct Incident {
  static constexpr std::size_t kMaxSetAside = 32;

  std::optional<Pending> pending;
  // The first time in this incident that no process was signalled because one
  // was dying, or the kernel had killed one.
  std::optional<Micros> waiting_since_us;
  std::optional<Micros> kernel_kill_us;  // the kernel's last OOM kill
  // The forker that was last spared; a second storm within a minute kills it.
  TaskId spared_forker;
  Micros spared_us = 0;
  bool reported = false;  // a dry run has reported its victim
  // Tasks that were signalled and did not die, or may not be signalled.
  std::array<TaskId, kMaxSetAside> set_aside{};
  std::size_t set_aside_count = 0;
};

// No kill trigger fires any more. What was set aside is a candidate again.
void end_incident(Incident& incident) noexcept;

// How long to sleep before the next reading.
[[nodiscard]] Micros next_poll_interval_us(const Policy& policy,
                                           const OomDomains& domains,
                                           const Incident& incident) noexcept;

// Records that this incident waits instead of a kill.
void begin_waiting(Incident& incident, Micros now_us) noexcept;

// The tasks to wait for now: dying tasks, for exit_timeout_us per incident,
// together with the time that waits_for_kernel() took.
[[nodiscard]] WaitFor wait_for(const Policy& policy, const Incident& incident,
                               Micros now_us) noexcept;

// Whether the victim of the kernel's last OOM kill still has time to die. A
// user can make the kernel kill again and again, so that this too ends after
// exit_timeout_us per incident.
inline constexpr Micros kVictimGrace = 250'000;
[[nodiscard]] bool waits_for_kernel(const Policy& policy,
                                    const Incident& incident,
                                    Micros now_us) noexcept;

[[nodiscard]] std::span<const TaskId> set_aside_of(
    const Incident& incident) noexcept;
// Forgets the oldest entry if there are more than kMaxSetAside.
void set_aside(Incident& incident, const TaskId& id) noexcept;

// Which kill triggers fire while a victim is pending.
struct Need {
  bool system = false;     // on the system, and it can act
  bool acting = false;     // on the domain of the victim
  bool elsewhere = false;  // on another domain, and it can act
  bool in_cgroup = false;  // the domain of the victim is a cgroup
};

// Brings the pending victim up to date: an exit begins kRecovering, and
// progress is recorded. `left`: the processes swept with it that are there.
void update_pending(Pending& pending, const PressureReading& reading,
                    bool exited, std::uint32_t left) noexcept;

// The next step for the pending victim.
enum class PendingStep : std::uint8_t {
  kWait,
  kEscalate,  // its grace is over: SIGKILL
  kGiveUp,    // the victim does not die: set it aside
  kLetGo,     // it has not ended on SIGTERM, and memory is not short
  kDone       // its memory is back, or there is no more to wait for
};
// Each progress renews exit_timeout_us and recover_timeout_us while memory is
// short: an innocent process must not die for a slow exit. There are at most 8
// for the memory and 8 for the processes, so that the wait has an end.
inline constexpr std::uint32_t kProgressSteps = 8;
[[nodiscard]] PendingStep next_step(const Policy& policy,
                                    const Pending& pending,
                                    const PressureReading& reading,
                                    const Need& need) noexcept;

}  // namespace badnessd
