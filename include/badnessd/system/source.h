// SPDX-License-Identifier: GPL-2.0-only
// The source of facts: the /proc of a running kernel, a stored tree, or a test.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "badnessd/engine/task.h"
#include "badnessd/engine/trigger.h"
#include "badnessd/system/proc/cgroup.h"
#include "badnessd/system/proc/identity.h"
#include "badnessd/system/proc/pressure.h"
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
  Kib most_kib = 0;  // `holding`, and shared memory that was not told apart
};

struct PidRange {
  std::int32_t first = 1;
  std::int32_t last = std::numeric_limits<std::int32_t>::max();
};
inline constexpr PidRange kAllPids;

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

  [[nodiscard]] virtual VmCounters read_vm_counters() = 0;

  // The monotonic time that readings carry.
  [[nodiscard]] virtual Micros now_us() = 0;

  // Replaces `snapshot` by all processes with their cheap facts. Reuses its
  // memory: a scan of no more processes than before allocates nothing. Counts
  // an unreadable process in `gaps` and does not fail. Leaves oom_adj of the
  // processes that hold less than `small_kib` to refine(), if that is certain.
  [[nodiscard]] virtual Expected<void> scan(Snapshot& snapshot,
                                            Kib small_kib) = 0;

  // The same for some processes, with oom_adj. `pids` is sorted.
  [[nodiscard]] virtual Expected<void> scan_some(
      Snapshot& snapshot, std::span<const std::int32_t> pids) = 0;

  // Reads the expensive facts of one task of the last scan and makes it kFull.
  // These facts can only lower its score. A task that has vanished loses its
  // mm and is no candidate any more.
  virtual void refine(Snapshot& snapshot, std::uint32_t index) = 0;

  // Appends the processes with a pid in `range` to `listed`, sorted by pid.
  // Very cheap, and cheaper for a short range.
  [[nodiscard]] virtual Expected<void> list(std::vector<ListedProcess>& listed,
                                            const PidRange& range) = 0;

  // The pid that the kernel gave to the newest process or thread (the last
  // field of /proc/loadavg). Pids are given out in ascending order up to
  // pid_max(), then again from the start. None: a stored tree.
  [[nodiscard]] virtual std::optional<std::int32_t> last_pid() = 0;
  [[nodiscard]] virtual std::int32_t pid_max() = 0;

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
