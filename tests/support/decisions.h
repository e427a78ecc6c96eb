// SPDX-License-Identifier: GPL-2.0-only
// Decisions for tests of the reports.
#pragma once

#include <string_view>

#include "badnessd/cycle/decision.h"
#include "badnessd/engine/policy.h"

namespace badnessd::test {

// The default triggers.
[[nodiscard]] Policy default_policy();

// Process 11, called `comm`, was chosen and had a signal: 900 points, the first
// of 2 candidates. It holds 2 GiB, in /system.slice/db.service.
[[nodiscard]] Decision decision_on(std::string_view comm);

// The same after the victim's end.
[[nodiscard]] Decision ended(Decision decision);

// A name of 63 bytes with a newline, an escape sequence, invalid UTF-8, a
// quotation mark and "MESSAGE=".
[[nodiscard]] std::string_view hostile_name();

}  // namespace badnessd::test
