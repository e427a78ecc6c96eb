// SPDX-License-Identifier: GPL-2.0-only
// A capture: what ProcfsSource sees of the tree, as it sees any /proc, and
// beside it the files x_* in which the recorder noted what /proc does not show.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "badnessd/engine/task.h"
#include "badnessd/system/proc/proc_text.h"
#include "tool.h"

namespace badnessd::kernel26 {

// The process that read the scores, and so stood for the allocating task.
inline constexpr std::int32_t kReaderPid = 1;

struct Thread {
  std::int32_t tid = 0;
  std::uint64_t start_time = 0;
  std::optional<NodeMask> nodes;
};

// What is known of a task besides the engine's own facts.
struct Beside {
  std::vector<Thread> threads;          // live ones, by tid
  std::optional<std::uint64_t> cpu_ns;  // utime + stime, exact
};

struct TruthLine {
  std::string word;
  std::int32_t a = 0;
  std::uint64_t b = 0;

  [[nodiscard]] std::int32_t b_pid() const noexcept {
    return static_cast<std::int32_t>(b);
  }
};

struct Capture {
  std::filesystem::path root;
  std::uint32_t hz = 0;
  Snapshot snapshot;           // by /proc alone
  std::vector<Beside> beside;  // one for each of snapshot.tasks
  std::vector<TruthLine> truth;
};

[[nodiscard]] Result<Capture> read_capture(const std::filesystem::path& root,
                                           std::uint32_t hz);

// The entries of a directory that are numbers, ascending. Empty if there is no
// such directory.
[[nodiscard]] std::vector<std::int32_t> numbers_in(
    const std::filesystem::path& directory);

// Mems_allowed of a status file.
[[nodiscard]] std::optional<NodeMask> read_nodes(
    const std::filesystem::path& status);

}  // namespace badnessd::kernel26
