// SPDX-License-Identifier: GPL-2.0-only
// The features of this machine that an OOM killer uses.
#pragma once

#include <cstdint>

#include "badnessd/system/sys.h"

namespace badnessd {

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
