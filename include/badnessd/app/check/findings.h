// SPDX-License-Identifier: GPL-2.0-only
// The effect of the settings on this machine, and the features that it lacks.
// The daemon prints this at its start, `badnessd check` at any time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "badnessd/engine/oom_domain.h"
#include "badnessd/system/proc/procfs.h"
#include "badnessd/system/service/host.h"

namespace badnessd {

struct Finding {
  bool warning = false;  // a requested setting will not work
  std::string text;
};

// Memory, and each trigger as a sentence with current values.
[[nodiscard]] std::vector<std::string> host_text(const Policy& policy,
                                                 const OomDomains& domains);

// The caller: the daemon, which must be the only one, or `badnessd check`,
// beside which a daemon may run.
enum class AskedBy : std::uint8_t { kDaemon, kCheck };

// Missing or unusable swap; other OOM killers among the processes of
// `snapshot`; on the live system the calls that the kernel or a filter denies.
// For kCheck also the actions that the caller's capabilities deny to a daemon.
[[nodiscard]] std::vector<Finding> host_findings(const Policy& policy,
                                                 const PressureReading& reading,
                                                 const Snapshot& snapshot,
                                                 ProcfsSource& source,
                                                 AskedBy asked_by);

// The actions that these effective capabilities and limits deny to the daemon.
[[nodiscard]] std::vector<Finding> capability_findings(
    std::uint64_t capabilities, const HostFacts& host);

}  // namespace badnessd
