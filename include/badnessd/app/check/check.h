// SPDX-License-Identifier: GPL-2.0-only
// `badnessd check`: the settings in force, the origin of each, the triggers
// with live values, and the features that this machine lacks.
#pragma once

#include <string>
#include <vector>

#include "badnessd/app/config/config.h"
#include "badnessd/app/config/text.h"
#include "badnessd/app/report/fields.h"
#include "badnessd/system/proc/procfs.h"

namespace badnessd {

// The fields of the JSON object.
[[nodiscard]] std::vector<FieldText> check_fields();

struct CheckResult {
  std::string text;   // for the terminal, or one JSON object
  bool clean = true;  // no warnings
};

[[nodiscard]] Expected<CheckResult> check(const LoadedSettings& loaded,
                                          ProcfsSource& source, bool json,
                                          const Style& style);

}  // namespace badnessd
