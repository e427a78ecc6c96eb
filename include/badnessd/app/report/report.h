// SPDX-License-Identifier: GPL-2.0-only
// Facts, scores and decisions in words, for the terminal and for the log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "badnessd/app/config/text.h"
#include "badnessd/cycle/cycle.h"
#include "badnessd/engine/policy.h"

namespace badnessd {

[[nodiscard]] std::string_view name_of(Factor factor);
[[nodiscard]] std::string_view name_of(Op op);
[[nodiscard]] std::string_view symbol_of(Op op);
[[nodiscard]] std::string_view name_of(Skip skip);

// "1234 (name)".
[[nodiscard]] std::string task_text(std::int32_t pid, std::string_view name);
[[nodiscard]] std::string task_text(const Task& task);

// The rule that gave the task its oom_adj; empty if none did.
[[nodiscard]] std::string rule_name(const Task& task, const Policy& policy);

// "uid 1000", or that it is unknown.
[[nodiscard]] std::string owner_text(const Task& task);

// "total_vm 983040, / 4 sys_admin = 245760".
[[nodiscard]] std::string ledger_text(const Score& score);

// "took 2.0 MiB of the 1.4 GiB that were lost in 15 s, holds 141 MiB and
// reserves 3.0 GiB".
[[nodiscard]] std::string burden_text(const Task& task,
                                      const Decision& decision);

// How the blame was found, if not by what processes took, and what of the loss
// no kill brings back; a sentence each.
[[nodiscard]] std::vector<std::string> blame_text(const Decision& decision);

// What the victim's death gives back, beside what is needed.
[[nodiscard]] std::string reclaim_text(const Decision& decision);

[[nodiscard]] std::string_view name_of(Blame blame);

// "read /proc/meminfo: Input/output error".
[[nodiscard]] std::string error_text(const Error& error);

// "acts when MemAvailable < 1.0 GiB (5%,1GiB) and …; now 9.2 GiB and …".
// `cgroup` is whose reading it is, empty if the system's. `stalls` is the share
// of the trigger's window that was stalled; where it is not known, the kernel's
// own average stands for it, by name.
[[nodiscard]] std::string trigger_text(
    const Trigger& trigger, std::string_view cgroup,
    const PressureReading& reading,
    const std::optional<PressureHistory::Share>& stalls);

// Memory, swap and pressure stall information in one line.
[[nodiscard]] std::string reading_text(const PressureReading& reading);

// "trigger NAME acts when …": one for the system or for each cgroup that is
// watched; of a scope that no cgroup is in, that it is so.
[[nodiscard]] std::vector<std::string> triggers_text(const Policy& policy,
                                                     const PolicyState& state);

// What the snapshot does not know, a sentence each; "complete" never appears:
// with nothing to say the list is empty.
[[nodiscard]] std::vector<std::string> gaps_text(const Gaps& gaps);

}  // namespace badnessd
