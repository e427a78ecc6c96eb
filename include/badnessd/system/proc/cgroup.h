// SPDX-License-Identifier: GPL-2.0-only
// Control groups of version 2: their memory and their processes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "badnessd/engine/glob.h"
#include "badnessd/engine/trigger.h"
#include "badnessd/system/proc/account_reader.h"
#include "badnessd/system/sys.h"
#include "badnessd/system/worker.h"

namespace badnessd {

// Cgroup paths have the form of /proc/<pid>/cgroup: "/a.slice/b.service".
class CgroupTree {
 public:
  // What is mounted at `root`; null: nothing.
  explicit CgroupTree(const char* root);

  // Whether cgroups of version 2 with the memory controller are mounted.
  [[nodiscard]] bool mounted() const noexcept { return mounted_; }
  // Whether the accounts of all cgroups are here: at the real root, which has
  // no memory.current. The root of a container's cgroup namespace has.
  [[nodiscard]] bool has_accounts();

  // The cgroups that `scope` matches, only the topmost on each path: it covers
  // its descendants. Returns at most kMost. Walks directories and allocates.
  // All walks go level by level and end after 2,048 cgroups and 12 levels: any
  // user can make more (20,000 took 531 ms).
  static constexpr std::size_t kMost = 1024;
  [[nodiscard]] std::vector<std::string> list(const Glob& scope);
  // Whether the last list() left out cgroups: there were too many.
  [[nodiscard]] bool cut() const noexcept { return cut_; }

  // The memory of a cgroup, in the form of `system`. Total: the lowest of the
  // system's total and of memory.max and memory.high here and in all cgroups
  // above. Available: total minus
  // usage, where page cache and reclaimable slab do not count as used: as in
  // `last`, if the kernel does not tell within 20 ms. Swap: the lower of the
  // cgroup's and the system's, with the limits above. The time is the system's.
  [[nodiscard]] Expected<PressureReading> read(
      const std::string& cgroup, const PressureReading& system,
      const std::optional<PressureReading>& last);
  // Whether the kernel has not told it for 10 seconds, see Worker::hangs().
  [[nodiscard]] bool hangs(std::uint64_t now_us) noexcept {
    return reclaimable_.hangs(now_us).has_value();
  }
  // The inode of the cgroup's directory: another one at the same path has
  // another. 0: it is gone.
  [[nodiscard]] std::uint64_t inode(std::string_view cgroup);

  // How often the limit of a cgroup was reached and nothing could be reclaimed:
  // `oom` in memory.events, which the kernel adds up to the topmost cgroups
  // (mm/memcontrol.c: mem_cgroup_oom()). An OOM kill for the memory of the
  // machine does not count there. 0: there are none. Allocates nothing.
  [[nodiscard]] std::uint64_t limit_ooms();

  // Calls visit(pid) for each process in `cgroup` and below it. Does not block:
  // the kernel reads cgroup.procs under a spinlock. Allocates nothing, unless
  // one of them has more processes than any before.
  using Visit = std::function<void(std::int32_t pid)>;
  [[nodiscard]] Expected<void> for_each_process(std::string_view cgroup,
                                                const Visit& visit);

  // The topmost cgroup from `top` (empty: the root) down to `cgroup` that has a
  // memory.oom.group of 1; empty if there is none (mm/memcontrol.c:
  // mem_cgroup_get_oom_group()). The result points into `cgroup`.
  [[nodiscard]] std::string_view oom_group(std::string_view cgroup,
                                           std::string_view top);

 private:
  [[nodiscard]] const char* path_of(std::string_view cgroup,
                                    std::string_view file);
  // Calls see(cgroup) for `top` and below it; it says whether to descend.
  template <class See>
  void walk(std::string_view top, See see);
  // The number in a file; kUnknownKib if it is "max" or unreadable.
  [[nodiscard]] Kib read_kib(std::string_view cgroup, std::string_view file);
  // The least number in this file of the cgroup and all above it.
  [[nodiscard]] Kib least_kib(std::string_view cgroup, std::string_view file);
  [[nodiscard]] Kib limit_kib(std::string_view cgroup);
  // None: the thread does not answer in time.
  [[nodiscard]] std::optional<Kib> reclaimable_kib(std::string_view cgroup);
  void read_swap(std::string_view cgroup, PressureReading& reading);

  std::string root_;
  bool mounted_ = false;
  bool cut_ = false;
  static constexpr std::size_t kRoom = 16UL * 1024;
  // The paths of pods have 200 bytes.
  static constexpr std::size_t kMostWalked = 2048;
  static constexpr std::size_t kScopeRoom = 256UL * 1024;
  Worker<ReclaimableReader> reclaimable_;
  FileReader reader_{kRoom};
  DirectoryReader directory_{kRoom};
  std::string path_;
  // The directories of a walk, each followed by a NUL. A walk ends where it is
  // full.
  std::string queue_;
};

// The cgroup path in the text of /proc/<pid>/cgroup: that of the unified
// hierarchy, else of systemd's own. Empty if there is none.
[[nodiscard]] std::string_view parse_cgroup(std::string_view text) noexcept;

}  // namespace badnessd
