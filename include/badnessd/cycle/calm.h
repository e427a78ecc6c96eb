// SPDX-License-Identifier: GPL-2.0-only
// What a cycle does while no trigger fires, so that a decision has it: notes of
// the census and the accounts, identities, the kernel's own kills.
#pragma once

#include "badnessd/cycle/cycle.h"

namespace badnessd {

// Reads identities, takes notes, and counts the kernel's kills. Returns how
// many processes the kernel has killed since the last look.
std::uint64_t use_calm_time(const Sources& sources, const Policy& policy,
                            const PressureReading& reading, CycleState& state);

// Begins or continues a note if one is due; see Census::look().
void take_note(const Sources& sources, const PressureReading& reading,
               Micros to_fire_us, CycleState& state);

// Reads the counters of /proc/vmstat into state.counters, and records a kill by
// the kernel in the incident, but not one for the limit of some cgroup, unless
// a cgroup is short of memory. Returns how many processes it has killed.
std::uint64_t look_for_kernel_kills(const Sources& sources, Micros now_us,
                                    CycleState& state);

}  // namespace badnessd
