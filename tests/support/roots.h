// SPDX-License-Identifier: GPL-2.0-only
// Opening and scanning a stored /proc where a test takes for granted that it
// works.
#pragma once

#include <memory>
#include <string>

#include "badnessd/engine/task.h"
#include "badnessd/system/proc/procfs.h"

namespace badnessd::test {

// Throws std::runtime_error where it cannot be opened or scanned.
[[nodiscard]] std::unique_ptr<ProcfsSource> open_root(
    const std::string& root, ProcfsOptions options = {});
// All facts of all processes, with the verdicts on the facts alone, as 2.6.32
// sees them.
[[nodiscard]] Snapshot scan_of(FactSource& source);

}  // namespace badnessd::test
