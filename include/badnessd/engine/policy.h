// SPDX-License-Identifier: GPL-2.0-only
// The inputs of a decision other than the facts: the settings, the state from
// earlier cycles, and pure functions on both.
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
  bool oom_group = false;                // honour memory.oom.group
  std::optional<Kib> min_reclaim_kib{};  // none: see needed_kib()
  bool spare_bystanders = true;          // the guard checks the blame too
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
    kRecovering    // the victim is gone, its memory is not yet back
  };
  TaskId id;
  Phase phase = Phase::kKilling;
  Micros since_us = 0;      // start of the phase
  Kib free_before_kib = 0;  // MemAvailable + SwapFree at the signal
  Kib expected_kib = 0;
};

// The times of the last kills.
struct KillTimes {
  static constexpr std::size_t kMost = 128;
  std::array<Micros, kMost> times_us{};
  std::size_t count = 0;  // total, can exceed kMost
};

// A watched memory: that of the system, for all triggers without a scope, or
// that of a cgroup, for one trigger whose scope includes the cgroup.
struct OomDomain {
  std::string cgroup{};     // its path; empty: the system
  std::size_t trigger = 0;  // the trigger that watches the cgroup
  PressureHistory history{};
  std::vector<TriggerState> triggers{};  // as many as the policy has
  std::optional<PressureReading> last{};
  FillRates rates{};
  // Free memory and swap of the cgroup at each note; 0: not known.
  std::array<Kib, kNotes> noted_free_kib{};
  // Each cgroup has its own kill budget.
  KillTimes kills{};
  Micros rest_until_us = 0;  // no victim found: no search before this
};

// The state that is kept between two readings.
struct PolicyState {
  static constexpr std::size_t kMaxSetAside = 32;

  OomDomain system;
  std::vector<OomDomain> cgroups;
  Micros listed_us = 0;  // time of the last list_cgroups()
  // The index in `cgroups` that the decision is about; none: the system.
  std::optional<std::size_t> acting;
  std::optional<Pending> pending;
  std::optional<Micros> waiting_since_us;  // for a dying task, this incident
  std::optional<Micros> kernel_kill_us;    // the kernel's last OOM kill
  // The forker that was last spared; a second storm within a minute kills it.
  TaskId spared_forker;
  Micros spared_us = 0;
  bool reported = false;  // a dry run has reported its victim
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
// Resets all triggers and cgroups, as after a change of settings.
void forget_triggers(const Policy& policy, PolicyState& state);

// The first trigger of each action that fires.
struct Fired {
  std::optional<std::size_t> kill;  // the first of the action kKill
  std::optional<std::size_t> log;   // the first of the action kLog
};

// Updates the rates, the PSI history and the triggers of `domain`.
[[nodiscard]] Fired take_reading(const Policy& policy, OomDomain& domain,
                                 const PressureReading& reading) noexcept;

// Ends the incident: no kill trigger fires any more.
void end_incident(PolicyState& state) noexcept;

// Whether reads that can block are safe: no trigger of the system can fire
// within 200 ms, or tasks stall for less than 1 % of the time.
[[nodiscard]] bool calm(const Policy& policy,
                        const PolicyState& state) noexcept;

// Whether there is time for a step of a note: calm(), and no trigger can fire
// within 10 * kNoteStep (20 ms).
[[nodiscard]] bool time_for_note(const Policy& policy,
                                 const PolicyState& state) noexcept;

// Whether min_reclaim is 0: the order of 2.6.32, without a guard.
[[nodiscard]] inline bool bare_order(const Policy& policy) noexcept {
  return policy.min_reclaim_kib == Kib{0};
}

// How long to sleep before the next reading.
[[nodiscard]] Micros next_poll_interval_us(const Policy& policy,
                                           const PolicyState& state) noexcept;

// The memory that a kill must give back: min_reclaim_kib, else enough to reach
// 1.5 times the limit of the trigger, so that it does not fire again at once.
// Without a memory limit: 1/64 of the total.
[[nodiscard]] Kib needed_kib(const Policy& policy, const Trigger& trigger,
                             const PressureReading& reading) noexcept;

// The trigger for --once if none fires: the first kill trigger for the system,
// else the first for a cgroup.
[[nodiscard]] std::size_t once_trigger(const Policy& policy) noexcept;

// The tasks to wait for now: dying tasks, for exit_timeout_us per incident.
[[nodiscard]] WaitFor wait_for(const Policy& policy, const PolicyState& state,
                               Micros now_us) noexcept;

[[nodiscard]] std::span<const TaskId> set_aside_of(
    const PolicyState& state) noexcept;
// Forgets the oldest entry if there are more than kMaxSetAside.
void set_aside(PolicyState& state, const TaskId& id) noexcept;

[[nodiscard]] bool budget_left(const Policy& policy, const KillTimes& kills,
                               Micros now_us) noexcept;
void count_kill(KillTimes& kills, Micros now_us) noexcept;

// Pauses the search for 100 ms: it has found no candidate.
void rest(OomDomain& domain) noexcept;
[[nodiscard]] bool resting(const OomDomain& domain) noexcept;

// The next step for the pending victim.
enum class PendingStep : std::uint8_t {
  kWait,
  kEscalate,  // its grace is over: SIGKILL
  kExited,    // the victim went from dying to recovering
  kGiveUp,    // the victim does not die: set it aside
  kDone       // its memory is back, or recover_timeout_us is over
};
[[nodiscard]] PendingStep step_pending(const Policy& policy, PolicyState& state,
                                       const PressureReading& reading,
                                       bool trigger_fires,
                                       bool exited) noexcept;

}  // namespace badnessd
