// SPDX-License-Identifier: GPL-2.0-only
// What the settings mean on this machine, and what it lacks for them: said at
// the start of the daemon and by `badnessd check`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "badnessd/engine/policy.h"
#include "badnessd/system/proc/procfs.h"
#include "badnessd/system/service/host.h"

namespace badnessd {

struct Finding {
  bool warning = false;  // something that was asked for will not work
  std::string text;
};

// Memory, and each trigger as a sentence with present values.
[[nodiscard]] std::vector<std::string> host_text(const Policy& policy,
                                                 const PolicyState& state);

// Who asks: the daemon, which is the only one of its kind, or somebody who
// looks at what a daemon that may be running is told.
enum class AskedBy : std::uint8_t { kDaemon, kCheck };

// Swap that is not there or that nobody may use; other OOM killers among the
// processes of `snapshot`; on the live system calls that the kernel or a filter
// denies, and for kCheck what a daemon could not do with the caller's
// capabilities.
[[nodiscard]] std::vector<Finding> host_findings(const Policy& policy,
                                                 const PressureReading& reading,
                                                 const Snapshot& snapshot,
                                                 const ProcfsSource& source,
                                                 AskedBy asked_by);

// What the daemon could not do with these effective capabilities and limits.
[[nodiscard]] std::vector<Finding> capability_findings(
    std::uint64_t capabilities, const HostFacts& host);

}  // namespace badnessd
