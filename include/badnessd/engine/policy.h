// SPDX-License-Identifier: GPL-2.0-only
// Everything that a decision depends on besides the facts.
#pragma once

#include <cstdint>

#include "badnessd/engine/badness.h"
#include "badnessd/engine/select.h"
#include "badnessd/engine/trigger.h"

namespace badnessd {

struct Policy {
  ScoreRules score;
  Trigger trigger;
  VictimOrder victim = VictimOrder::kProcess;
  std::int32_t self_pid = 0;  // never a candidate; 0 on a foreign root
  WaitFor wait_for = WaitFor::kExiting;
  bool audit = false;  // go on as if the trigger had fired
};

}  // namespace badnessd
