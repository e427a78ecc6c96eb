// SPDX-License-Identifier: GPL-2.0-only
// badnessd's care for itself: it must be there when memory is not.
#pragma once

#include <cstdint>
#include <optional>

#include "badnessd/system/sys.h"

namespace badnessd {

// Locks all memory, present and future, into RAM. Only with CAP_IPC_LOCK
// (`may_lock`) or an unlimited RLIMIT_MEMLOCK: below a limit a successful
// mlockall makes later mappings fail.
[[nodiscard]] Expected<void> lock_memory(bool may_lock);

// Makes the allocator keep what is freed: giving it back would only mean to ask
// for it and to fault it in again.
void keep_heap() noexcept;

// Faults in as much stack as a cycle needs.
void prefault_stack() noexcept;

// Asks the kernel's own killer to pass badnessd over: oom_score_adj -1000. Only
// root with CAP_SYS_RESOURCE may lower it below what it was started with.
[[nodiscard]] Expected<void> exempt_from_kernel_oom(int proc_root);

// The page faults that this process has had, for the proof that the kill path
// has none.
struct FaultCount {
  std::uint64_t minor = 0;
  std::uint64_t major = 0;
};
[[nodiscard]] FaultCount page_faults() noexcept;

}  // namespace badnessd
