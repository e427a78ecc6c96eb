// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <numeric>
#include <optional>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "badnessd/app/text.h"
#include "badnessd/engine/kernel26.h"

namespace badnessd {
namespace {

using std::chrono::milliseconds;

constexpr std::array kOptions{
    Option{
        "kernel.hz", "100, 250, 300 or 1000", &Settings::kernel_hz, 0, 0,
        "CONFIG_HZ of the 2.6.32 kernel that is reproduced. It sets the unit "
        "of CPU time in the score: 10.24 s at 100, 8.192 s at 250 and 1000, "
        "6.83 s at 300. 250 was the default of that kernel and of Debian."},
    Option{"badness.memory", R"("total_vm" or "rss+swap")",
           &Settings::badness_memory, 0, 0,
           "What the score starts from, of a process and of its children: "
           "reserved address space as in 2.6.32, or what is resident or "
           "swapped out."},
    Option{"trigger.mem_available_below",
           "a percentage of MemTotal, a size, or a list of both (the lower)",
           &Settings::mem_available_below, 0, 0,
           "Act when MemAvailable is below this, and SwapFree below "
           "trigger.swap_free_below. The size keeps large machines from acting "
           "with gigabytes left."},
    Option{"trigger.swap_free_below",
           "a percentage of SwapTotal, a size, or a list of both (the lower)",
           &Settings::swap_free_below, 0, 0,
           "Holds always where there is no swap. 100% is: whenever any swap is "
           "in use."},
    Option{"kill.victim", R"("process" or "child-first")",
           &Settings::kill_victim, 0, 0,
           "Whom to kill once a process is chosen: that process, or as 2.6.32 "
           "did its first child that has memory of its own."},
    Option{"kill.exit_timeout", "a duration from 100ms to 1min",
           &Settings::kill_exit_timeout, 100, 60'000,
           "How long to wait for a dying process before another is looked for. "
           "2.6.32 waited for ever."},
    Option{"poll.interval", "a duration from 10ms to 10s",
           &Settings::poll_interval, 10, 10'000,
           "Time between two readings of /proc/meminfo."},
};

constexpr std::array<std::string_view, 2> kMemoryBases{"total_vm", "rss+swap"};
constexpr std::array<std::string_view, 2> kVictimOrders{"process",
                                                        "child-first"};

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr std::array<Unit, 4> kSizes{{{"KiB", 1},
                                      {"MiB", 1ULL << 10},
                                      {"GiB", 1ULL << 20},
                                      {"TiB", 1ULL << 30}}};
constexpr std::array<Unit, 3> kDurations{
    {{"ms", 1}, {"s", 1000}, {"min", 60'000}}};

// "512MiB" in the unit of factor 1. No number without a unit: nobody should
// have to guess one.
std::optional<std::uint64_t> parse_quantity(std::string_view text,
                                            std::span<const Unit> units) {
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
std::optional<std::uint32_t> parse_percent(std::string_view text) {
  std::uint32_t whole = 0;
  const char* end = text.data() + text.size() - 1;
  auto [rest, code] = std::from_chars(text.data(), end, whole);
  if (code != std::errc() || whole > 100) {
    return std::nullopt;
  }
  std::uint32_t basis_points = whole * 100;
  if (rest != end && *rest == '.') {
    ++rest;
    for (std::uint32_t worth = 10; rest != end && worth != 0; worth /= 10) {
      if (*rest < '0' || *rest > '9') {
        return std::nullopt;
      }
      basis_points += static_cast<std::uint32_t>(*rest - '0') * worth;
      ++rest;
    }
  }
  if (rest != end || basis_points > 10'000) {
    return std::nullopt;
  }
  return basis_points;
}

bool parse(std::string_view text, const Option& /*option*/, Amount& amount) {
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
  amount = parsed;
  return parsed != Amount{};
}

bool parse(std::string_view text, const Option& option,
           milliseconds& duration) {
  const auto parsed = parse_quantity(text, kDurations);
  if (!parsed || *parsed < option.min || *parsed > option.max) {
    return false;
  }
  duration = milliseconds(*parsed);
  return true;
}

bool parse(std::string_view text, const Option& /*option*/, std::uint32_t& hz) {
  const char* end = text.data() + text.size();
  std::uint32_t parsed = 0;
  const auto [rest, code] = std::from_chars(text.data(), end, parsed);
  if (code != std::errc() || rest != end || !valid_hz(parsed)) {
    return false;
  }
  hz = parsed;
  return true;
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

bool parse(std::string_view text, const Option& /*option*/, MemoryBase& base) {
  return parse_name(text, kMemoryBases, base);
}

bool parse(std::string_view text, const Option& /*option*/,
           VictimOrder& order) {
  return parse_name(text, kVictimOrders, order);
}

std::string format(std::uint32_t value) {
  return fmt::format("{}", value);
}
std::string format(MemoryBase value) {
  return std::string(name_of(value));
}
std::string format(VictimOrder value) {
  return std::string(name_of(value));
}

std::string format_quantity(std::uint64_t value, std::span<const Unit> units) {
  const Unit* best = units.data();
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) {
      best = &unit;
    }
  }
  return fmt::format("{}{}", value / best->factor, best->name);
}

std::string format(milliseconds value) {
  return format_quantity(static_cast<std::uint64_t>(value.count()), kDurations);
}

std::string format(const Amount& value) {
  return amount_text(value);
}

// Levenshtein's distance, for "did you mean".
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

// A value as TOML writes it: a number bare, a list in brackets, text in quotes.
std::string toml_value(const Settings& settings, const Option& option) {
  std::string text = option_text(settings, option);
  if (std::holds_alternative<std::uint32_t Settings::*>(option.member)) {
    return text;
  }
  std::string items;
  for (const std::string_view item : split_list(text)) {
    items += fmt::format("{}\"{}\"", items.empty() ? "" : ", ", item);
  }
  return text.find(',') == std::string::npos ? items
                                             : fmt::format("[{}]", items);
}

}  // namespace

std::span<const Option> options() {
  return kOptions;
}

const Option* find_option(std::string_view key) {
  const auto* const it =
      std::find_if(kOptions.begin(), kOptions.end(),
                   [key](const Option& option) { return option.key == key; });
  return it == kOptions.end() ? nullptr : it;
}

std::string unknown_key(std::string_view key) {
  const auto* const nearest = std::min_element(
      kOptions.begin(), kOptions.end(),
      [key](const Option& a, const Option& b) {
        return edit_distance(key, a.key) < edit_distance(key, b.key);
      });
  const bool near = edit_distance(key, nearest->key) <= nearest->key.size() / 2;
  return fmt::format("there is no setting '{}'; {}", escaped(key),
                     near ? fmt::format("the nearest is '{}'", nearest->key)
                          : "'badnessd --help' lists all");
}

tl::expected<void, std::string> set_option(Settings& settings,
                                           const Option& option,
                                           std::string_view text) {
  const bool ok = std::visit(
      [&](auto member) { return parse(text, option, settings.*member); },
      option.member);
  if (!ok) {
    return tl::unexpected(fmt::format("{} cannot be '{}': it takes {}",
                                      option.key, escaped(text),
                                      option.values));
  }
  return {};
}

std::string option_text(const Settings& settings, const Option& option) {
  return std::visit([&](auto member) { return format(settings.*member); },
                    option.member);
}

std::string amount_text(const Amount& amount) {
  std::string text;
  if (amount.basis_points) {
    text = percent_text(*amount.basis_points, "%");
  }
  if (amount.kib) {
    text += text.empty() ? "" : ",";
    text += format_quantity(*amount.kib, kSizes);
  }
  return text;
}

std::string_view name_of(MemoryBase base) {
  return kMemoryBases[static_cast<std::size_t>(base)];
}

std::string_view name_of(VictimOrder order) {
  return kVictimOrders[static_cast<std::size_t>(order)];
}

Policy policy_of(const Settings& settings, std::int32_t self_pid) {
  return Policy{
      .score = {.hz = settings.kernel_hz, .memory = settings.badness_memory},
      .trigger = {.mem_available_below = settings.mem_available_below,
                  .swap_free_below = settings.swap_free_below},
      .victim = settings.kill_victim,
      .self_pid = self_pid};
}

std::string options_help() {
  std::string text = "Settings (--set KEY=VALUE, or in the TOML file):\n";
  for (const Option& option : kOptions) {
    text += fmt::format(
        "  {}={}\n{}", option.key, option_text(Settings{}, option),
        wrapped(fmt::format("Takes {}. {}", option.values, option.help),
                "      "));
  }
  return text;
}

std::string default_config() {
  std::string text = wrapped(
      "badnessd.toml: every setting with its default. This file is rendered "
      "from the program's own table of options.",
      "# ");
  std::string_view table;
  for (const Option& option : kOptions) {
    const std::size_t dot = option.key.find('.');
    if (table != option.key.substr(0, dot)) {
      table = option.key.substr(0, dot);
      text += fmt::format("\n[{}]\n", table);
    }
    text +=
        wrapped(fmt::format("{} Takes {}.", option.help, option.values), "# ");
    text += fmt::format("{} = {}\n", option.key.substr(dot + 1),
                        toml_value(Settings{}, option));
  }
  return text;
}

}  // namespace badnessd
