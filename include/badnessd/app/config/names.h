// SPDX-License-Identifier: GPL-2.0-only
// The names of an enum's values, in its order. A missing name does not compile.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>

namespace badnessd {

// One name for each value up to kLast, the last one of its enum.
template <auto kLast, std::size_t kCount>
[[nodiscard]] constexpr std::array<std::string_view, kCount> names_up_to(
    const std::string_view (&names)[kCount]) {
  static_assert(kCount == static_cast<std::size_t>(kLast) + 1);
  std::array<std::string_view, kCount> array;
  for (std::size_t i = 0; i < kCount; ++i) {
    array[i] = names[i];
  }
  return array;
}

// Specialised for an enum with names: kAll, which names_up_to() makes.
template <class Enum>
struct Names;

template <class Enum>
requires std::is_enum_v<Enum>
[[nodiscard]] constexpr std::string_view name_of(Enum value) {
  return Names<Enum>::kAll[static_cast<std::size_t>(value)];
}

}  // namespace badnessd
