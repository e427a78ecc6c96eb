// SPDX-License-Identifier: GPL-2.0-only
// `badnessd check`: the settings in force, the origin of each, the triggers
// with live values, and the features that this machine lacks.
#pragma once

#include <string>

#include "badnessd/app/config/config.h"
#include "badnessd/app/config/text.h"
#include "badnessd/system/proc/procfs.h"

namespace badnessd {

struct CheckResult {
  std::string text;   // for the terminal
  bool clean = true;  // no warnings
};

[[nodiscard]] Expected<CheckResult> check(const LoadedSettings& loaded,
                                          ProcfsSource& source,
                                          const Style& style);

}  // namespace badnessd
