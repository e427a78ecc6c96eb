// SPDX-License-Identifier: GPL-2.0-only
// Formats text for the user: units, names, escaping of foreign text, tables.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "badnessd/engine/task.h"

namespace badnessd {

// Text from a process or a file, safe to print. Invalid UTF-8 and control,
// invisible and direction characters become \xNN; a backslash is doubled.
[[nodiscard]] std::string escaped(std::string_view text);

// "0", "512 KiB", "1.2 MiB", "300 GiB": one decimal below a hundred.
[[nodiscard]] std::string size_text(Kib kib);

// Hundredths of a percent as "5", "2.5" or "0.25" and the suffix.
[[nodiscard]] std::string percent_text(std::uint64_t basis_points,
                                       std::string_view suffix = " %");

// "14 s", "3 min", "5 h 02 min", "12 d 03 h".
[[nodiscard]] std::string duration_text(std::uint64_t seconds);

// "1 process", "7 processes".
[[nodiscard]] std::string count_text(std::uint64_t count, std::string_view one,
                                     std::string_view many);

// The items of a comma-separated list, without surrounding blanks.
[[nodiscard]] std::vector<std::string_view> split_list(std::string_view text);

// `text` in lines of at most 80 columns that begin with `prefix`.
[[nodiscard]] std::string wrapped(std::string_view text,
                                  std::string_view prefix);

// A label and its lines; the first line is beside the label.
[[nodiscard]] std::string section(std::string_view label,
                                  const std::vector<std::string>& lines);

struct Style {
  bool colour = false;
  std::size_t width = 0;  // of the terminal; 0: not a terminal, no limit
};

// The style for standard output. Respects NO_COLOR and the width of the
// terminal.
[[nodiscard]] Style stdout_style();

struct TableColumn {
  std::string header;
  bool left = false;  // for text; numbers are right-aligned
};

// Renders aligned rows below their headers. A row has a cell for each column.
// Cuts the last column at style.width. Prints no trailing blanks.
[[nodiscard]] std::string render_table(
    const std::vector<TableColumn>& columns,
    const std::vector<std::vector<std::string>>& rows, const Style& style);

// The names of an enum's values, in its order. A missing name does not compile.
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
concept Named = requires {
  Names<Enum>::kAll;
};

template <Named Enum>
[[nodiscard]] constexpr std::string_view name_of(Enum value) {
  return Names<Enum>::kAll[value];
}

}  // namespace badnessd
