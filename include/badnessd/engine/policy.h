// SPDX-License-Identifier: GPL-2.0-only
// Everything that a decision depends on besides the facts: what was configured,
// what has happened before, and the pure steps between the two.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "badnessd/engine/badness.h"
#include "badnessd/engine/blame.h"
#include "badnessd/engine/poll_interval.h"
#include "badnessd/engine/rules.h"
#include "badnessd/engine/select.h"
#include "badnessd/engine/trigger.h"

namespace badnessd {

struct Policy {
  ScoreRules score;
  std::vector<Trigger> triggers;
  std::vector<Rule> rules{};
  VictimOrder victim = VictimOrder::kAuto;
  bool oom_group = false;                // memory.oom.group counts
  std::optional<Kib> min_reclaim_kib{};  // none: what ends the trigger
  bool spare_bystanders = true;          // the guard asks for the blame too
  Micros term_grace_us = 0;              // 0: SIGKILL at once
  Micros exit_timeout_us = 2'000'000;
  Micros recover_timeout_us = 1'000'000;
  std::uint32_t kills_per_minute = 20;
  FillRates floor_rates = badnessd::floor_rates(1);
  std::int32_t self_pid = 0;  // never a candidate; 0 on a foreign root
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

// The times of the last kills.
struct KillTimes {
  static constexpr std::size_t kMost = 128;
  std::array<Micros, kMost> times_us{};
  std::size_t count = 0;  // of all
};

// One memory that is watched, from reading to reading: the system's by all
// triggers without a scope, and a cgroup's by one that has it in its scope.
struct OomDomain {
  std::string cgroup{};     // its path; empty: the system
  std::size_t trigger = 0;  // of a cgroup the one that it is watched for
  PressureHistory history{};
  std::vector<TriggerState> triggers{};  // as many as the policy has
  std::optional<PressureReading> last{};
  FillRates rates{};
  // Of a cgroup what was free at the times of the notes; 0: not known.
  std::array<Kib, kNotes> noted_free_kib{};
  // A tenant that spends the budget spends its own.
  KillTimes kills{};
  Micros rest_until_us = 0;  // nobody was found to kill: not again before
};

// What lives from one reading to the next.
struct PolicyState {
  static constexpr std::size_t kMaxSetAside = 32;

  OomDomain system;
  std::vector<OomDomain> cgroups;
  Micros listed_us = 0;  // cgroups were looked for
  // The one that a decision is about, of `cgroups`; none: the system.
  std::optional<std::size_t> acting;
  std::optional<Pending> pending;
  std::optional<Micros> waiting_since_us;  // for the dying, in this incident
  std::optional<Micros> kernel_kill_us;    // the kernel killed somebody
  // An old forker was spared in its storm; a second one is its end.
  TaskId spared_forker;
  Micros spared_us = 0;
  bool reported = false;  // a killer that sends nothing had its victim
  bool once = false;      // decide now, whatever the triggers say

  std::array<TaskId, kMaxSetAside> set_aside{};
  std::size_t set_aside_count = 0;
};

// A state for `policy` before its first reading.
[[nodiscard]] PolicyState initial_state(const Policy& policy);
// A watch on `cgroup` for the trigger at `trigger`.
[[nodiscard]] OomDomain cgroup_domain(const Policy& policy, std::size_t trigger,
                                      std::string cgroup);
[[nodiscard]] const OomDomain& acting_domain(const PolicyState& state) noexcept;
[[nodiscard]] OomDomain& acting_domain(PolicyState& state) noexcept;
// The triggers begin anew, as after a change of settings.
void forget_triggers(const Policy& policy, PolicyState& state);

// Which triggers fire, in their order.
struct Fired {
  std::optional<std::size_t> kill;  // the first of the action kKill
  std::optional<std::size_t> log;   // the first of the action kLog
};

// Takes `reading` into the watch: rates, PSI history, triggers.
[[nodiscard]] Fired take_reading(const Policy& policy, OomDomain& domain,
                                 const PressureReading& reading) noexcept;

// No trigger that kills fires any more.
void end_incident(PolicyState& state) noexcept;

// Whether what may have to wait for others can be read now: memory is far from
// all triggers, or nobody waits for it.
[[nodiscard]] bool calm(const Policy& policy,
                        const PolicyState& state) noexcept;

// Whether there is time for a step of a note: calm, and no trigger can fire
// before ten times as long as a step may take.
[[nodiscard]] bool time_for_note(const Policy& policy,
                                 const PolicyState& state) noexcept;

// 2.6.32's bare order is configured: there is no guard.
[[nodiscard]] inline bool bare_order(const Policy& policy) noexcept {
  return policy.min_reclaim_kib == Kib{0};
}

// How long to sleep before the next reading.
[[nodiscard]] Micros next_poll_interval_us(const Policy& policy,
                                           const PolicyState& state) noexcept;

// What a death must give back to be worth it: enough to have half as much again
// as the trigger asks for, so that it does not fire at once a second time.
// Where the trigger asks for no memory, one part in 64.
[[nodiscard]] Kib needed_kib(const Policy& policy, const Trigger& trigger,
                             const PressureReading& reading) noexcept;

// The trigger that --once takes, if none fires: the first that kills, if
// there is one of the whole system.
[[nodiscard]] std::size_t once_trigger(const Policy& policy) noexcept;

// Whom the policy waits for now: the dying for exit_timeout_us per incident.
[[nodiscard]] WaitFor wait_for(const Policy& policy, const PolicyState& state,
                               Micros now_us) noexcept;

[[nodiscard]] std::span<const TaskId> set_aside_of(
    const PolicyState& state) noexcept;
// Beyond kMaxSetAside the oldest is forgotten.
void set_aside(PolicyState& state, const TaskId& id) noexcept;

[[nodiscard]] bool budget_left(const Policy& policy, const KillTimes& kills,
                               Micros now_us) noexcept;
void count_kill(KillTimes& kills, Micros now_us) noexcept;

// Nobody was found who could be killed: others are looked for after a while.
void rest(OomDomain& domain) noexcept;
[[nodiscard]] bool resting(const OomDomain& domain) noexcept;

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
