// SPDX-License-Identifier: GPL-2.0-only
// One decision, written down whole: as sentences for people, as JSON for
// machines, as fields for the journal. All three are made from the Decision and
// say the same.
#pragma once

#include <string>
#include <vector>

#include "badnessd/cycle/cycle.h"
#include "badnessd/system/service/journal.h"

namespace badnessd {

// Entries of the journal that are decisions of badnessd have this MESSAGE_ID.
inline constexpr std::string_view kDecisionMessageId =
    "b6d2c1f4a3ce4b0e9f1d7a5c88e04f62";

// Unique among all decisions: from the wall clock at its making and its number.
[[nodiscard]] std::string decision_id(const Decision& decision);

// Who was signalled, and why that one: a line for the log.
[[nodiscard]] std::string decision_text(const Decision& decision,
                                        const Policy& policy);

// How it ended.
[[nodiscard]] std::string ending_text(const Decision& decision);

// "it was in db.service": the unit of systemd that the victim was in, and which
// cgroup the kernel would have killed; empty if neither is known.
[[nodiscard]] std::string place_text(const Decision& decision);

// The whole record as one line of JSON, without a newline.
[[nodiscard]] std::string record_json(const Decision& decision,
                                      const Policy& policy,
                                      const std::string& id);

}  // namespace badnessd
