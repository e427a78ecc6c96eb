// SPDX-License-Identifier: GPL-2.0-only
// The port through which facts come in: from a running kernel's /proc, from a
// stored tree, or from a test.
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

// What a note reads of one process.
struct HeldFacts {
  TaskId id{};              // pid 0: not read yet
  std::int32_t ppid = 0;    // when it was first read
  std::uint32_t flags = 0;  // then, too
  StatmFields statm{};      // by which it is seen that nothing has changed
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

  // How short memory is now.
  [[nodiscard]] virtual Expected<PressureReading> read_pressure() = 0;

  // The number of the kernel's own OOM kills since boot; none before 4.13.
  [[nodiscard]] virtual std::optional<std::uint64_t> read_oom_kills() = 0;

  // The monotonic clock that readings carry.
  [[nodiscard]] virtual Micros now_us() = 0;

  // Replaces `snapshot` by every process with its cheap facts. Reuses its
  // memory: a scan of no more processes than before allocates nothing. What
  // could not be read of single processes is counted in facts, not an error.
  [[nodiscard]] virtual Expected<void> scan(Snapshot& snapshot) = 0;

  // Reads what is dearer of one task of the last scan and makes it kFull. All
  // that this adds can only lower its score. One that has vanished loses its
  // mm, and with it its candidacy.
  virtual void refine(Snapshot& snapshot, std::uint32_t index) = 0;

  // Replaces `listed` by all processes, by pid. Costs next to nothing.
  [[nodiscard]] virtual Expected<void> list(
      std::vector<ListedProcess>& listed) = 0;

  // What `pid` holds, given what was read of the same process before. Waits for
  // no process: reads statm, and status only if statm has changed and swap or
  // much shared memory is in use.
  [[nodiscard]] virtual Expected<HeldFacts> read_held(
      std::int32_t pid, const HeldFacts& known) = 0;

  // Whether two processes share one mm (CLONE_VM). Not, if it is not known.
  [[nodiscard]] virtual bool share_mm(const Task& a, const Task& b) = 0;

  // Begins to find out how much of their memory these have in common with no
  // other process, which may take as long as it likes and keeps nobody waiting.
  // Only after what was asked before was answered.
  virtual void measure(std::span<const UnsharedReader::Question> questions) = 0;
  // The answers, once each; none as long as they are not all there.
  [[nodiscard]] virtual std::vector<Unshared> measured() = 0;

  // Begins to find out who these are, which may take as long as it likes and
  // keeps nobody waiting. Only after what was asked before was answered.
  virtual void identify(std::span<const ListedProcess> processes) = 0;
  // Whom it is still at; 0: nobody.
  [[nodiscard]] virtual std::int32_t identifying() = 0;
  // The answers, when it is at nobody any more; each once. Of large ones not
  // all may come: they are to be asked for again.
  [[nodiscard]] virtual std::vector<IdentityTexts> identified() = 0;

  // The path of its program; waits for nobody. Valid until the next call.
  [[nodiscard]] virtual Expected<std::string_view> read_exe(
      std::int32_t pid) = 0;

  // The cgroup of a process, once it has its signal: it can wait for whoever
  // changes cgroups (before Linux 6.7), and such a one for memory. Valid until
  // the next call.
  [[nodiscard]] virtual Expected<std::string_view> read_cgroup_of(
      std::int32_t pid) = 0;

  // What CgroupTree has of the same name.
  [[nodiscard]] virtual std::vector<std::string> list_cgroups(
      const Glob& scope) = 0;
  [[nodiscard]] virtual Expected<PressureReading> read_cgroup(
      const std::string& cgroup, const PressureReading& system) = 0;
  [[nodiscard]] virtual std::string_view oom_group(std::string_view cgroup,
                                                   std::string_view top) = 0;
  // Sets in_scope of every task of the last scan: whether it is in `cgroup` or
  // below.
  virtual void mark_cgroup(std::string_view cgroup, Snapshot& snapshot) = 0;
};

}  // namespace badnessd
