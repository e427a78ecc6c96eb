// SPDX-License-Identifier: GPL-2.0-only
// Parses the memory pressure in /proc/meminfo and /proc/pressure/memory. Pure
// functions; they fail with EBADMSG.
#pragma once

#include <optional>
#include <string_view>

#include "badnessd/engine/trigger.h"
#include "badnessd/system/sys.h"

namespace badnessd {

// Without MemAvailable (kernels before 3.14) estimates it as MemFree + Buffers
// + Cached - Shmem. Fails if the free amount exceeds the total (lxcfs has shown
// a SwapFree of 2^64-256).
[[nodiscard]] Expected<PressureReading> parse_meminfo(std::string_view text);

// The part of its cache that ZFS can give back (spl/kstat/zfs/arcstats): `size`
// minus `c_min`. MemAvailable does not count it.
[[nodiscard]] Expected<Kib> parse_reclaimable_arc(std::string_view text);

// The oom_kill line of /proc/vmstat (4.13 and later).
[[nodiscard]] std::optional<std::uint64_t> parse_oom_kills(
    std::string_view text);

// Adds `some` and, where the kernel has it, `full` to `reading`.
[[nodiscard]] Expected<void> parse_psi(std::string_view text,
                                       PressureReading& reading);

}  // namespace badnessd
