// SPDX-License-Identifier: GPL-2.0-only
#include "roots.h"

#include <cstdint>
#include <stdexcept>
#include <utility>

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
  if (const auto scanned = source.scan(snapshot, 0); !scanned) {
    throw std::runtime_error(std::string("cannot scan: ") +
                             scanned.error().what);
  }
  begin_verdicts(snapshot, Threads::kLeader);
  return snapshot;
}

Snapshot refined(FactSource& source) {
  Snapshot snapshot = scan_of(source);
  for (std::uint32_t i = 0; i < snapshot.tasks.size(); ++i) {
    source.refine(snapshot, i);
  }
  return snapshot;
}

}  // namespace badnessd::test
