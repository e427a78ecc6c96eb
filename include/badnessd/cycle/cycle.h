// SPDX-License-Identifier: GPL-2.0-only
// The program in one function: facts, decision, effect. The daemon, --dry-run
// and --once all call it; they differ in the source and the killer they pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "badnessd/cycle/accounts.h"
#include "badnessd/cycle/census.h"
#include "badnessd/cycle/decision.h"
#include "badnessd/cycle/identities.h"
#include "badnessd/cycle/refresh.h"
#include "badnessd/engine/incident.h"
#include "badnessd/engine/storm.h"
#include "badnessd/system/kill/killer.h"
#include "badnessd/system/source.h"

namespace badnessd {

// The state that is kept between cycles.
struct CycleState {
  explicit CycleState(const Policy& policy) : domains(system_domain(policy)) {}

  // The room that decisions among an eighth more processes need, so that they
  // allocate nothing.
  void make_room();

  OomDomains domains;
  Incident incident;
  bool once = false;     // decide now, though no trigger fires
  bool as_read = false;  // with it: from the table, without reading processes
  Identities identities;
  Census census;
  Accounts accounts;
  Refresh refresh;
  StormFinder storms;
  std::vector<std::int32_t> members;   // of the cgroups that took the memory
  std::vector<std::uint32_t> sharers;  // of the victim's mm, indices in tasks
  std::vector<TaskId> swept;           // all tasks that had a signal with it
  Decision decision;                   // the last one
  std::uint64_t decisions = 0;
  VmCounters counters;                      // when last asked
  std::optional<std::uint64_t> limit_ooms;  // at the last kill by the kernel
  Micros counters_read_us = 0;
};

struct CycleResult {
  enum class Kind : std::uint8_t {
    kCalm,          // no trigger that kills fires
    kSampleLost,    // `error`: memory or processes could not be read
    kCoolingDown,   // a dry run has reported, or none was found just now
    kBudgetSpent,   // kill.per_minute
    kNoCandidate,   // there is no candidate, or none gives back enough
    kNobody,        // the memory is nobody's: decision.culprit says why
    kLooking,       // just started: what takes memory is not known yet
    kWaiting,       // `dying` is exiting, or the kernel has just killed a task
    kRecovered,     // the trigger does not fire just before the signal
    kSignalled,     // the decision's victim was signalled
    kNotSignalled,  // the decision's outcome says why
    kPending,       // waits for the victim's exit or its memory
    kEscalated,     // SIGTERM's grace was over, SIGKILL was sent
    kGaveUp,        // the victim does not die and was set aside
    kDone           // the victim is gone: the decision is complete
  };
  Kind kind = Kind::kCalm;
  Error error;
  PressureReading reading;                 // of the system
  std::optional<std::size_t> log_trigger;  // the log trigger that fires
  const OomDomain* log_domain = nullptr;   // its domain
  std::optional<TaskId> dying;
  std::uint64_t kernel_kills = 0;  // seen in this reading
};

// Called between decision and signal with the pending victim, so that a
// restarted daemon knows the victim; may be null.
using BeforeSignal = void (*)(void* context);

struct CycleHooks {
  BeforeSignal before_signal = nullptr;
  void* context = nullptr;
};

// One pass.
[[nodiscard]] CycleResult run_cycle(const Sources& sources,
                                    const Policy& policy, Killer& killer,
                                    CycleState& state,
                                    const CycleHooks& hooks = {});

}  // namespace badnessd
