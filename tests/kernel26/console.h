// SPDX-License-Identifier: GPL-2.0-only
// The guest's console log as far as it tells of out-of-memory kills: for each
// the kernel's dump of all tasks, the chosen process and its score, the
// killed process; and what the recorder wrote about the memory hogs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "badnessd/engine/task.h"
#include "badnessd/system/proc/proc_text.h"

namespace badnessd::kernel26 {

// mm/oom_kill.c: dump_tasks(). Every leader that has an mm.
struct DumpRow {
  std::int32_t pid = 0;
  std::uint32_t uid = 0;
  Pages total_vm = 0;
  Pages rss = 0;
  std::int32_t oom_adj = 0;
  std::string name;
};

struct Kill {
  std::vector<DumpRow> dump;
  std::optional<NodeMask> allocator_nodes;
  std::int32_t chosen = 0;
  std::string chosen_name;
  Points score = 0;
  std::int32_t killed = 0;  // a process, or a thread of a child
};

struct HogNote {
  std::int32_t pid = 0;
  std::uint64_t lifetime_s = 0;  // rounded up; 0: the log does not say
};

struct Console {
  std::vector<Kill> kills;
  std::vector<HogNote> hogs;
  std::optional<std::uint64_t> captured_s;  // uptimes, in whole seconds
  std::optional<std::uint64_t> done_s;
};

// Kills before the capture was taken are left out.
[[nodiscard]] Console parse_console(std::string_view log);

}  // namespace badnessd::kernel26
