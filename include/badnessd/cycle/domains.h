// SPDX-License-Identifier: GPL-2.0-only
// The readings of all that is watched: the system, and the cgroups in the scope
// of a trigger.
#pragma once

#include "badnessd/engine/policy.h"
#include "badnessd/system/source.h"

namespace badnessd {

// Looks for cgroups every few seconds: they come and go, and those that stay
// keep their history. While a victim is waited for all stay.
void list_cgroups(FactSource& source, const Policy& policy, PolicyState& state,
                  Micros now_us);

struct Firing {
  Fired fired;                            // by any
  bool system = false;                    // one that kills fires on the system
  bool acting = false;                    // one does on acting_domain()
  bool elsewhere = false;                 // one does on another than that
  const OomDomain* log_domain = nullptr;  // on which fired.log fires
};

// Takes the system's reading and those of all cgroups. What fires first becomes
// acting_domain(), the system before any cgroup, and those that rest last,
// unless a victim is waited for.
[[nodiscard]] Firing take_readings(FactSource& source, const Policy& policy,
                                   PolicyState& state,
                                   const PressureReading& system);

// Keeps what is free in each cgroup beside the system's note in `slot`.
void note_cgroups(PolicyState& state, std::size_t slot);

// Takes the reading of one cgroup. In one that is gone nobody is in need.
[[nodiscard]] Fired take_cgroup(FactSource& source, const Policy& policy,
                                OomDomain& domain,
                                const PressureReading& system);

}  // namespace badnessd
