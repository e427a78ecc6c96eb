// SPDX-License-Identifier: GPL-2.0-only
// The program in one function: facts, decision, effect. The daemon, --dry-run
// and --once all call it; they differ in the source and the killer they pass.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "badnessd/engine/policy.h"
#include "badnessd/system/killer.h"
#include "badnessd/system/source.h"

namespace badnessd {

// All that there is to say about one decision. Of fixed size, so that writing
// it down needs no memory.
struct Decision {
  static constexpr std::size_t kListed = 5;
  enum class End : std::uint8_t {
    kPending,
    kExited,       // and its memory came back, or was waited for long enough
    kStillAlive,   // set aside
    kNotSignalled  // `outcome` says why; set aside where it was refused or
                   // failed
  };

  std::uint64_t number = 0;  // of this process's decisions
  std::size_t trigger = 0;   // index in the policy's
  bool fired = false;        // no: an audit
  PressureReading reading;
  std::optional<StallHistory::Share> stalls;  // over the trigger's window
  Kib need_kib = 0;
  Kib bar_kib = 0;  // what `need_kib` had to be lowered to
  std::uint32_t candidates = 0;
  Task chosen;
  Score score;  // of the chosen
  Task victim;
  Signal signal = Signal::kKill;
  KillOutcome outcome;
  End end = End::kPending;
  // Those with more points who could not give back the bar, and those that come
  // next, the most points first.
  std::array<Task, kListed> passed_over;
  std::uint32_t passed_over_count = 0;
  std::array<Task, kListed> runners_up;
  std::uint32_t runners_up_count = 0;
  // On the source's monotonic clock; 0: it did not come to that.
  Micros seen_us = 0;
  Micros decided_us = 0;
  Micros signalled_us = 0;
  Micros exited_us = 0;
  Micros memory_back_us = 0;
  Kib reclaimed_kib = 0;
};

// What lives from cycle to cycle.
struct CycleState {
  explicit CycleState(const Policy& rules) : policy(initial_state(rules)) {}

  PolicyState policy;
  Snapshot snapshot;
  Decision decision;  // the last one
  std::uint64_t decisions = 0;
  std::optional<std::uint64_t> oom_kills;  // the kernel's count when last asked
  Micros oom_kills_read_us = 0;
};

struct CycleReport {
  enum class Kind : std::uint8_t {
    kCalm,         // no trigger that kills fires
    kSampleLost,   // `error`: memory or processes could not be read
    kCoolingDown,  // a dry run had its victim; the trigger still fires
    kBudgetSpent,  // kill.per_minute
    kNobody,       // there is no candidate
    kWaiting,      // `dying` is exiting, or the kernel has just killed somebody
    kRecovered,    // the trigger no longer fired when all was ready
    kSignalled,    // the decision's victim was signalled
    kNotSignalled,  // the decision's outcome says why
    kPending,       // the victim, or its memory, is waited for
    kEscalated,     // SIGTERM's grace was over, SIGKILL was sent
    kGaveUp,        // the victim does not die and was set aside
    kDone           // the victim is gone: the decision is complete
  };
  Kind kind = Kind::kCalm;
  Error error;
  PressureReading reading;
  std::optional<std::size_t> log_trigger;  // one that only logs fires
  std::optional<TaskId> dying;
  bool kernel_killed = false;  // seen in this reading
};

// Chooses among those who can give back `need_kib`, or as much of it as anybody
// can: the bar is halved until somebody meets it, down to the bare order of
// 2.6.32. Reads the dear facts only of those that can still win: whoever leads
// by an upper bound is refined until the leader is exact, which gives the
// result of refining everybody. `rules` comes back with the bar that was met.
[[nodiscard]] Selection select_victim(FactSource& source, Snapshot& snapshot,
                                      const ScoreRules& score,
                                      SelectRules& rules, Kib need_kib,
                                      Kib swap_used_kib);

// Reads the dear facts of all tasks, and sets points and reclaims.
void refine_all(FactSource& source, Snapshot& snapshot,
                const ScoreRules& rules);

// Called with the pending victim's identity between decision and signal, so
// that a restarted daemon knows of it; may be empty.
using BeforeSignal = void (*)(void* context, const PolicyState& state);

struct CycleHooks {
  BeforeSignal before_signal = nullptr;
  void* context = nullptr;
};

// One pass.
[[nodiscard]] CycleReport run_cycle(FactSource& source, const Policy& policy,
                                    Killer& killer, CycleState& state,
                                    const CycleHooks& hooks = {});

}  // namespace badnessd
