// SPDX-License-Identifier: GPL-2.0-only
// The score of one process.
#pragma once

#include <cstdint>
#include <string>

#include "badnessd/app/config/text.h"
#include "badnessd/engine/policy.h"

namespace badnessd {

// The ledger of the task at `index` of a refined snapshot, its children, its
// rank, and the oom_adj that would change the rank.
[[nodiscard]] std::string explain_text(const Snapshot& snapshot,
                                       std::uint32_t index,
                                       const Policy& policy,
                                       const Style& style);

}  // namespace badnessd
