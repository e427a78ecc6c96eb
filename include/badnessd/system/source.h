// SPDX-License-Identifier: GPL-2.0-only
// The source of facts: the /proc of a running kernel, a stored tree, or a test.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "badnessd/engine/task.h"
#include "badnessd/engine/trigger.h"
#include "badnessd/system/proc/proc_text.h"
#include "badnessd/system/proc/worker.h"
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

  // Starts to measure how much of its memory each process shares with no other
  // process. Does not block; the answers can take any time. Requires that the
  // previous questions are answered.
  virtual void measure(std::span<const UnsharedReader::Question> questions) = 0;
  // Returns each answer once; returns none until all are complete.
  [[nodiscard]] virtual std::vector<Unshared> measured() = 0;

  // Starts to read the identity of `processes`. Does not block; the answers can
  // take any time. Requires that the previous questions are answered.
  virtual void identify(std::span<const ListedProcess> processes) = 0;
  // The pid that is being read; 0 if none.
  [[nodiscard]] virtual std::int32_t identifying() = 0;
  // Returns each answer once, after identifying() is 0. Beyond 1 MiB of text
  // answers are missing: the caller asks for them again.
  [[nodiscard]] virtual std::vector<IdentityTexts> identified() = 0;

  // The path of its program. Does not block. Valid until the next call.
  [[nodiscard]] virtual Expected<std::string_view> read_exe(
      std::int32_t pid) = 0;

  // The cgroup of a process. Call it only after the signal: before Linux 6.7 it
  // can wait for a task that changes cgroups, and that task for memory. Valid
  // until the next call.
  [[nodiscard]] virtual Expected<std::string_view> read_cgroup_of(
      std::int32_t pid) = 0;

  // See CgroupTree.
  [[nodiscard]] virtual std::vector<std::string> list_cgroups(
      const Glob& scope) = 0;
  [[nodiscard]] virtual Expected<PressureReading> read_cgroup(
      const std::string& cgroup, const PressureReading& system) = 0;
  [[nodiscard]] virtual std::string_view oom_group(std::string_view cgroup,
                                                   std::string_view top) = 0;
  // Sets in_scope of every task of the last scan: true if the task is in
  // `cgroup` or below it.
  virtual void mark_cgroup(std::string_view cgroup, Snapshot& snapshot) = 0;
};

}  // namespace badnessd
