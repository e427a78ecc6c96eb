// SPDX-License-Identifier: GPL-2.0-only
// A decision in words. The log, --once, the journal and the record of the
// decision have the same sentences.
#pragma once

#include <string>
#include <vector>

#include "badnessd/cycle/decision.h"
#include "badnessd/engine/policy.h"

namespace badnessd {

// What was done and to which process, why, what else dies, what the guard
// judged by, where the victim was, and what fired.
[[nodiscard]] std::vector<std::string> decision_sentences(
    const Decision& decision, const Policy& policy);

// The end of the decision; none while it is pending or if no signal was sent.
[[nodiscard]] std::vector<std::string> ending_sentences(
    const Decision& decision);

}  // namespace badnessd
