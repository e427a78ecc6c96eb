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

#include "badnessd/app/report/fields.h"
#include "badnessd/cycle/cycle.h"
#include "badnessd/engine/oom_domain.h"

namespace badnessd {

[[nodiscard]] std::string_view name_of(Factor factor);
[[nodiscard]] std::string_view name_of(Op op);
[[nodiscard]] std::string_view symbol_of(Op op);
[[nodiscard]] std::string_view name_of(Skip skip);

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

// "acts when MemAvailable < 1.0 GiB (5%,1GiB) and …; now 9.2 GiB and …".
// `reading` is that of `cgroup`, or of the system if `cgroup` is empty.
// `stalls` is the stalled share of the trigger's window. If it is unknown, the
// text shows the kernel's average with its name, e.g. avg10.
[[nodiscard]] std::string trigger_text(
    const Trigger& trigger, std::string_view cgroup,
    const PressureReading& reading,
    const std::optional<PressureHistory::Share>& stalls);

// Memory, swap and pressure stall information in one line.
[[nodiscard]] std::string reading_text(const PressureReading& reading);

// "NAME acts when …": one line for the system or for each watched cgroup; for a
// scope without cgroups a line that says so.
[[nodiscard]] std::vector<std::string> triggers_text(const Policy& policy,
                                                     const OomDomains& domains);

// A sentence for each fact that the snapshot lacks; empty if it is complete.
[[nodiscard]] std::vector<std::string> gaps_text(const Gaps& gaps);
// All flags and counts, and the sentences.
[[nodiscard]] Json gaps_json(const Gaps& gaps);

}  // namespace badnessd
