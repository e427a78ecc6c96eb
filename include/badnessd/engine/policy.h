// SPDX-License-Identifier: GPL-2.0-only
// Everything that a decision depends on besides the facts: what was configured,
// what has happened before, and the pure steps between the two.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "badnessd/engine/badness.h"
#include "badnessd/engine/pace.h"
#include "badnessd/engine/select.h"
#include "badnessd/engine/trigger.h"

namespace badnessd {

struct Policy {
  ScoreRules score;
  std::vector<Trigger> triggers;
  VictimOrder victim = VictimOrder::kAuto;
  std::optional<Kib> min_reclaim_kib{};  // none: what ends the trigger
  Micros term_grace_us = 0;              // 0: SIGKILL at once
  Micros exit_timeout_us = 2'000'000;
  Micros recover_timeout_us = 1'000'000;
  std::uint32_t kills_per_minute = 20;
  FillRates floor_rates = badnessd::floor_rates(1);
  std::int32_t self_pid = 0;  // never a candidate; 0 on a foreign root
  bool audit = false;         // go on as if a trigger had fired
};

// A victim between its signal and the return of its memory.
struct Pending {
  enum class Phase : std::uint8_t {
    kTerminating,  // SIGTERM was sent, its grace runs
    kKilling,      // SIGKILL was sent
    kRecovering    // it is gone, its memory is waited for
  };
  TaskId id;
  Phase phase = Phase::kKilling;
  Micros since_us = 0;      // the phase began
  Kib free_before_kib = 0;  // MemAvailable + SwapFree at the signal
  Kib expected_kib = 0;
};

// What lives from one reading to the next.
struct PolicyState {
  static constexpr std::size_t kMaxKills = 128;
  static constexpr std::size_t kMaxSetAside = 32;

  PressureHistory history;
  std::vector<TriggerState> triggers;  // as many as the policy has
  std::optional<PressureReading> last;
  FillRates rates;
  std::optional<Pending> pending;
  std::optional<Micros> waiting_since_us;  // for the dying, in this incident
  std::optional<Micros> kernel_kill_us;    // the kernel killed somebody
  // An old forker was spared in its storm; a second one is its end.
  TaskId spared_forker;
  Micros spared_us = 0;
  bool reported = false;  // a killer that sends nothing had its victim

  std::array<Micros, kMaxKills> kill_times_us{};
  std::size_t kills = 0;
  std::array<TaskId, kMaxSetAside> set_aside{};
  std::size_t set_aside_count = 0;
};

// A state for `policy` before its first reading.
[[nodiscard]] PolicyState initial_state(const Policy& policy);

// Which triggers fire, in their order.
struct Fired {
  std::optional<std::size_t> kill;  // the first of the action kKill
  std::optional<std::size_t> log;   // the first of the action kLog
};

// Takes `reading` into the state: rates, PSI history, triggers. The end of all
// kill triggers ends the incident.
[[nodiscard]] Fired take_reading(const Policy& policy, PolicyState& state,
                                 const PressureReading& reading) noexcept;

// How long to sleep before the next reading.
[[nodiscard]] Micros next_sleep_us(const Policy& policy,
                                   const PolicyState& state) noexcept;

// What a death must give back to be worth it: enough to have half as much again
// as the trigger asks for, so that it does not fire at once a second time.
// Where the trigger asks for no memory, one part in 64.
[[nodiscard]] Kib need_kib(const Policy& policy, const Trigger& trigger,
                           const PressureReading& reading) noexcept;

// The trigger that an audit takes, if none fires: the first that kills.
[[nodiscard]] std::size_t audit_trigger(const Policy& policy) noexcept;

// Whom the policy waits for now: the dying for exit_timeout_us per incident.
[[nodiscard]] WaitFor wait_for(const Policy& policy, const PolicyState& state,
                               Micros now_us) noexcept;

[[nodiscard]] std::span<const TaskId> set_aside_of(
    const PolicyState& state) noexcept;
// Beyond kMaxSetAside the oldest is forgotten.
void set_aside(PolicyState& state, const TaskId& id) noexcept;

[[nodiscard]] bool budget_left(const Policy& policy, const PolicyState& state,
                               Micros now_us) noexcept;
void count_kill(PolicyState& state, Micros now_us) noexcept;

// What is to be done about the pending victim.
enum class PendingStep : std::uint8_t {
  kWait,
  kEscalate,  // its grace is over: SIGKILL
  kExited,    // it went from dying to recovering
  kGiveUp,    // it does not die: set aside
  kDone       // its memory is back, or has been waited for long enough
};
[[nodiscard]] PendingStep step_pending(const Policy& policy, PolicyState& state,
                                       const PressureReading& reading,
                                       bool trigger_fires,
                                       bool exited) noexcept;

}  // namespace badnessd
