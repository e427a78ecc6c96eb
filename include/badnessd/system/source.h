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
#include "badnessd/system/proc/account_reader.h"
#include "badnessd/system/proc/cgroup.h"
#include "badnessd/system/proc/identity.h"
#include "badnessd/system/proc/pressure.h"
#include "badnessd/system/proc/proc_text.h"
#include "badnessd/system/proc/unshared.h"
#include "badnessd/system/sys.h"

namespace badnessd {

struct PidRange {
  std::int32_t first = 1;
  std::int32_t last = std::numeric_limits<std::int32_t>::max();
};
inline constexpr PidRange kAllPids;

class FactSource : public Port {
 public:
  // The current memory pressure.
  [[nodiscard]] virtual Expected<PressureReading> read_pressure() = 0;

  [[nodiscard]] virtual VmCounters read_vm_counters() = 0;

  // The monotonic time that readings carry.
  [[nodiscard]] virtual Micros now_us() = 0;

  // Sets what `snapshot` says of the whole system: uptime_s, page_size, and
  // `gaps`, which count from here on.
  [[nodiscard]] virtual Expected<void> read_system(Snapshot& snapshot) = 0;

  // Says for which processes read() is called next, once each: that is faster.
  // Those after the first kAhead are ignored.
  static constexpr std::size_t kAhead = 16;
  virtual void read_ahead(std::span<const std::int32_t> pids) = 0;
  // All facts of one process, without its children. If its stat cannot be read
  // in time the start time is TaskId::kUnknown, and the rest what status says.
  [[nodiscard]] virtual Expected<Task> read(std::int32_t pid, Gaps& gaps) = 0;

  // Brings the memory of `task` up to date. `known` is the statm of the last
  // read: equal values mean that nothing has changed but what is in swap, and
  // `swapped` says whether that can have. Returns whether anything was read
  // anew. Reads statm and status, which do not block. Fails if it is gone.
  [[nodiscard]] virtual Expected<bool> read_memory(Task& task,
                                                   StatmFields& known,
                                                   bool swapped) = 0;
  [[nodiscard]] virtual Expected<void> read_oom_adj(Task& task) = 0;

  // Replaces the children of a task, which link_children() has set, by the
  // leader's own list, and finds those that share its mm. A child that is not
  // in the snapshot is left out.
  virtual void read_children(Snapshot& snapshot, std::uint32_t index) = 0;

  // Appends the processes with a pid in `range` to `listed`, sorted by pid.
  // Very cheap, and cheaper for a short range.
  [[nodiscard]] virtual Expected<void> list(std::vector<ListedProcess>& listed,
                                            const PidRange& range) = 0;

  // The pid that the kernel gave to the newest process or thread (the last
  // field of /proc/loadavg). Pids are given out in ascending order up to
  // pid_max(), then again from the start. None: a stored tree.
  [[nodiscard]] virtual std::optional<std::int32_t> last_pid() = 0;
  [[nodiscard]] virtual std::int32_t pid_max() = 0;

  // Whether two processes share one mm (CLONE_VM). False if unknown.
  [[nodiscard]] virtual bool share_mm(const Task& a, const Task& b) = 0;

  // A read that has taken 10 seconds or more, see Worker::hangs().
  [[nodiscard]] virtual HungRead hung_read(Micros now_us) = 0;
};

// All that a cycle reads.
struct Sources {
  FactSource& facts;
  CgroupTree& cgroups;
  IdentitySource& identities;
  Worker<UnsharedReader>& unshared;
  Worker<AccountReader>* accounts = nullptr;  // null: there are none
};

}  // namespace badnessd
