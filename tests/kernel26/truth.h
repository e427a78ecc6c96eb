// SPDX-License-Identifier: GPL-2.0-only
// x_truth worked out: what the processes of a zoo noted about themselves, line
// by line in the order in which it happened, as facts about each task at the
// time of the capture.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "capture.h"

namespace badnessd::kernel26 {

// Gaps about a task that decide its place on its parent's list of children.
struct Origin {
  // It hangs on the parent's leader and not on another thread.
  bool on_leaders_list = true;
  // Equal of two tasks: they share an address space.
  std::int64_t mm = 0;
  // The monotonic start, where stat shows a later one.
  std::optional<std::uint64_t> start_time;
  // When its first entry came onto the list, and as which tid.
  std::uint64_t linked_time = 0;
  std::int32_t linked_tid = 0;
};

// One for each task of the snapshot.
[[nodiscard]] std::vector<Origin> resolve_truth(const Capture& capture);

}  // namespace badnessd::kernel26
