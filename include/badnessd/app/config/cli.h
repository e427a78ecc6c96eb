// SPDX-License-Identifier: GPL-2.0-only
// The command line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace badnessd {

enum class Command : std::uint8_t {
  kRun,
  kOnce,
  kScores,
  kExplain,
  kCheck,
  kStatus,
  kHistory
};

struct Invocation {
  Command command = Command::kRun;
  std::optional<std::string> config;
  std::vector<std::string> assignments;
  std::string proc_root = "/proc";
  bool dry_run = false;
  bool json = false;
  std::optional<std::size_t> limit;
  std::string sort = "points";
  std::int32_t pid = 0;
  std::string id;  // history: of one decision; empty: all
};

// `sort_keys` are the values of --sort. The request of the command line; or the
// exit code, after help, the version or an error is printed.
[[nodiscard]] tl::expected<Invocation, int> parse_command_line(
    int argc, const char* const* argv,
    const std::vector<std::string>& sort_keys);

}  // namespace badnessd
