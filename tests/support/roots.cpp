// SPDX-License-Identifier: GPL-2.0-only
#include "roots.h"

#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

namespace badnessd::test {

std::unique_ptr<ProcfsSource> open_root(const std::string& root,
                                        ProcfsOptions options) {
  auto source = ProcfsSource::open(root.c_str(), options);
  if (!source) {
    throw std::runtime_error("cannot open " + root + ": " +
                             source.error().what);
  }
  return std::move(*source);
}

Snapshot scan_of(FactSource& source) {
  Snapshot snapshot;
  std::vector<ListedProcess> listed;
  if (!source.read_system(snapshot) || !source.list(listed, kAllPids)) {
    throw std::runtime_error("cannot read the processes");
  }
  for (const ListedProcess& process : listed) {
    if (const auto task = source.read(process.pid, snapshot.gaps)) {
      snapshot.tasks.push_back(*task);
    }
  }
  link_children(snapshot);
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    if (snapshot.tasks[i].child_count != 0) {
      source.read_children(snapshot, i);
    }
  }
  begin_verdicts(snapshot, Threads::kLeader);
  return snapshot;
}

}  // namespace badnessd::test
