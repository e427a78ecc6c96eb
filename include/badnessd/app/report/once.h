// SPDX-License-Identifier: GPL-2.0-only
// The result of one audit.
#pragma once

#include <string>
#include <vector>

#include "badnessd/app/config/text.h"
#include "badnessd/app/report/fields.h"
#include "badnessd/cycle/cycle.h"

namespace badnessd {

// Readings, triggers, facts, candidates, and the sentences of the decision.
[[nodiscard]] std::string once_text(const CycleResult& result,
                                    const CycleState& state,
                                    const Policy& policy, const Style& style);

// The fields that only the object of an audit has.
[[nodiscard]] std::vector<FieldText> once_fields();
[[nodiscard]] Json once_json(const CycleResult& result, const CycleState& state,
                             const Policy& policy);

}  // namespace badnessd
