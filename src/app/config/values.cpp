// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/config/values.h"

#include <pwd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <span>

#include <fmt/core.h>

#include "badnessd/app/config/names.h"
#include "badnessd/app/config/text.h"

namespace badnessd {
namespace {

using std::chrono::milliseconds;

constexpr auto kMemoryBases =
    names_up_to<MemoryBase::kRssSwap>({"total_vm", "rss+swap"});
constexpr auto kVictimOrders = names_up_to<VictimOrder::kCgroup>(
    {"auto", "process", "child-first", "cgroup"});
constexpr auto kActions = names_up_to<Action::kLog>({"kill", "log"});

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr std::array<Unit, 4> kSizes{{{"KiB", 1},
                                      {"MiB", 1ULL << 10},
                                      {"GiB", 1ULL << 20},
                                      {"TiB", 1ULL << 30}}};
constexpr std::array<Unit, 4> kDurations{
    {{"ms", 1}, {"s", 1000}, {"min", 60'000}, {"h", 3'600'000}}};

// "512MiB" in the unit of factor 1. Rejects a number without a unit, except 0,
// which is the same in all units.
std::optional<std::uint64_t> parse_quantity(std::string_view text,
                                            std::span<const Unit> units) {
  if (text == "0") {
    return 0;
  }
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, number);
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  const auto unit =
      std::find_if(units.begin(), units.end(),
                   [name](const Unit& it) { return it.name == name; });
  if (code != std::errc() || unit == units.end() ||
      number > std::numeric_limits<std::uint64_t>::max() / unit->factor) {
    return std::nullopt;
  }
  return number * unit->factor;
}

// "2.5%" in hundredths of a percent.
std::optional<BasisPoints> parse_percent(std::string_view text) {
  if (!text.ends_with('%')) {
    return std::nullopt;
  }
  BasisPoints whole = 0;
  const char* end = text.data() + text.size() - 1;
  auto [rest, code] = std::from_chars(text.data(), end, whole);
  if (code != std::errc() || whole > 100) {
    return std::nullopt;
  }
  BasisPoints basis_points = whole * 100;
  if (rest != end && *rest == '.' && rest + 1 != end) {
    ++rest;
    for (BasisPoints worth = 10; rest != end && worth != 0; worth /= 10) {
      if (*rest < '0' || *rest > '9') {
        return std::nullopt;
      }
      basis_points += static_cast<BasisPoints>(*rest - '0') * worth;
      ++rest;
    }
  }
  if (rest != end || basis_points > 10'000) {
    return std::nullopt;
  }
  return basis_points;
}

// Whether the whole of `text` is a number.
template <class T>
bool parse_number(std::string_view text, T& value) {
  const char* end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, value);
  return code == std::errc() && rest == end;
}

// The lookup in the user database can block. Settings are read while this is
// harmless, not in the kill path.
UserRange user_named(std::string_view name) {
  UserRange range{.text = std::string(name)};
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r(range.text.c_str(), &entry, buffer.data(), buffer.size(),
                   &found) == 0 &&
      found != nullptr) {
    range.first = range.last = found->pw_uid;
  }
  return range;
}

std::optional<UserRange> parse_users(std::string_view text) {
  const std::size_t dash = text.find('-');
  UserRange range{.text = std::string(text)};
  if (parse_number(text, range.first)) {
    range.last = range.first;
    return range;
  }
  if (dash != std::string_view::npos &&
      parse_number(text.substr(0, dash), range.first) &&
      parse_number(text.substr(dash + 1), range.last)) {
    return range.first <= range.last ? std::optional(range) : std::nullopt;
  }
  // A name begins with a letter or '_', see useradd(8).
  const bool name = !text.empty() && (text[0] < '0' || text[0] > '9') &&
                    text[0] != '-' &&
                    text.find_first_of(" :*?[") == std::string_view::npos;
  return name ? std::optional(user_named(text)) : std::nullopt;
}

// The items between commas. A comma after a backslash does not separate.
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

// Sets `value` to the results of `parse_one` for all items, or changes nothing.
template <class T, class ParseOne>
bool parse_each(const std::vector<std::string_view>& items, ParseOne parse_one,
                std::vector<T>& value) {
  std::vector<T> parsed;
  for (const std::string_view item : items) {
    std::optional<T> one = parse_one(item);
    if (!one) {
      return false;
    }
    parsed.push_back(std::move(*one));
  }
  value = std::move(parsed);
  return !value.empty();
}

// The items of `list`, separated by commas.
template <class T, class TextOf>
std::string joined(const std::vector<T>& list, TextOf text_of) {
  std::string text;
  for (const T& item : list) {
    text += text.empty() ? "" : ",";
    text += text_of(item);
  }
  return text;
}

template <class Enum>
bool parse_name(std::string_view text, std::span<const std::string_view> names,
                Enum& value) {
  const auto it = std::find(names.begin(), names.end(), text);
  if (it == names.end()) {
    return false;
  }
  value = static_cast<Enum>(it - names.begin());
  return true;
}

std::string format_quantity(std::uint64_t value, std::span<const Unit> units) {
  if (value == 0) {
    return "0";
  }
  const Unit* best = units.data();
  for (const Unit& unit : units) {
    if (value % unit.factor == 0) {
      best = &unit;
    }
  }
  return fmt::format("{}{}", value / best->factor, best->name);
}

}  // namespace

bool parse(std::string_view text, Range range, std::uint32_t& value) {
  std::uint32_t parsed = 0;
  if (!parse_number(text, parsed) || !range.holds(parsed)) {
    return false;
  }
  value = parsed;
  return true;
}

bool parse(std::string_view text, Range /*range*/, MemoryBase& value) {
  return parse_name(text, kMemoryBases, value);
}

bool parse(std::string_view text, Range /*range*/, VictimOrder& value) {
  return parse_name(text, kVictimOrders, value);
}

bool parse(std::string_view text, Range /*range*/, Action& value) {
  return parse_name(text, kActions, value);
}

bool parse(std::string_view text, Range /*range*/,
           std::optional<Amount>& value) {
  if (text == "auto") {
    value.reset();
    return true;
  }
  Amount parsed;
  for (const std::string_view item : split_list(text)) {
    const bool percent = item.ends_with('%');
    if (percent ? parsed.basis_points.has_value() : parsed.kib.has_value()) {
      return false;
    }
    if (percent) {
      parsed.basis_points = parse_percent(item);
    } else {
      parsed.kib = parse_quantity(item, kSizes);
    }
    if (percent ? !parsed.basis_points : !parsed.kib) {
      return false;
    }
  }
  value = parsed;
  return true;
}

bool parse(std::string_view text, Range range,
           std::optional<BasisPoints>& value) {
  const auto parsed = parse_percent(text);
  if (!parsed || !range.holds(*parsed)) {
    return false;
  }
  value = parsed;
  return true;
}

bool parse(std::string_view text, Range range, milliseconds& value) {
  const auto parsed = parse_quantity(text, kDurations);
  if (!parsed || !range.holds(*parsed)) {
    return false;
  }
  value = milliseconds(*parsed);
  return true;
}

bool parse(std::string_view text, Range range, Micros& value) {
  milliseconds parsed{};
  if (!parse(text, range, parsed)) {
    return false;
  }
  value = static_cast<Micros>(parsed.count()) * 1000;
  return true;
}

bool parse(std::string_view text, Range /*range*/, bool& value) {
  if (text != "true" && text != "false") {
    return false;
  }
  value = text == "true";
  return true;
}

bool parse(std::string_view text, Range /*range*/, std::optional<Glob>& value) {
  auto parsed = Glob::parse(text);
  if (!parsed) {
    return false;
  }
  value = std::move(parsed);
  return true;
}

bool parse(std::string_view text, Range /*range*/, std::vector<Glob>& value) {
  return parse_each(split_globs(text), Glob::parse, value);
}

bool parse(std::string_view text, Range /*range*/,
           std::vector<UserRange>& value) {
  return parse_each(split_list(text), parse_users, value);
}

bool parse(std::string_view text, Range /*range*/,
           std::optional<std::int32_t>& value) {
  std::int32_t parsed = 0;
  if (!parse_number(text, parsed) || parsed < kOomDisable ||
      parsed > kOomAdjustMax) {
    return false;
  }
  value = parsed;
  return true;
}

std::string format(std::uint32_t value) {
  return fmt::format("{}", value);
}

std::string format(MemoryBase value) {
  return std::string(kMemoryBases[static_cast<std::size_t>(value)]);
}

std::string format(VictimOrder value) {
  return std::string(kVictimOrders[static_cast<std::size_t>(value)]);
}

std::string format(Action value) {
  return std::string(kActions[static_cast<std::size_t>(value)]);
}

std::string format(const Amount& value) {
  std::string text;
  if (value.basis_points) {
    text = percent_text(*value.basis_points, "%");
  }
  if (value.kib) {
    text += text.empty() ? "" : ",";
    text += format_quantity(*value.kib, kSizes);
  }
  return text;
}

std::string format(const std::optional<Amount>& value) {
  return value ? format(*value) : "auto";
}

std::string format(const std::optional<BasisPoints>& value) {
  return value ? percent_text(*value, "%") : "";
}

std::string format(Micros value) {
  return format_quantity(value / 1000, kDurations);
}

std::string format(milliseconds value) {
  return format_quantity(static_cast<std::uint64_t>(value.count()), kDurations);
}

std::string format(bool value) {
  return value ? "true" : "false";
}

std::string format(const std::optional<Glob>& value) {
  return value ? value->text() : "";
}

std::string format(const std::vector<Glob>& value) {
  return joined(value, [](const Glob& glob) { return glob.text(); });
}

std::string format(const std::vector<UserRange>& value) {
  return joined(value, [](const UserRange& users) { return users.text; });
}

std::string format(const std::optional<std::int32_t>& value) {
  return value ? fmt::format("{}", *value) : "";
}

}  // namespace badnessd
