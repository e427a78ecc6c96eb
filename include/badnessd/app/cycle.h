// SPDX-License-Identifier: GPL-2.0-only
// The program in one function: facts, decision, effect. The daemon, --dry-run
// and --once all call it; they differ in the source and the killer they pass.
#pragma once

#include <cstdint>

#include "badnessd/engine/policy.h"
#include "badnessd/system/killer.h"
#include "badnessd/system/source.h"

namespace badnessd {

struct CycleReport {
  enum class Kind : std::uint8_t {
    kCalm,        // the trigger does not hold
    kSampleLost,  // `error`: memory or processes could not be read
    kNobody,      // there is no candidate
    kWaiting,     // selection.task is dying: its memory is waited for
    kRecovered,   // the trigger no longer held when all was ready
    kActed        // `victim` went to the killer; `outcome` is what it did
  };
  Kind kind = Kind::kCalm;
  Error error;
  PressureReading reading;
  Selection selection;
  std::uint32_t victim = 0;  // index in the snapshot's tasks
  KillOutcome outcome;
};

// select_bad_process() over the scanned `snapshot`, reading the dear facts only
// of those that can still win: whoever leads by an upper bound is refined until
// the leader's score is exact. The result is that of refining everybody.
[[nodiscard]] Selection select_lazily(FactSource& source, Snapshot& snapshot,
                                      const Policy& policy);

// Reads the dear facts of all tasks and scores them.
void refine_all(FactSource& source, Snapshot& snapshot,
                const ScoreRules& rules);

// One pass. `snapshot` holds the processes afterwards if the report's kind says
// that it came so far; pass the same one again to reuse its memory.
[[nodiscard]] CycleReport run_cycle(FactSource& source, const Policy& policy,
                                    Killer& killer, Snapshot& snapshot);

}  // namespace badnessd
