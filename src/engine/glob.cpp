// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/glob.h"

#include <algorithm>
#include <utility>

namespace badnessd {
namespace {

std::uint8_t byte_of(char c) {
  return static_cast<std::uint8_t>(c);
}

// Takes one byte, or a backslash and the byte after it.
std::optional<char> take_literal(std::string_view& rest) {
  if (rest.starts_with('\\')) {
    rest.remove_prefix(1);
  }
  if (rest.empty()) {
    return std::nullopt;
  }
  const char literal = rest.front();
  rest.remove_prefix(1);
  return literal;
}

// Takes a set from the front of `rest`, after its opening bracket. A closing
// bracket in first position belongs to the set, as in sh(1).
std::optional<std::array<bool, 256>> take_set(std::string_view& rest) {
  const bool negated = rest.starts_with('!') || rest.starts_with('^');
  if (negated) {
    rest.remove_prefix(1);
  }
  std::array<bool, 256> set{};
  for (bool first = true; !rest.empty(); first = false) {
    const bool closes = rest.front() == ']' && !first;
    const auto from = take_literal(rest);
    if (closes) {
      if (negated) {
        std::transform(set.begin(), set.end(), set.begin(),
                       [](bool in) { return !in; });
      }
      return set;
    }
    auto to = from;
    if (rest.size() >= 2 && rest[0] == '-' && rest[1] != ']') {
      rest.remove_prefix(1);
      to = take_literal(rest);
    }
    if (!from || !to) {
      return std::nullopt;
    }
    for (int c = byte_of(*from); c <= byte_of(*to); ++c) {
      set[static_cast<std::size_t>(c)] = true;
    }
  }
  return std::nullopt;
}

}  // namespace

// Appends one byte or set to the pattern. A class of equal text bytes is split
// if only some of them are in the set.
void Glob::add(const Set& bytes) {
  ++length_;
  std::vector<std::optional<std::uint16_t>> parted(steps_.size());
  for (std::size_t c = 0; c < bytes.size(); ++c) {
    if (!bytes[c]) {
      continue;
    }
    auto& with = parted[class_of_[c]];
    if (!with) {
      with = static_cast<std::uint16_t>(steps_.size());
      const Bits before = steps_[class_of_[c]];
      steps_.push_back(before);
      steps_.back()[length_ / 64] |= std::uint64_t{1} << length_ % 64;
    }
    class_of_[c] = *with;
  }
  // Removes the classes without bytes.
  std::vector<Bits> kept;
  std::vector<std::optional<std::uint16_t>> moved(steps_.size());
  for (auto& c : class_of_) {
    if (!moved[c]) {
      moved[c] = static_cast<std::uint16_t>(kept.size());
      kept.push_back(steps_[c]);
    }
    c = *moved[c];
  }
  steps_ = std::move(kept);
}

std::optional<Glob> Glob::parse(std::string_view pattern) {
  Glob glob;
  glob.text_ = pattern;
  bool fixed = true;
  while (!pattern.empty()) {
    const char c = pattern.front();
    if (c == '*') {
      pattern.remove_prefix(1);
      glob.loops_[glob.length_ / 64] |= std::uint64_t{1} << glob.length_ % 64;
      fixed = false;
      continue;
    }
    Set bytes{};
    if (c == '?') {
      pattern.remove_prefix(1);
      bytes.fill(true);
      fixed = false;
    } else if (c == '[') {
      pattern.remove_prefix(1);
      const auto set = take_set(pattern);
      if (!set) {
        return std::nullopt;
      }
      bytes = *set;
      fixed = false;
    } else {
      const auto literal = take_literal(pattern);
      if (!literal) {
        return std::nullopt;
      }
      bytes[byte_of(*literal)] = true;
      if (fixed) {
        glob.prefix_ += *literal;
      }
    }
    if (glob.length_ == kMaxLength) {
      return std::nullopt;
    }
    glob.add(bytes);
  }
  return glob.text_.empty() ? std::nullopt : std::optional(std::move(glob));
}

bool Glob::matches(std::string_view text) const noexcept {
  const std::size_t words = length_ / 64 + 1;
  Bits at{1};
  for (const char c : text) {
    const Bits& step = steps_[class_of_[byte_of(c)]];
    std::uint64_t carry = 0;
    std::uint64_t any = 0;
    for (std::size_t i = 0; i < words; ++i) {
      const std::uint64_t moved = (at[i] << 1 | carry) & step[i];
      carry = at[i] >> 63;
      at[i] = moved | (at[i] & loops_[i]);
      any |= at[i];
    }
    if (any == 0) {
      return false;
    }
  }
  return (at[length_ / 64] >> length_ % 64 & 1) != 0;
}

bool Glob::covers(const Glob& other) const noexcept {
  if (text_ == other.text_ || text_ == "*") {
    return true;
  }
  // A pattern without stars, `?` and sets matches exactly one text.
  return other.prefix_.size() == other.length_ && other.loops_ == Bits{} &&
         matches(other.prefix_);
}

}  // namespace badnessd
