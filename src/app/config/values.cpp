// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/config/values.h"

#include <pwd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <span>
#include <vector>

#include <fmt/core.h>

namespace badnessd {
namespace {

struct Suffix {
  std::string_view name;
  std::uint64_t factor;
};
constexpr std::array<Suffix, 4> kSizes{{{"KiB", 1},
                                        {"MiB", 1ULL << 10},
                                        {"GiB", 1ULL << 20},
                                        {"TiB", 1ULL << 30}}};
constexpr std::array<Suffix, 4> kDurations{{{"ms", 1000},
                                            {"s", 1'000'000},
                                            {"min", 60'000'000},
                                            {"h", 3'600'000'000}}};

// "512MiB" in the unit of factor 1. Rejects a number without a unit, except 0,
// which is the same in all units.
std::optional<std::uint64_t> parse_quantity(std::string_view text,
                                            std::span<const Suffix> units) {
  if (text == "0") {
    return 0;
  }
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, number);
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  const auto unit = std::ranges::find(units, name, &Suffix::name);
  if (code != std::errc() || unit == units.end() ||
      number > std::numeric_limits<std::uint64_t>::max() / unit->factor) {
    return std::nullopt;
  }
  return number * unit->factor;
}

// The lookup in the user database can block. Settings are read while this is
// harmless, not in the kill path. None: no user has the name.
std::optional<std::uint32_t> uid_of(const std::string& name) {
  std::vector<char> buffer(std::size_t{64} * 1024);
  passwd entry{};
  passwd* found = nullptr;
  const bool known = ::getpwnam_r(name.c_str(), &entry, buffer.data(),
                                  buffer.size(), &found) == 0 &&
                     found != nullptr;
  return known ? std::optional(found->pw_uid) : std::nullopt;
}

std::string format_quantity(std::uint64_t value,
                            std::span<const Suffix> units) {
  if (value == 0) {
    return "0";
  }
  const Suffix* best = units.data();
  for (const Suffix& unit : units) {
    if (value % unit.factor == 0) {
      best = &unit;
    }
  }
  return fmt::format("{}{}", value / best->factor, best->name);
}

}  // namespace

std::optional<Micros> Codec<Micros>::parse(std::string_view text) {
  return parse_quantity(text, kDurations);
}

std::string Codec<Micros>::format(Micros value) {
  return format_quantity(value, kDurations);
}

std::optional<Amount> Codec<Amount>::parse(std::string_view text) {
  Amount amount;
  for (const std::string_view item : split_list(text)) {
    const auto set_once = [](auto& part, const auto& value) {
      return value && !std::exchange(part, value);
    };
    if (!(item.ends_with('%')
              ? set_once(amount.basis_points, Percent::parse(item))
              : set_once(amount.kib, parse_quantity(item, kSizes)))) {
      return std::nullopt;
    }
  }
  return amount;
}

std::string Codec<Amount>::format(const Amount& value) {
  std::string text;
  if (value.basis_points) {
    text = Percent::format(*value.basis_points);
  }
  if (value.kib) {
    text += text.empty() ? "" : ",";
    text += format_quantity(*value.kib, kSizes);
  }
  return text;
}

std::vector<std::string_view> split_globs(std::string_view text) {
  std::vector<std::string_view> items;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '\\') {
      ++i;
    } else if (i == text.size() || text[i] == ',') {
      items.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  return items;
}

std::optional<UserRange> Codec<UserRange>::parse(std::string_view text) {
  const std::size_t dash = text.find('-');
  UserRange range{.text = std::string(text)};
  if (const auto uid = uid_of(range.text)) {
    range.first = range.last = *uid;
    return range;
  }
  if (to_number(text, range.first)) {
    range.last = range.first;
    return range;
  }
  if (dash != std::string_view::npos &&
      to_number(text.substr(0, dash), range.first) &&
      to_number(text.substr(dash + 1), range.last)) {
    return range.first <= range.last ? std::optional(range) : std::nullopt;
  }
  // An unknown name begins with a letter or '_', see useradd(8): else it is a
  // mistake.
  const bool name = !text.empty() && (text[0] < '0' || text[0] > '9') &&
                    text[0] != '-' &&
                    text.find_first_of(" :*?[") == std::string_view::npos;
  return name ? std::optional(range) : std::nullopt;
}

std::optional<BasisPoints> Percent::parse(std::string_view text) {
  BasisPoints value = 0;
  return text.ends_with('%') &&
                 to_hundredths(text.substr(0, text.size() - 1), value) &&
                 value <= 10'000
             ? std::optional(value)
             : std::nullopt;
}

}  // namespace badnessd
