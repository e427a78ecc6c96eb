// SPDX-License-Identifier: GPL-2.0-only
// Shell patterns, matched in time linear in the text whatever the pattern: both
// may come from people who mean harm.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace badnessd {

// `*` is any text, '/' and nothing included, `?` any one byte, `[a-z]` and
// `[!a-z]` one byte of a set, and a backslash takes the next byte as it is, as
// fnmatch(3) without flags has it. The whole text must match.
class Glob {
 public:
  // A pattern stands for at most this many bytes, its stars not counted.
  static constexpr std::size_t kMaxLength = 255;

  // None if it is empty, longer than that, or a set or a backslash is not
  // complete.
  [[nodiscard]] static std::optional<Glob> parse(std::string_view pattern);

  // Costs a few operations for each byte of `text`.
  [[nodiscard]] bool matches(std::string_view text) const noexcept;

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  // The fewest bytes that a text has which matches.
  [[nodiscard]] std::size_t shortest() const noexcept { return length_; }
  // The bytes before the first that is not one and the same in all texts that
  // match.
  [[nodiscard]] std::string_view fixed_prefix() const noexcept {
    return prefix_;
  }
  // Every text that `other` matches is matched too; false where that is not
  // easily seen.
  [[nodiscard]] bool covers(const Glob& other) const noexcept;

 private:
  // A bit for each number of pattern bytes that the text so far can stand for.
  static constexpr std::size_t kWords = kMaxLength / 64 + 1;
  using Bits = std::array<std::uint64_t, kWords>;
  using Set = std::array<bool, 256>;

  void add(const Set& bytes);

  std::string text_;
  std::string prefix_;
  std::size_t length_ = 0;
  Bits loops_{};  // where a star lets the text go on
  // What each byte of the text can stand for; equal ones are kept once.
  std::array<std::uint16_t, 256> class_of_{};
  std::vector<Bits> steps_{1};
};

}  // namespace badnessd
