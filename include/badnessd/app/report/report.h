// SPDX-License-Identifier: GPL-2.0-only
// Facts, scores, triggers and audits as text for the terminal and the log, and
// as JSON: one object. badnessd(8) lists its fields. `schema` increases when a
// field changes its meaning or disappears, not when a field is added. Points
// are exact 64-bit integers. Text from processes is escaped() in both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "badnessd/app/config/text.h"
#include "badnessd/cycle/cycle.h"

namespace badnessd {

using Json = nlohmann::ordered_json;

inline constexpr int kJsonSchema = 1;

[[nodiscard]] inline std::string dumped(const Json& json) {
  return json.dump(2) + "\n";
}

// null if it is empty.
[[nodiscard]] inline Json text_json(std::string_view text) {
  return text.empty() ? Json() : Json(text);
}

// make(*it); null: there is none.
template <class T, class Make>
[[nodiscard]] Json optional_json(const std::optional<T>& it, Make make) {
  return it ? Json(make(*it)) : Json();
}

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
[[nodiscard]] Json gaps_json(const Gaps& gaps);

// "acts when MemAvailable < 1.0 GiB (5%,1GiB) and …; now 9.2 GiB and …".
// `reading` is that of `cgroup`, or of the system if `cgroup` is empty.
// `stalls` is the stalled share of the trigger's window. If it is unknown, the
// text shows the kernel's average with its name, e.g. avg10.
[[nodiscard]] std::string trigger_text(
    const Trigger& trigger, std::string_view cgroup,
    const PressureReading& reading,
    const std::optional<PressureHistory::Share>& stalls);

// The same with the last reading of `domain`, which must have one.
[[nodiscard]] std::string trigger_text(const Trigger& trigger,
                                       const OomDomain& domain);

// "NAME acts when …": one line for the system or for each watched cgroup; for a
// scope without cgroups a line that says so.
[[nodiscard]] std::vector<std::string> triggers_text(const Policy& policy,
                                                     const OomDomains& domains);

// Readings, triggers, facts, candidates, and the sentences of the decision.
[[nodiscard]] std::string once_text(const CycleResult& result,
                                    const CycleState& state,
                                    const Policy& policy, const Style& style);

[[nodiscard]] Json once_json(const CycleResult& result, const CycleState& state,
                             const Policy& policy);

// The snapshot and the tasks at the indices in `order`, in this order.
[[nodiscard]] Json report_json(const Snapshot& snapshot,
                               const std::vector<std::uint32_t>& order,
                               const Policy& policy);

[[nodiscard]] Json steps_json(const Score& score);
// A sentence for each trigger; for a trigger with a scope one for each cgroup.
// `decision` tells which trigger fires.
[[nodiscard]] Json triggers_json(const Policy& policy,
                                 const OomDomains& domains,
                                 const Decision& decision);
[[nodiscard]] Json pressure_json(const PressureReading& reading);

}  // namespace badnessd
