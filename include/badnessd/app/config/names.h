// SPDX-License-Identifier: GPL-2.0-only
// The names of an enum's values, in its order. A missing name does not compile.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>

namespace badnessd {

template <class Enum, std::size_t kCount>
struct NameTable : std::array<std::string_view, kCount> {
  using std::array<std::string_view, kCount>::operator[];
  [[nodiscard]] constexpr std::string_view operator[](Enum value) const {
    return this->at(static_cast<std::size_t>(value));
  }
};

// One name for each value up to kLast, the last one of its enum.
template <auto kLast, std::size_t kCount>
[[nodiscard]] constexpr NameTable<decltype(kLast), kCount> names_up_to(
    const std::string_view (&names)[kCount]) {
  static_assert(kCount == static_cast<std::size_t>(kLast) + 1);
  return {std::to_array(names)};
}

// Specialised for an enum with names: kAll, which names_up_to() makes.
template <class Enum>
struct Names;

template <class Enum>
requires std::is_enum_v<Enum>
[[nodiscard]] constexpr std::string_view name_of(Enum value) {
  return Names<Enum>::kAll[value];
}

}  // namespace badnessd
