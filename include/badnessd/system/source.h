// SPDX-License-Identifier: GPL-2.0-only
// The source of facts: the /proc of a running kernel, a stored tree, or a test.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "badnessd/engine/task.h"
#include "badnessd/engine/trigger.h"
#include "badnessd/system/proc/cgroup.h"
#include "badnessd/system/proc/identity.h"
#include "badnessd/system/proc/proc_text.h"
#include "badnessd/system/proc/unshared.h"
#include "badnessd/system/sys.h"

namespace badnessd {

// The facts that a note holds about one process.
struct HeldFacts {
  TaskId id{};              // pid 0: not read yet
  std::int32_t ppid = 0;    // at the first read
  std::uint32_t flags = 0;  // at the first read
  StatmFields statm{};      // equal values mean that nothing has changed
  Holding holding{};
  Kib swap_kib = 0;  // a part of it
};

class FactSource {
 public:
  FactSource() = default;
  FactSource(const FactSource&) = delete;
  FactSource& operator=(const FactSource&) = delete;
  FactSource(FactSource&&) = delete;
  FactSource& operator=(FactSource&&) = delete;
  virtual ~FactSource() = default;

  // The current memory pressure.
  [[nodiscard]] virtual Expected<PressureReading> read_pressure() = 0;

  // The number of OOM kills by the kernel since boot; none before 4.13.
  [[nodiscard]] virtual std::optional<std::uint64_t> read_oom_kills() = 0;

  // The monotonic time that readings carry.
  [[nodiscard]] virtual Micros now_us() = 0;

  // Replaces `snapshot` by all processes with their cheap facts. Reuses its
  // memory: a scan of no more processes than before allocates nothing. Counts
  // an unreadable process in `gaps` and does not fail.
  [[nodiscard]] virtual Expected<void> scan(Snapshot& snapshot) = 0;

  // Reads the expensive facts of one task of the last scan and makes it kFull.
  // These facts can only lower its score. A task that has vanished loses its
  // mm and is no candidate any more.
  virtual void refine(Snapshot& snapshot, std::uint32_t index) = 0;

  // Replaces `listed` by all processes, sorted by pid. Very cheap.
  [[nodiscard]] virtual Expected<void> list(
      std::vector<ListedProcess>& listed) = 0;

  // The memory that `pid` holds; `known` is the last result for this process.
  // Does not block: reads statm, and status only if statm has changed and swap
  // or at least 16 MiB of shared memory are in use.
  [[nodiscard]] virtual Expected<HeldFacts> read_held(
      std::int32_t pid, const HeldFacts& known) = 0;

  // Whether two processes share one mm (CLONE_VM). False if unknown.
  [[nodiscard]] virtual bool share_mm(const Task& a, const Task& b) = 0;
};

// All that a cycle reads.
struct Sources {
  FactSource& facts;
  CgroupTree& cgroups;
  IdentitySource& identities;
  Worker<UnsharedReader>& unshared;
};

}  // namespace badnessd
