// SPDX-License-Identifier: GPL-2.0-only
// `badnessd history`: the decisions in the journal and in decisions.jsonl.
#pragma once

#include "badnessd/app/config/cli.h"

namespace badnessd {

// Prints what can be read, and returns the exit code: kExitPermission if part
// of it cannot. Needs neither settings nor processes.
[[nodiscard]] int show_history(const Invocation& invocation);

}  // namespace badnessd
