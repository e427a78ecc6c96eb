// SPDX-License-Identifier: GPL-2.0-only
// The facts that a snapshot lacks.
#pragma once

#include <string>
#include <vector>

#include "badnessd/app/report/fields.h"
#include "badnessd/engine/task.h"

namespace badnessd {

// A sentence for each gap; empty if the snapshot is complete.
[[nodiscard]] std::vector<std::string> gaps_text(const Gaps& gaps);

// All flags and counts, and the sentences.
[[nodiscard]] Json gaps_json(const Gaps& gaps);

}  // namespace badnessd
