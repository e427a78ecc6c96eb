// SPDX-License-Identifier: GPL-2.0-only
// The result of one audit, for the terminal.
#pragma once

#include <string>

#include "badnessd/app/config/text.h"
#include "badnessd/cycle/cycle.h"

namespace badnessd {

// The whole of an audit: readings, trigger, facts, candidates, verdict.
[[nodiscard]] std::string once_text(const CycleResult& result,
                                    const CycleState& state,
                                    const Policy& policy, const Style& style);

}  // namespace badnessd
