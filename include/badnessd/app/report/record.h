// SPDX-License-Identifier: GPL-2.0-only
// The complete record of one decision: sentences for people, and one JSON
// object. Both are the same in the log, in --once, in last-kill.json and in the
// journal.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "badnessd/app/report/report.h"
#include "badnessd/cycle/decision.h"
#include "badnessd/engine/policy.h"

namespace badnessd {

// The MESSAGE_ID of journal entries that record decisions of badnessd, and the
// field with the whole record.
inline constexpr std::string_view kDecisionMessageId =
    "b6d2c1f4a3ce4b0e9f1d7a5c88e04f62";
inline constexpr std::string_view kRecordField = "BADNESSD_RECORD";
// In $STATE_DIRECTORY, a record in each line: the history.
inline constexpr std::string_view kDecisionsFile = "decisions.jsonl";

// What was done and to which process, why, what else dies, what the guard
// judged by, where the victim was, and what fired.
[[nodiscard]] std::vector<std::string> decision_sentences(
    const Decision& decision, const Policy& policy);

// Why no process dies although memory is short: the memory is nobody's, and
// innocent processes are spared.
[[nodiscard]] std::vector<std::string> nobody_sentences(
    const Decision& decision, const Policy& policy);
// The same if no process is a candidate, or none gives back enough.
[[nodiscard]] std::string no_candidate_text(const Decision& decision);

// The end of the decision; none while it is pending or if no signal was sent.
[[nodiscard]] std::vector<std::string> ending_sentences(
    const Decision& decision);

// Now, in microseconds since 1970.
[[nodiscard]] Micros wall_clock_us();

// A unique id: the current wall-clock time and the number of the decision.
[[nodiscard]] std::string decision_id(const Decision& decision);

// `id` is empty in an audit.
[[nodiscard]] Json record_json(const Decision& decision, const Policy& policy,
                               const std::string& id);

// NOLINTNEXTLINE(bugprone-exception-escape): moving a Json does not throw
struct PastDecision {
  std::string id;
  std::vector<std::string> row;  // of the table
  std::vector<std::string> sentences;
  Json record;
};

// The decision in a line of decisions.jsonl; none if it is no whole record.
[[nodiscard]] std::optional<PastDecision> parse_record(std::string_view text);

[[nodiscard]] std::string history_table(
    const std::vector<std::vector<std::string>>& rows, const Style& style);

}  // namespace badnessd
