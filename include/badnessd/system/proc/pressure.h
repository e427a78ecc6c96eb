// SPDX-License-Identifier: GPL-2.0-only
// Parses the memory pressure in /proc/meminfo and /proc/pressure/memory. Pure
// functions; they fail with EBADMSG.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "badnessd/engine/trigger.h"
#include "badnessd/system/sys.h"

namespace badnessd {

// Without MemAvailable (kernels before 3.14) estimates it as MemFree + Buffers
// + Cached - Shmem. Fails if the free amount exceeds the total (lxcfs has shown
// a SwapFree of 2^64-256); with kClamped takes what can be instead, and sets
// `clamped`.
enum class Absurd : std::uint8_t { kFails, kClamped };
[[nodiscard]] Expected<PressureReading> parse_meminfo(
    std::string_view text, Absurd absurd = Absurd::kFails);

// The part of its cache that ZFS can give back (spl/kstat/zfs/arcstats): `size`
// minus `c_min`. MemAvailable does not count it. 0 where the cache can be
// larger than all memory (`c_max`), or is larger than what is in use: then it
// is that of a container's host.
[[nodiscard]] Expected<Kib> parse_reclaimable_arc(std::string_view text,
                                                  Kib total_kib, Kib used_kib);

// Counters of /proc/vmstat, since boot.
struct VmCounters {
  std::optional<std::uint64_t> oom_kills;  // none: before 4.13
  // The memory that page faults can have given to processes: a process takes
  // anonymous memory by faults only. Each fault counts as a page, and each huge
  // page as all of its pages.
  std::optional<Kib> faulted_kib;
  // Pages that went to swap or came back, also compressed ones. While it stands
  // still, no process has more or less in swap.
  std::uint64_t swapped_pages = 0;
};
// A huge page is what one page table maps, with 8 bytes for each page.
[[nodiscard]] constexpr Kib huge_page_kib(std::uint32_t page_size) noexcept {
  return Kib{page_size} / 1024 * (page_size / 8);
}
[[nodiscard]] VmCounters parse_vm_counters(std::string_view text,
                                           std::uint32_t page_size);

// Adds `some` and, where the kernel has it, `full` to `reading`.
[[nodiscard]] Expected<void> parse_psi(std::string_view text,
                                       PressureReading& reading);

}  // namespace badnessd
