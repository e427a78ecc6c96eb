// SPDX-License-Identifier: GPL-2.0-only
// The readings of all watched memory: the system, and the cgroups in the scope
// of a trigger.
#pragma once

#include "badnessd/engine/oom_domain.h"
#include "badnessd/system/proc/cgroup.h"

namespace badnessd {

// Lists the cgroups every 5 seconds. A cgroup that stays keeps its history. The
// caller waits while a victim is pending.
void list_cgroups(CgroupTree& cgroups, const Policy& policy,
                  OomDomains& domains, Micros now_us);

struct Firing {
  Fired fired;             // by any domain
  bool system = false;     // a kill trigger fires on the system, and can act
  bool acting = false;     // one fires on domains.actor()
  bool elsewhere = false;  // one fires on another domain, and can act
  const OomDomain* log_domain = nullptr;  // where fired.log fires
};

// Takes the readings of the system and of the cgroups that are due. Unless a
// victim is pending, calls choose_actor().
[[nodiscard]] Firing take_readings(CgroupTree& cgroups, const Policy& policy,
                                   OomDomains& domains,
                                   const PressureReading& system, bool pending);

// Records the free memory of each cgroup with the system's note in `slot`.
void note_cgroups(OomDomains& domains, std::size_t slot);

// The notes with the free memory of the acting domain.
[[nodiscard]] MemoryNotes notes_of(const OomDomains& domains,
                                   MemoryNotes notes) noexcept;

// Takes the reading of one cgroup. A cgroup that is gone fires nothing.
[[nodiscard]] Fired take_cgroup(CgroupTree& cgroups, const Policy& policy,
                                OomDomain& domain,
                                const PressureReading& system);

}  // namespace badnessd
