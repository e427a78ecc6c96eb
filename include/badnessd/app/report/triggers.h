// SPDX-License-Identifier: GPL-2.0-only
// Triggers as sentences: their conditions, and the readings of now.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "badnessd/engine/oom_domain.h"

namespace badnessd {

// "acts when MemAvailable < 1.0 GiB (5%,1GiB) and …; now 9.2 GiB and …".
// `reading` is that of `cgroup`, or of the system if `cgroup` is empty.
// `stalls` is the stalled share of the trigger's window. If it is unknown, the
// text shows the kernel's average with its name, e.g. avg10.
[[nodiscard]] std::string trigger_text(
    const Trigger& trigger, std::string_view cgroup,
    const PressureReading& reading,
    const std::optional<PressureHistory::Share>& stalls);

// The same with the last reading of `domain`, which must have one.
[[nodiscard]] std::string trigger_text(const Trigger& trigger,
                                       const OomDomain& domain);

// "NAME acts when …": one line for the system or for each watched cgroup; for a
// scope without cgroups a line that says so.
[[nodiscard]] std::vector<std::string> triggers_text(const Policy& policy,
                                                     const OomDomains& domains);

}  // namespace badnessd
