// SPDX-License-Identifier: GPL-2.0-only
// A JSON object as the commands print it. badnessd(8) lists its fields.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "badnessd/app/config/text.h"

namespace badnessd {

using Json = nlohmann::ordered_json;

inline constexpr int kJsonSchema = 1;

[[nodiscard]] inline std::string dumped(const Json& json) {
  return json.dump(2) + "\n";
}

// null if it is empty.
[[nodiscard]] inline Json text_json(std::string_view text) {
  return text.empty() ? Json() : Json(text);
}

}  // namespace badnessd
