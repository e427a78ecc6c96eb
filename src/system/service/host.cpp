// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/service/host.h"

#include <sys/resource.h>

#include <filesystem>
#include <system_error>

#include "badnessd/system/kill/killer.h"
#include "badnessd/system/kill/reaper.h"
#include "badnessd/system/proc/cgroup.h"

namespace badnessd {
namespace {

namespace fs = std::filesystem;

struct CgroupMemory {
  std::uint64_t bytes = 0;
  std::uint64_t unswappable_bytes = 0;
};

// Adds up the cgroups directly below `directory`. Descends into a cgroup unless
// its memory.swap.max is 0. Kubernetes has five levels.
// NOLINTNEXTLINE(misc-no-recursion): no deeper than `levels`
void add_below(const fs::path& directory, int levels, FileReader& reader,
               CgroupMemory& sum) {
  std::error_code error;
  for (fs::directory_iterator it(directory, error);
       !error && it != fs::directory_iterator(); it.increment(error)) {
    const fs::path& cgroup = it->path();
    const auto bytes = read_number(reader, (cgroup / "memory.current").c_str());
    if (!bytes) {
      continue;
    }
    if (read_number(reader, (cgroup / "memory.swap.max").c_str()) == 0U) {
      sum.bytes += *bytes;
      sum.unswappable_bytes += *bytes;
      continue;
    }
    CgroupMemory below;
    if (levels > 1) {
      add_below(cgroup, levels - 1, reader, below);
    }
    sum.bytes += std::max(*bytes, below.bytes);
    sum.unswappable_bytes += below.unswappable_bytes;
  }
}

}  // namespace

HostFacts read_host(int proc_root) {
  FileReader reader;
  HostFacts facts;
  facts.process_mrelease = Reaper::available();
  facts.pidfd = PidfdKiller::available();
  rlimit memlock{};
  facts.memlock_unlimited = ::getrlimit(RLIMIT_MEMLOCK, &memlock) == 0 &&
                            memlock.rlim_cur == RLIM_INFINITY;
  const auto overcommit = reader.read(proc_root, "sys/vm/overcommit_memory");
  facts.strict_overcommit = overcommit && overcommit->starts_with('2');
  return facts;
}

bool swap_usable(const char* root) {
  constexpr int kLevels = 5;
  FileReader reader;
  CgroupMemory sum;
  add_below(root, kLevels, reader, sum);
  return sum.bytes == 0 || sum.unswappable_bytes < sum.bytes / 10 * 9;
}

}  // namespace badnessd
