// SPDX-License-Identifier: GPL-2.0-only
// What the fuzz targets have in common. A target is fuzz_one(): it parses the
// text and requires what holds of every result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace badnessd::fuzz {

void fuzz_one(std::string_view text);

// Ends the run; libFuzzer then keeps the text.
inline void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

// Whether `part` lies within `whole`, which it was taken from.
[[nodiscard]] inline bool inside(std::string_view part,
                                 std::string_view whole) {
  return part.data() >= whole.data() &&
         part.data() + part.size() <= whole.data() + whole.size();
}

}  // namespace badnessd::fuzz
