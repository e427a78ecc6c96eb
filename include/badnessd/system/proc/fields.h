// SPDX-License-Identifier: GPL-2.0-only
// Parses the texts of /proc: blank-separated words, and lines of the form
// "key: value". Each function removes what it returns from the front of `rest`.
// No function allocates.
#pragma once

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "badnessd/system/sys.h"

namespace badnessd {

// The error for a text that the kernel does not write.
[[nodiscard]] inline tl::unexpected<Error> malformed(const char* what) {
  return tl::unexpected(Error{EBADMSG, what});
}

// The next word; empty at the end.
[[nodiscard]] std::string_view take_word(std::string_view& rest) noexcept;

// The next line, without its newline; empty at the end.
[[nodiscard]] std::string_view take_line(std::string_view& rest) noexcept;

// The next line that has a colon. False at the end.
[[nodiscard]] bool take_field(std::string_view& rest, std::string_view& key,
                              std::string_view& value) noexcept;

// The next line of the form "name number". False at the end.
[[nodiscard]] bool take_counter(std::string_view& rest, std::string_view& name,
                                std::uint64_t& number) noexcept;

// The sum of the numbers in the lines with these names.
[[nodiscard]] std::uint64_t sum_of_counters(
    std::string_view text, std::span<const std::string_view> names) noexcept;

// Without the " (deleted)" that the kernel puts behind what is gone.
[[nodiscard]] std::string_view without_deleted(std::string_view path) noexcept;

// The number in the first line of a file; none if it has no such line, or holds
// "max".
[[nodiscard]] std::optional<std::uint64_t> read_number(FileReader& reader,
                                                       int dirfd,
                                                       const char* path);

// Whether the whole of `word` is a number that T holds.
template <class T>
[[nodiscard]] bool to_number(std::string_view word, T& value, int base = 10) {
  const char* end = word.data() + word.size();
  const auto result = std::from_chars(word.data(), end, value, base);
  return !word.empty() && result.ec == std::errc() && result.ptr == end;
}

// Whether the whole of `word` is a number with two decimals at most, below 101:
// then `value` is its hundredths.
[[nodiscard]] bool to_hundredths(std::string_view word,
                                 std::uint32_t& value) noexcept;

template <class T>
[[nodiscard]] bool take_number(std::string_view& rest, T& value) {
  return to_number(take_word(rest), value);
}

}  // namespace badnessd
