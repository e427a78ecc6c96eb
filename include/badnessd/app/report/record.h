// SPDX-License-Identifier: GPL-2.0-only
// The complete record of one decision: sentences for people, JSON for programs,
// fields for the journal. All three come from the same Decision.
#pragma once

#include <string>
#include <vector>

#include "badnessd/cycle/cycle.h"
#include "badnessd/system/service/journal.h"

namespace badnessd {

// The MESSAGE_ID of journal entries that record decisions of badnessd.
inline constexpr std::string_view kDecisionMessageId =
    "b6d2c1f4a3ce4b0e9f1d7a5c88e04f62";

// A unique id: the current wall-clock time and the number of the decision.
[[nodiscard]] std::string decision_id(const Decision& decision);

// The signalled process and the reason for this choice: a line for the log.
[[nodiscard]] std::string decision_text(const Decision& decision,
                                        const Policy& policy);

// The end of the decision.
[[nodiscard]] std::string ending_text(const Decision& decision);

// "it was in db.service": the systemd unit of the victim, and the cgroup that
// the kernel would have killed; empty if neither is known.
[[nodiscard]] std::string place_text(const Decision& decision);

// The whole record as one line of JSON, without a newline.
[[nodiscard]] std::string record_json(const Decision& decision,
                                      const Policy& policy,
                                      const std::string& id);

}  // namespace badnessd
