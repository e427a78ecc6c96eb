// SPDX-License-Identifier: GPL-2.0-only
// `badnessd status`: what the running daemon has written about itself.
#pragma once

#include "badnessd/app/config/cli.h"

namespace badnessd {

// Prints the status and returns the exit code: Health, or kExitPermission.
// Needs neither settings nor processes.
[[nodiscard]] int show_status(const Invocation& invocation);

}  // namespace badnessd
