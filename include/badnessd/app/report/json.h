// SPDX-License-Identifier: GPL-2.0-only
// The machine-readable form of the reports: one object. badnessd(8) lists its
// fields. `schema` increases when a field changes its meaning or disappears,
// not when a field is added. Points are exact 64-bit integers. Text from
// processes is escaped() as on the terminal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "badnessd/app/report/object.h"
#include "badnessd/cycle/decision.h"
#include "badnessd/engine/oom_domain.h"

namespace badnessd {

// The snapshot and the tasks at the indices in `order`, in this order.
[[nodiscard]] Json report_json(const Snapshot& snapshot,
                               const std::vector<std::uint32_t>& order,
                               const Policy& policy);

[[nodiscard]] Json steps_json(const Score& score);
// A sentence for each trigger; for a trigger with a scope one for each cgroup.
// `decision` tells which trigger fires.
[[nodiscard]] Json triggers_json(const Policy& policy,
                                 const OomDomains& domains,
                                 const Decision& decision);
[[nodiscard]] Json pressure_json(const PressureReading& reading);

}  // namespace badnessd
