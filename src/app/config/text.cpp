// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/config/text.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "badnessd/system/sys.h"

namespace badnessd {
namespace {

struct CodePoint {
  char32_t value = 0;
  std::size_t length = 1;  // in bytes
  bool valid = false;
};

// The first code point of `text`, by the table of well-formed UTF-8 (Unicode
// 3.9): no overlong forms, no surrogates, nothing above U+10FFFF.
CodePoint first_code_point(std::string_view text) {
  const auto byte = [text](std::size_t i) {
    return static_cast<unsigned char>(text[i]);
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) {
    return {lead, 1, true};
  }
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) {
    return {};
  }
  char32_t value = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) {
      return {};
    }
    value = (value << 6) | (byte(i) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  return {value, length,
          value >= kSmallest[length] && !surrogate && value <= 0x10FFFF};
}

// Code points that a terminal does not show as one visible cell, or that change
// the direction of the text after them.
bool invisible(char32_t value) {
  struct Range {
    char32_t first, last;
  };
  constexpr std::array<Range, 9> kRanges{{{0x00, 0x1F},
                                          {0x7F, 0x9F},
                                          {0xAD, 0xAD},
                                          {0x300, 0x36F},
                                          {0x200B, 0x200F},
                                          {0x2028, 0x202E},
                                          {0x2060, 0x206F},
                                          {0xFE00, 0xFEFF},
                                          {0xE0000, 0x10FFFF}}};
  return std::any_of(kRanges.begin(), kRanges.end(), [value](const Range& it) {
    return value >= it.first && value <= it.last;
  });
}

// The number of columns of UTF-8 text: of code points, for a column of wide
// ones is rare.
std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(),
      [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    const std::string_view bytes =
        text.substr(0, point.valid ? point.length : 1);
    if (bytes == "\\") {
      result += "\\\\";
    } else if (point.valid && !invisible(point.value)) {
      result += bytes;
    } else {
      for (const char c : bytes) {
        result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
      }
    }
    text.remove_prefix(bytes.size());
  }
  return result;
}

std::string size_text(Kib kib) {
  if (kib == 0) {
    return "0";
  }
  constexpr std::array<std::string_view, 5> kUnits{"KiB", "MiB", "GiB", "TiB",
                                                   "PiB"};
  std::size_t unit = 0;
  auto value = static_cast<double>(kib);
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  const int decimals = unit > 0 && value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}", value, decimals, kUnits[unit]);
}

std::string percent_text(std::uint64_t basis_points, std::string_view suffix) {
  // Shows as many of the two decimals as are needed.
  return fmt::format("{}{}", static_cast<double>(basis_points) / 100, suffix);
}

std::string duration_text(std::uint64_t seconds) {
  constexpr std::uint64_t kSecondsOfMinute = 60;
  constexpr std::uint64_t kHour = 60 * kSecondsOfMinute;
  constexpr std::uint64_t kDay = 24 * kHour;
  return seconds < kSecondsOfMinute ? fmt::format("{} s", seconds)
         : seconds < kHour ? fmt::format("{} min", seconds / kSecondsOfMinute)
         : seconds < kDay  ? fmt::format("{} h {:02} min", seconds / kHour,
                                         seconds % kHour / kSecondsOfMinute)
                           : fmt::format("{} d {:02} h", seconds / kDay,
                                         seconds % kDay / kHour);
}

std::string count_text(std::uint64_t count, std::string_view one,
                       std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::vector<std::string_view> split_list(std::string_view text) {
  std::vector<std::string_view> items;
  for (;;) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view item = text.substr(0, comma);
    item.remove_prefix(std::min(item.find_first_not_of(' '), item.size()));
    item = item.substr(0, item.find_last_not_of(' ') + 1);
    items.push_back(item);
    if (comma == text.size()) {
      return items;
    }
    text.remove_prefix(comma + 1);
  }
}

std::string wrapped(std::string_view text, std::string_view prefix) {
  constexpr std::size_t kWidth = 80;
  std::string result;
  while (!text.empty()) {
    std::size_t length = kWidth - prefix.size();
    if (text.size() <= length) {
      length = text.size();
    } else {
      length = std::min(text.rfind(' ', length), text.size());
    }
    result += fmt::format("{}{}\n", prefix, text.substr(0, length));
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return result;
}

std::string section(std::string_view label,
                    const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += fmt::format("{:<10}{}\n", text.empty() ? label : "", line);
  }
  return text;
}

Style stdout_style() {
  if (::isatty(STDOUT_FILENO) == 0) {
    return {};
  }
  winsize size{};
  const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
  return {.colour = environment("NO_COLOR").empty(),
          .width = known ? size.ws_col : std::size_t{80}};
}

std::string render_table(const std::vector<TableColumn>& columns,
                         const std::vector<std::vector<std::string>>& rows,
                         const Style& style) {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    widths.push_back(columns_of(columns[i].header));
    for (const auto& row : rows) {
      widths[i] = std::max(widths[i], columns_of(row[i]));
    }
  }
  const auto line = [&](const auto& cell_of) {
    std::string text;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::size_t begin = columns_of(text);
      std::string cell(cell_of(i));
      const bool last = i + 1 == columns.size();
      if (last && style.width > begin &&
          begin + columns_of(cell) > style.width) {
        cell = fmt::format("{:.{}}…", cell, style.width - begin - 1);
      }
      text += fmt::format(fmt::runtime(columns[i].left ? "{:<{}}" : "{:>{}}"),
                          cell, widths[i]);
      text += last ? "" : "  ";
    }
    return text.substr(0, text.find_last_not_of(' ') + 1);
  };
  std::string header = line([&](std::size_t i) { return columns[i].header; });
  std::string result =
      style.colour ? fmt::format("\033[1m{}\033[0m\n", header) : header + "\n";
  for (const auto& row : rows) {
    result += line([&row](std::size_t i) { return row[i]; }) + "\n";
  }
  return result;
}

}  // namespace badnessd
