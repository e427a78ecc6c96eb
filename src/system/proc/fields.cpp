// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/proc/fields.h"

#include <algorithm>

namespace badnessd {

std::string_view take_word(std::string_view& rest) noexcept {
  constexpr std::string_view kBlank = " \t\n";
  rest.remove_prefix(std::min(rest.find_first_not_of(kBlank), rest.size()));
  const std::size_t length = std::min(rest.find_first_of(kBlank), rest.size());
  const std::string_view word = rest.substr(0, length);
  rest.remove_prefix(length);
  return word;
}

std::string_view take_line(std::string_view& rest) noexcept {
  const std::size_t length = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, length);
  rest.remove_prefix(std::min(length + 1, rest.size()));
  return line;
}

bool take_field(std::string_view& rest, std::string_view& key,
                std::string_view& value) noexcept {
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
      key = line.substr(0, colon);
      value = line.substr(colon + 1);
      return true;
    }
  }
  return false;
}

bool take_counter(std::string_view& rest, std::string_view& name,
                  std::uint64_t& number) noexcept {
  while (!rest.empty()) {
    std::string_view line = take_line(rest);
    name = take_word(line);
    if (take_number(line, number)) {
      return true;
    }
  }
  return false;
}

std::uint64_t sum_of_counters(
    std::string_view text, std::span<const std::string_view> names) noexcept {
  std::string_view name;
  std::uint64_t number = 0;
  std::uint64_t sum = 0;
  while (take_counter(text, name, number)) {
    sum += std::ranges::find(names, name) != names.end() ? number : 0;
  }
  return sum;
}

std::string_view without_deleted(std::string_view path) noexcept {
  constexpr std::string_view kDeleted = " (deleted)";
  path.remove_suffix(path.ends_with(kDeleted) ? kDeleted.size() : 0);
  return path;
}

std::optional<std::uint64_t> read_number(FileReader& reader, int dirfd,
                                         const char* path) {
  const auto text = reader.read(dirfd, path);
  std::uint64_t number = 0;
  return text && to_number(text->substr(0, text->find('\n')), number)
             ? std::optional(number)
             : std::nullopt;
}

bool to_hundredths(std::string_view word, std::uint32_t& value) noexcept {
  const std::size_t point = std::min(word.find('.'), word.size());
  std::uint32_t whole = 0;
  std::uint32_t fraction = 0;
  if (!to_number(word.substr(0, point), whole) || whole > 100) {
    return false;
  }
  if (point != word.size()) {
    const std::string_view decimals = word.substr(point + 1);
    if (decimals.size() > 2 || !to_number(decimals, fraction)) {
      return false;
    }
    fraction *= decimals.size() == 1 ? 10 : 1;
  }
  value = whole * 100 + fraction;
  return true;
}

}  // namespace badnessd
