// SPDX-License-Identifier: GPL-2.0-only
// How much of its memory a process shares with no other process.
#pragma once

#include <cstddef>
#include <cstdint>

#include "badnessd/engine/task.h"
#include "badnessd/system/sys.h"
#include "badnessd/system/worker.h"

namespace badnessd {

// The anonymous memory that a process shares with no other process. Valid until
// the process forks.
struct Unshared {
  TaskId id{};  // pid 0: unknown, or little has changed
  Kib anonymous_kib = 0;
  Kib unshared_kib = 0;  // a part of it
  // Minor faults since its start, times the page size; and those of its parent:
  // a parent that writes copies, and leaves the child the old pages.
  Kib faulted_kib = 0;
  Kib parent_faulted_kib = 0;
  std::uint64_t cost_us = 0;  // of the read

  [[nodiscard]] static constexpr std::size_t size() noexcept { return 0; }
};

class UnsharedReader {
 public:
  struct Question {
    std::int32_t pid = 0;
    Kib faulted_kib = 0;  // at the last read, with the parent's
  };
  using Answer = Unshared;
  // Uses a copy of `proc_root`, a descriptor of /proc.
  explicit UnsharedReader(int proc_root) : proc_root_(copy_of(proc_root)) {}
  // Each copied page costs one of the two a fault. smaps_rollup walks all
  // pages, so it is read only after 2 MiB of new faults.
  [[nodiscard]] Answer read(const Question& question);
  [[nodiscard]] static Answer unknown(const Question& /*question*/) {
    return {};
  }

 private:
  UniqueFd proc_root_;
  FileReader reader_;
  PidPath path_;
};

}  // namespace badnessd
