// SPDX-License-Identifier: GPL-2.0-only
// Formats facts and scores for the terminal and for the log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "badnessd/app/config/names.h"
#include "badnessd/app/config/text.h"
#include "badnessd/cycle/cycle.h"
#include "badnessd/engine/oom_domain.h"

namespace badnessd {

template <>
struct Names<Factor> {
  static constexpr auto kAll = names_up_to<Factor::kOomAdj>(
      {"oom_disable", "no_mm", "total_vm", "rss+swap", "oom_origin", "children",
       "cpu_time", "run_time", "nice", "sys_admin", "sys_rawio", "mems_allowed",
       "oom_adj"});
};
template <>
struct Names<Op> {
  static constexpr auto kAll =
      names_up_to<Op::kShiftRight>({"set", "add", "multiply", "divide",
                                    "at_least", "shift_left", "shift_right"});
};
template <>
struct Names<Skip> {
  static constexpr auto kAll =
      names_up_to<Skip::kOutOfScope>({"", "no memory", "init", "oom_adj -17",
                                      "badnessd", "set aside", "out of scope"});
};

[[nodiscard]] std::string_view symbol_of(Op op);

// "1234 (name)".
[[nodiscard]] std::string task_text(std::int32_t pid, std::string_view name);
[[nodiscard]] std::string task_text(const Task& task);

// "1 (init), 7 (sshd) and 3 more": at most five of `count` tasks by name.
[[nodiscard]] std::string tasks_text(const Snapshot& snapshot,
                                     std::span<const std::uint32_t> tasks,
                                     std::size_t count);

// The rule that gave the task its oom_adj; empty if none did.
[[nodiscard]] std::string rule_name(const Verdict& verdict,
                                    const Policy& policy);

// "uid 1000", or a text for an unknown uid.
[[nodiscard]] std::string owner_text(const Task& task);

// "total_vm 983040, / 4 sys_admin = 245760".
[[nodiscard]] std::string ledger_text(const Score& score);

// "read /proc/meminfo: Input/output error".
[[nodiscard]] std::string error_text(const Error& error);

// Memory, swap and pressure stall information in one line.
[[nodiscard]] std::string reading_text(const PressureReading& reading);

// The same of `last`, and how old it is: a daemon that cannot read must not
// seem to know. None: never read.
[[nodiscard]] std::string memory_text(
    const std::optional<PressureReading>& last, Micros now_us);

// A sentence for each fact that the snapshot lacks; empty if it is complete.
[[nodiscard]] std::vector<std::string> gaps_text(const Gaps& gaps);
// All flags and counts, and the sentences.
[[nodiscard]] nlohmann::ordered_json gaps_json(const Gaps& gaps);

}  // namespace badnessd
