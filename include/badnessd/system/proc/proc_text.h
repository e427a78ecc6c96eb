// SPDX-License-Identifier: GPL-2.0-only
// Parses the texts of /proc/<pid> as proc(5) documents them. Pure functions.
// Each fails with EBADMSG on a text that no kernel writes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "badnessd/engine/task.h"
#include "badnessd/system/sys.h"

namespace badnessd {

// A set of memory nodes, as in `Mems_allowed:` of status; 1024 is the kernel's
// MAX_NUMNODES on the widest architecture.
struct NodeMask {
  std::array<std::uint32_t, 32> words{};  // the lowest nodes first

  [[nodiscard]] bool intersects(const NodeMask& other) const noexcept;
};

// /proc/<pid>/stat. `comm` points into the text and may hold any byte.
struct StatFields {
  std::int32_t pid = 0;
  std::string_view comm;
  char state = '?';
  std::int32_t ppid = 0;
  std::uint32_t flags = 0;
  std::uint64_t minor_faults = 0;
  std::uint64_t utime_ticks = 0;
  std::uint64_t stime_ticks = 0;
  std::int32_t nice = 0;
  std::uint32_t num_threads = 0;
  std::uint64_t start_time_ticks = 0;
  std::uint64_t vsize_bytes = 0;
  Pages rss = 0;
};
[[nodiscard]] Expected<StatFields> parse_stat(std::string_view text);

// The fields of /proc/<pid>/status that badnessd uses. A field is absent if the
// kernel does not have it or if the task has no mm.
struct StatusFields {
  char state = '?';
  std::uint32_t threads = 1;
  std::int32_t ppid = 0;
  std::uint32_t uid = 0;  // real
  std::uint64_t cap_effective = 0;
  std::optional<Kib> rss_anon_kib;   // 4.5 and later
  std::optional<Kib> rss_shmem_kib;  // 4.5 and later
  std::optional<Kib> swap_kib;       // 2.6.34 and later
  Kib page_tables_kib = 0;
  std::optional<NodeMask> mems_allowed;
  // NSpid (4.1 and later) ends in 1 and is not alone: pid_namespaces(7).
  bool pid_ns_init = false;
};
[[nodiscard]] Expected<StatusFields> parse_status(std::string_view text);

// /proc/<pid>/statm: size, resident and shared, in pages.
struct StatmFields {
  Pages size = 0;
  Pages resident = 0;
  Pages shared = 0;

  friend bool operator==(const StatmFields&, const StatmFields&) = default;
};
[[nodiscard]] Expected<StatmFields> parse_statm(std::string_view text);

// The fields of /proc/<pid>/smaps_rollup (4.14 and later) that badnessd uses.
struct SmapsFields {
  Kib anonymous_kib = 0;
  Kib private_dirty_kib = 0;  // mapped by no other process
};
[[nodiscard]] Expected<SmapsFields> parse_smaps_rollup(std::string_view text);

// oom_adj or oom_score_adj: one number within `min`..`max`.
[[nodiscard]] Expected<int> parse_adj(std::string_view text, int min, int max);

// Removes the next pid from a task/<tid>/children list; 0 at its end.
[[nodiscard]] Expected<std::int32_t> next_child(std::string_view& rest);

// The last field of /proc/loadavg: the pid that was given out last.
[[nodiscard]] Expected<std::int32_t> parse_last_pid(std::string_view text);

// The whole seconds of /proc/uptime.
[[nodiscard]] Expected<std::uint64_t> parse_uptime(std::string_view text);

}  // namespace badnessd
