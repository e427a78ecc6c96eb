// SPDX-License-Identifier: GPL-2.0-only
// Control groups: whose memory is short, who is in them. Version 2, or the
// memory controller of version 1 where that is mounted (hybrid hosts).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "badnessd/engine/glob.h"
#include "badnessd/engine/trigger.h"
#include "badnessd/system/sys.h"

namespace badnessd {

// Paths of cgroups are as /proc/<pid>/cgroup has them, "/a.slice/b.service".
class CgroupTree {
 public:
  enum class Version : std::uint8_t { kNone, kV1, kV2 };

  // What is mounted at `root`; null: nothing.
  explicit CgroupTree(const char* root);

  [[nodiscard]] Version version() const noexcept { return version_; }

  // The cgroups that `scope` matches, the first on each path: what is below one
  // belongs to it. At most kMost. Looks through directories and allocates.
  static constexpr std::size_t kMost = 1024;
  [[nodiscard]] std::vector<std::string> list(const Glob& scope);

  // The memory of a cgroup in the form of the system's, `system`: the total is
  // the lower of memory.max and memory.high, else the system's; available is
  // what that leaves, with page cache and slab that can go; swap is what both
  // its own limit and the system leave. The time is the system's.
  [[nodiscard]] Expected<PressureReading> read(const std::string& cgroup,
                                               const PressureReading& system);
  // Whether it has a limit of its own, memory.max or memory.high.
  [[nodiscard]] bool limited(const std::string& cgroup);

  // Calls visit(pid) for each process in `cgroup` and below it. cgroup.procs is
  // read under a spinlock and waits for nobody. Allocates nothing once it has
  // seen as large a tree.
  using Visit = std::function<void(std::int32_t pid)>;
  [[nodiscard]] Expected<void> for_each_process(std::string_view cgroup,
                                                const Visit& visit);

  // The one highest up the path from `cgroup` to `top` (empty: the root) that
  // has a memory.oom.group of 1, empty if there is none (mm/memcontrol.c:
  // mem_cgroup_get_oom_group()). A part of `cgroup`.
  [[nodiscard]] std::string_view oom_group(std::string_view cgroup,
                                           std::string_view top);

 private:
  struct Files;  // their names in one version
  [[nodiscard]] const Files& files() const noexcept;
  [[nodiscard]] const char* path_of(std::string_view cgroup,
                                    std::string_view file);
  // The number that a file holds; kUnknownKib for "max" or what cannot be read.
  [[nodiscard]] Kib read_kib(std::string_view cgroup, std::string_view file);
  [[nodiscard]] Kib limit_kib(std::string_view cgroup);
  [[nodiscard]] Kib reclaimable_kib(std::string_view cgroup);
  void read_swap(std::string_view cgroup, PressureReading& reading);

  std::string root_;
  Version version_ = Version::kNone;
  // memory.stat is the largest of its files, a list of processes apart.
  static constexpr std::size_t kRoom = 16UL * 1024;
  FileReader reader_{kRoom};
  DirectoryReader directory_{kRoom};
  std::string path_;
  std::string queue_;  // of directories, each with a NUL behind it
};

// The number that a file of a cgroup holds; none if it is not there, or "max".
[[nodiscard]] std::optional<std::uint64_t> read_number(FileReader& reader,
                                                       const char* path);

// The path of a cgroup as /proc/<pid>/cgroup tells it: the unified hierarchy's,
// else systemd's own, else that of the memory controller. Empty if there is
// none.
[[nodiscard]] std::string_view parse_cgroup(std::string_view text) noexcept;

}  // namespace badnessd
