// SPDX-License-Identifier: GPL-2.0-only
// The complete record of one decision: one JSON object, the same in --once, in
// last-kill.json and in the journal.
#pragma once

#include <string>
#include <vector>

#include "badnessd/app/report/fields.h"
#include "badnessd/cycle/decision.h"
#include "badnessd/engine/policy.h"

namespace badnessd {

// A unique id: the current wall-clock time and the number of the decision.
[[nodiscard]] std::string decision_id(const Decision& decision);

[[nodiscard]] std::vector<FieldText> record_fields();

// `id` is empty in an audit.
[[nodiscard]] Json record_json(const Decision& decision, const Policy& policy,
                               const std::string& id);

}  // namespace badnessd
