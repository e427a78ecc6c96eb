// SPDX-License-Identifier: GPL-2.0-only
// What the death of a process gives back, and what a process has taken.
#pragma once

#include <cstdint>

#include "badnessd/engine/task.h"

namespace badnessd {

// Sets took_kib of all verdicts, and shmem_mapped_kib. A task took what it
// holds beyond the baseline. A task newer than the baseline took everything
// except what it inherited from its parent. Shared memory that became private
// was not taken if the system has as much less of it.
void estimate_took(Snapshot& snapshot) noexcept;

// Sets what the death of the task at `index` gives back, after estimate_took():
//   Anonymous memory and swap, less the pages shared with a parent or a child
//   after a fork without exec (RssAnon counts them in both): at most the
//   smaller of the two amounts, and what was measured (unshared.h).
//   Its page tables.
//   Shared memory that no other process maps. Where all processes together map
//   no more than there is, each maps its own. Else what all others map may be
//   the same memory.
// The death of the init of a pid namespace kills all processes in it
// (kernel/pid_namespace.c: zap_pid_ns_processes()): its descendants count.
void estimate_reclaim(Snapshot& snapshot, std::uint32_t index) noexcept;

// Smaller amounts that a process and its parent share are not looked into.
inline constexpr Kib kWorthUnsharing = Kib{16} << 10;

}  // namespace badnessd
