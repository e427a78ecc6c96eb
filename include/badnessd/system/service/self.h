// SPDX-License-Identifier: GPL-2.0-only
// Keeps badnessd itself running while memory is short, and finds what this
// machine has of what an OOM killer uses.
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

struct HostFacts {
  // Whether process_mrelease(2) exists and is permitted (Linux 5.15).
  bool process_mrelease = false;
  // Whether pidfds, and signals by them, exist and are permitted (Linux 5.3).
  bool pidfd = false;
  // RLIMIT_MEMLOCK has no limit, so memory can be locked without CAP_IPC_LOCK.
  bool memlock_unlimited = false;
  // vm.overcommit_memory is 2: allocations fail before memory is short.
  bool strict_overcommit = false;
};

// `proc_root` is a descriptor of the live /proc.
[[nodiscard]] HostFacts read_host(int proc_root);

}  // namespace badnessd
