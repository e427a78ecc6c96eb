// SPDX-License-Identifier: GPL-2.0-only
// What this machine offers to an OOM killer, besides its processes and memory.
#pragma once

#include <cstdint>

#include "badnessd/system/sys.h"

namespace badnessd {

struct HostFacts {
  // Whether process_mrelease(2) is there and permitted (Linux 5.15).
  bool process_mrelease = false;
  // Whether pidfds, and signals by them, are (Linux 5.3).
  bool pidfd = false;
  // RLIMIT_MEMLOCK has no limit, so memory can be locked without CAP_IPC_LOCK.
  bool memlock_unlimited = false;
  // vm.overcommit_memory is 2: memory is refused before it is short.
  bool strict_overcommit = false;
};

// `proc_root` is a descriptor of the live /proc.
[[nodiscard]] HostFacts read_host(int proc_root);

// Whether somebody may use swap, as far as cgroups (v2) below `root` say: false
// if those that hold nine tenths of the memory have a memory.swap.max of 0, as
// on a Kubernetes node with swap whose pods may not swap. True where that is
// not known. Reads a few files for each cgroup: not for the kill path.
[[nodiscard]] bool swap_usable(const char* root);

}  // namespace badnessd
