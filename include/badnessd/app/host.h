// SPDX-License-Identifier: GPL-2.0-only
// What the settings mean on this machine, and what it lacks for them.
#pragma once

#include <string>
#include <vector>

#include "badnessd/engine/policy.h"

namespace badnessd {

// Memory, each trigger as a sentence with present values, and which of them
// cannot fire here.
[[nodiscard]] std::vector<std::string> host_text(
    const Policy& policy, const PressureReading& reading);

}  // namespace badnessd
