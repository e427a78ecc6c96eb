// SPDX-License-Identifier: GPL-2.0-only
// The result of one audit.
#pragma once

#include <string>

#include "badnessd/app/config/text.h"
#include "badnessd/app/report/object.h"
#include "badnessd/cycle/cycle.h"

namespace badnessd {

// Readings, triggers, facts, candidates, and the sentences of the decision.
[[nodiscard]] std::string once_text(const CycleResult& result,
                                    const CycleState& state,
                                    const Policy& policy, const Style& style);

[[nodiscard]] Json once_json(const CycleResult& result, const CycleState& state,
                             const Policy& policy);

}  // namespace badnessd
