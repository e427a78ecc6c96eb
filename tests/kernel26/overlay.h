// SPDX-License-Identifier: GPL-2.0-only
// The snapshot of a capture with the recorder's facts in place of the stand-ins
// that /proc leaves.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "capture.h"
#include "truth.h"

namespace badnessd::kernel26 {

// Which of the recorder's facts to put in place: a bit each.
enum Fact : std::uint32_t {
  kCpuClock = 1,
  kForker = 2,
  kSharedMm = 4,
  kStartTime = 8,
};
inline constexpr std::uint32_t kNoFacts = 0;
inline constexpr std::uint32_t kAllFacts = 15;

// What each fact says where it explains a miss.
struct Cause {
  Fact fact;
  std::string_view text;
};
inline constexpr Cause kCauses[] = {
    {kCpuClock, "CPU time is scaled in stat"},
    {kForker, "a child was forked by another thread"},
    {kSharedMm, "a child shares its parent's address space"},
    {kStartTime, "start time moved by an exec of a thread"},
};

// The circumstances in which the kernel was asked.
struct Moment {
  std::uint64_t uptime_s = 0;
  // The reader's own clock then, as it is the one that does not sleep.
  std::optional<std::uint64_t> reader_cpu_ns;
  // The reader's nodes, where they are not those of its status.
  std::optional<NodeMask> reader_nodes;
};

[[nodiscard]] Snapshot overlaid(const Capture& capture,
                                const std::vector<Origin>& origins,
                                std::uint32_t facts, const Moment& moment);

// Whether a task may use one of `nodes`.
[[nodiscard]] bool nodes_intersect(const Beside& beside, const NodeMask& nodes);

}  // namespace badnessd::kernel26
