// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/glob.h"

#include <cstdint>
#include <utility>

namespace badnessd {
namespace {

using Set = std::bitset<256>;

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
std::optional<Set> take_set(std::string_view& rest) {
  const bool negated = rest.starts_with('!') || rest.starts_with('^');
  if (negated) {
    rest.remove_prefix(1);
  }
  Set set;
  for (bool first = true; !rest.empty(); first = false) {
    const bool closes = rest.front() == ']' && !first;
    const auto from = take_literal(rest);
    if (closes) {
      return negated ? ~set : set;
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
      set.set(static_cast<std::size_t>(c));
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Glob> Glob::parse(std::string_view pattern) {
  Glob glob;
  glob.text_ = pattern;
  bool fixed = true;
  while (!pattern.empty()) {
    const char c = pattern.front();
    Atom atom{.star = c == '*'};
    const bool literal = !atom.star && c != '?' && c != '[';
    fixed = fixed && literal;
    if (literal) {
      const auto byte = take_literal(pattern);
      if (!byte) {
        return std::nullopt;
      }
      atom.bytes.set(byte_of(*byte));
      glob.prefix_ += fixed ? std::string(1, *byte) : "";
    } else {
      pattern.remove_prefix(1);
      const auto set = c == '[' ? take_set(pattern) : Set().set();
      if (!set) {
        return std::nullopt;
      }
      atom.bytes = *set;
    }
    glob.length_ += atom.star ? 0 : 1;
    glob.atoms_.push_back(atom);
  }
  return glob.text_.empty() || glob.length_ > kMaxLength
             ? std::nullopt
             : std::optional(std::move(glob));
}

// Where a text does not go on to match, only what the last star stands for can
// grow: an earlier star that stood for more would leave less to the last.
bool Glob::matches(std::string_view text) const noexcept {
  std::size_t atom = 0;
  std::size_t at = 0;
  std::optional<std::size_t> behind_star;
  std::size_t star_end = 0;  // of the text that the last star stands for
  for (;;) {
    if (atom < atoms_.size() && atoms_[atom].star) {
      behind_star = ++atom;
      star_end = at;
    } else if (at == text.size()) {
      return atom == atoms_.size();
    } else if (atom < atoms_.size() && atoms_[atom].bytes[byte_of(text[at])]) {
      ++atom;
      ++at;
    } else if (behind_star) {
      atom = *behind_star;
      at = ++star_end;
    } else {
      return false;
    }
  }
}

}  // namespace badnessd
