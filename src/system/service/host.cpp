// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/service/host.h"

#include <sys/resource.h>

#include "badnessd/system/kill/killer.h"
#include "badnessd/system/kill/reaper.h"

namespace badnessd {
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

}  // namespace badnessd
