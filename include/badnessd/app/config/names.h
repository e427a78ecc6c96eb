// SPDX-License-Identifier: GPL-2.0-only
// The names of an enum's values, in its order. A missing name does not compile.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace badnessd {

template <class Enum, std::size_t kCount>
struct Names : std::array<std::string_view, kCount> {
  using std::array<std::string_view, kCount>::operator[];
  [[nodiscard]] constexpr std::string_view operator[](Enum value) const {
    return this->at(static_cast<std::size_t>(value));
  }
};

// One name for each value up to kLast, the last one of its enum.
template <auto kLast, std::size_t kCount>
[[nodiscard]] constexpr Names<decltype(kLast), kCount> names_up_to(
    const std::string_view (&names)[kCount]) {
  static_assert(kCount == static_cast<std::size_t>(kLast) + 1);
  return {std::to_array(names)};
}

}  // namespace badnessd
