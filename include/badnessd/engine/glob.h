// SPDX-License-Identifier: GPL-2.0-only
// Shell patterns. A match takes time linear in the length of the text, whatever
// the pattern: a hostile user may control both.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace badnessd {

// As in fnmatch(3) without flags: `*` matches any text, also '/' and nothing;
// `?` matches one byte; `[a-z]` and `[!a-z]` match one byte of a set; a
// backslash quotes the next byte. The whole text must match.
class Glob {
 public:
  // The maximum number of bytes, `?` and sets; stars do not count.
  static constexpr std::size_t kMaxLength = 255;

  // Returns none if the pattern is empty or too long, or if a set or a
  // backslash is incomplete.
  [[nodiscard]] static std::optional<Glob> parse(std::string_view pattern);

  // Costs a few operations for each byte of `text`.
  [[nodiscard]] bool matches(std::string_view text) const noexcept;

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  // The length of the shortest text that matches.
  [[nodiscard]] std::size_t shortest() const noexcept { return length_; }
  // The literal bytes before the first star, `?` or set.
  [[nodiscard]] std::string_view fixed_prefix() const noexcept {
    return prefix_;
  }
  // Returns true if this pattern matches every text that `other` matches. False
  // can also mean "not known".
  [[nodiscard]] bool covers(const Glob& other) const noexcept;

 private:
  // Bit n is set if the text so far can match the first n pattern bytes.
  static constexpr std::size_t kWords = kMaxLength / 64 + 1;
  using Bits = std::array<std::uint64_t, kWords>;
  using Set = std::array<bool, 256>;

  void add(const Set& bytes);

  std::string text_;
  std::string prefix_;
  std::size_t length_ = 0;
  Bits loops_{};  // the positions of stars
  // The positions that each byte can match; equal ones are stored once.
  std::array<std::uint16_t, 256> class_of_{};
  std::vector<Bits> steps_{1};
};

}  // namespace badnessd
