// SPDX-License-Identifier: GPL-2.0-only
// The choice of a decision: who took it, and whom 2.6.32 chooses among these.
#pragma once

#include <optional>

#include "badnessd/cycle/cycle.h"
#include "badnessd/cycle/judge.h"

namespace badnessd {

// Asks the three questions (blame.h), reads what it takes to answer them, and
// chooses. First the processes that can have taken the memory are read; if no
// process took it, the cgroups and the processes of those that did; else all
// processes. Sets `bars`, and what state.decision records about the choice.
// Chooses nobody where the memory is nobody's and innocent processes may not
// die yet. Fails if /proc cannot be read.
[[nodiscard]] Expected<Selection> choose(const Context& context, Bars& bars,
                                         CycleState& state);

// For the record: lists the other candidates in `decision`. Reads those that it
// lists, and judges all.
void list_others(const Context& context, Bars bars, Decision& decision);

}  // namespace badnessd
