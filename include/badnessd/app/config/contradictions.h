// SPDX-License-Identifier: GPL-2.0-only
// Settings that are well-formed and useless.
#pragma once

#include <string>
#include <vector>

#include "badnessd/app/config/settings.h"

namespace badnessd {

// What makes settings useless although each of them is well-formed: a trigger
// that can never fire, one that warns later than the one it should precede, a
// rule that asks for nothing or says nothing. A sentence for each, with the
// trigger or the rule that it is about.
struct Contradiction {
  const void* about = nullptr;  // null: the whole
  std::string sentence;
};
[[nodiscard]] std::vector<Contradiction> contradictions(
    const Settings& settings);

}  // namespace badnessd
