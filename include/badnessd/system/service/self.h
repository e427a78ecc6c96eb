// SPDX-License-Identifier: GPL-2.0-only
// Keeps badnessd itself running while memory is short.
#pragma once

#include "badnessd/system/sys.h"

namespace badnessd {

// Locks all present and future memory into RAM. Requires CAP_IPC_LOCK
// (`may_lock`) or an unlimited RLIMIT_MEMLOCK: with a limit, mlockall(2) can
// succeed and later mappings fail.
[[nodiscard]] Expected<void> lock_memory(bool may_lock);

// Makes the allocator keep freed memory: memory given back to the kernel must
// be requested and faulted in again.
void keep_heap() noexcept;

// Faults in the stack that a cycle needs.
void prefault_stack() noexcept;

// Sets oom_score_adj to -1000: the kernel's OOM killer skips badnessd. Only
// root with CAP_SYS_RESOURCE may lower the value below its initial one.
[[nodiscard]] Expected<void> exempt_from_kernel_oom(int proc_root);

}  // namespace badnessd
