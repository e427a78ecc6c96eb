// SPDX-License-Identifier: GPL-2.0-only
// Shell patterns. They come from the settings; a hostile user controls the
// text.
#pragma once

#include <bitset>
#include <cstddef>
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

  // Costs at worst a comparison for each byte of `text` and of the pattern.
  [[nodiscard]] bool matches(std::string_view text) const noexcept;

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  // The length of the shortest text that matches.
  [[nodiscard]] std::size_t shortest() const noexcept { return length_; }
  // The literal bytes before the first star, `?` or set.
  [[nodiscard]] std::string_view fixed_prefix() const noexcept {
    return prefix_;
  }

 private:
  struct Atom {
    bool star = false;
    std::bitset<256> bytes{};  // if it is no star: one of them
  };

  std::string text_;
  std::string prefix_;
  std::size_t length_ = 0;
  std::vector<Atom> atoms_;
};

}  // namespace badnessd
