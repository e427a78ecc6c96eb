// SPDX-License-Identifier: GPL-2.0-only
// The machine-readable form of report.h: one object. README.md documents its
// fields. `schema` increases when a field changes its meaning or disappears,
// not when a field is added. Points are exact 64-bit integers. Text from
// processes is escaped() as on the terminal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "badnessd/cycle/cycle.h"
#include "badnessd/engine/oom_domain.h"

namespace badnessd {

inline constexpr int kJsonSchema = 1;

// The snapshot and the tasks at the indices in `order`, in this order.
[[nodiscard]] std::string scores_json(const Snapshot& snapshot,
                                      const std::vector<std::uint32_t>& order,
                                      const Policy& policy);

// The same for one task, and `explain`: its rank, rival and children.
[[nodiscard]] std::string explain_json(const Snapshot& snapshot,
                                       std::uint32_t index,
                                       const Policy& policy);

// The same for all tasks by points, with `pressure`, `triggers`, `selection`
// and `victim`.
[[nodiscard]] std::string once_json(const CycleResult& result,
                                    const CycleState& state,
                                    const Policy& policy);

// The parts that the record of a decision has too.
[[nodiscard]] nlohmann::ordered_json steps_json(const Score& score);
// A sentence for each trigger; for a trigger with a scope one for each cgroup.
// `decision` tells which trigger fires.
[[nodiscard]] nlohmann::ordered_json triggers_json(const Policy& policy,
                                                   const OomDomains& domains,
                                                   const Decision& decision);
[[nodiscard]] nlohmann::ordered_json pressure_json(
    const PressureReading& reading);
[[nodiscard]] nlohmann::ordered_json loss_json(const std::optional<Loss>& loss);

}  // namespace badnessd
