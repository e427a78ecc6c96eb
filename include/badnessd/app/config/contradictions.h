// SPDX-License-Identifier: GPL-2.0-only
// Finds settings that are well-formed but useless.
#pragma once

#include <string>
#include <vector>

#include "badnessd/app/config/settings.h"

namespace badnessd {

// A reason why well-formed settings are useless: a trigger that can never fire,
// a rule without conditions or without effect. Holds a sentence and the trigger
// or the rule.
struct Contradiction {
  const void* about = nullptr;  // null: the settings as a whole
  std::string sentence;
};
[[nodiscard]] std::vector<Contradiction> contradictions(
    const Settings& settings);

}  // namespace badnessd
