// SPDX-License-Identifier: GPL-2.0-only
// Records of past decisions, read back, and the table that `badnessd history`
// makes of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "badnessd/app/report/object.h"

namespace badnessd {

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
