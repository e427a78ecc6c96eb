// SPDX-License-Identifier: GPL-2.0-only
// The effect of the settings on this machine, and the features that it lacks:
// one list for the log, the status and the metrics of the daemon, and for
// `badnessd check`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "badnessd/app/report/metrics.h"
#include "badnessd/cycle/cycle.h"
#include "badnessd/engine/oom_domain.h"
#include "badnessd/system/proc/procfs.h"
#include "badnessd/system/service/self.h"

namespace badnessd {

struct Finding {
  std::optional<Lack> lack;  // none: for information
  std::string text;
};

// Memory, and each trigger as a sentence with current values.
[[nodiscard]] std::vector<std::string> host_text(const Policy& policy,
                                                 const OomDomains& domains);

// The caller: the daemon, which must be the only one, or `badnessd check`,
// beside which a daemon may run.
enum class AskedBy : std::uint8_t { kDaemon, kCheck };

// What does not change before the next start: missing swap; on the live system
// the accounts of cgroups, and the calls that the kernel or a filter denies.
// For kCheck also the actions that the caller's capabilities deny to a daemon.
[[nodiscard]] std::vector<Finding> host_findings(const PressureReading& reading,
                                                 ProcfsSource& source,
                                                 AskedBy asked_by);

// What is lacking now and can change: by the settings, the last reading, the
// processes and cgroups as last read, and the threads' reads at `now_us`.
[[nodiscard]] std::vector<Finding> lacks_now(const Sources& sources,
                                             const Policy& policy,
                                             const CycleState& state,
                                             AskedBy asked_by, Micros now_us);

// The actions that these effective capabilities and limits deny to the daemon.
[[nodiscard]] std::vector<Finding> capability_findings(
    std::uint64_t capabilities, const HostFacts& host);

}  // namespace badnessd
