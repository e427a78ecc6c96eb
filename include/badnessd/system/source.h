// SPDX-License-Identifier: GPL-2.0-only
// The port through which facts come in: from a running kernel's /proc, from a
// stored tree, or from a test.
#pragma once

#include <cstdint>
#include <optional>

#include "badnessd/engine/task.h"
#include "badnessd/engine/trigger.h"
#include "badnessd/system/sys.h"

namespace badnessd {

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
};

}  // namespace badnessd
