// SPDX-License-Identifier: GPL-2.0-only
// Formats facts, scores and decisions for the terminal and for the log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "badnessd/app/config/text.h"
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

// The rule that gave the task its oom_adj; empty if none did.
[[nodiscard]] std::string rule_name(const Verdict& verdict,
                                    const Policy& policy);

// "uid 1000", or a text for an unknown uid.
[[nodiscard]] std::string owner_text(const Task& task);

// "total_vm 983040, / 4 sys_admin = 245760".
[[nodiscard]] std::string ledger_text(const Score& score);

// "took 2.0 MiB of the 1.4 GiB that were lost in 15 s, holds 141 MiB and
// reserves 3.0 GiB".
[[nodiscard]] std::string burden_text(const JudgedTask& it,
                                      const Decision& decision);

// The basis of the blame, if it is not what each process took, and the part of
// the loss that no kill brings back; a sentence each.
[[nodiscard]] std::vector<std::string> blame_text(const Decision& decision);

// The memory that the victim's death gives back, and the needed memory.
[[nodiscard]] std::string reclaim_text(const Decision& decision);

[[nodiscard]] std::string_view name_of(Blame blame);

// "read /proc/meminfo: Input/output error".
[[nodiscard]] std::string error_text(const Error& error);

// Memory, swap and pressure stall information in one line.
[[nodiscard]] std::string reading_text(const PressureReading& reading);

// The facts that the snapshot lacks, a sentence each. Empty if the snapshot is
// complete.
[[nodiscard]] std::vector<std::string> gaps_text(const Gaps& gaps);

}  // namespace badnessd
