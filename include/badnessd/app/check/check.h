// SPDX-License-Identifier: GPL-2.0-only
// `badnessd check`: the settings as they are in force, where each comes from,
// the triggers with live values, and what this machine lacks.
#pragma once

#include "badnessd/app/config/config.h"
#include "badnessd/app/config/text.h"
#include "badnessd/system/proc/procfs.h"

namespace badnessd {

struct CheckResult {
  std::string text;   // for the terminal, or one JSON object
  bool clean = true;  // nothing to warn of
};

[[nodiscard]] Expected<CheckResult> check(const LoadedSettings& loaded,
                                          ProcfsSource& source, bool json,
                                          const Style& style);

}  // namespace badnessd
