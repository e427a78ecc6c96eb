// SPDX-License-Identifier: GPL-2.0-only
// Converts the values of settings from text and back. On an invalid text
// parse() returns false and does not change its target.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "badnessd/engine/badness.h"
#include "badnessd/engine/glob.h"
#include "badnessd/engine/rules.h"
#include "badnessd/engine/select.h"
#include "badnessd/engine/trigger.h"

namespace badnessd {

// The least and the greatest number that a setting accepts; both 0: any.
struct Range {
  std::uint64_t min = 0;
  std::uint64_t max = 0;

  [[nodiscard]] constexpr bool holds(std::uint64_t value) const noexcept {
    return (min == 0 && max == 0) || (value >= min && value <= max);
  }
};

[[nodiscard]] bool parse(std::string_view text, Range range,
                         std::uint32_t& value);
[[nodiscard]] bool parse(std::string_view text, Range range, MemoryBase& value);
[[nodiscard]] bool parse(std::string_view text, Range range,
                         VictimOrder& value);
[[nodiscard]] bool parse(std::string_view text, Range range, Action& value);
// "5%", "512MiB" or "5%,512MiB"; "auto" for none.
[[nodiscard]] bool parse(std::string_view text, Range range,
                         std::optional<Amount>& value);
// "2.5%".
[[nodiscard]] bool parse(std::string_view text, Range range,
                         std::optional<BasisPoints>& value);
// "250ms", "10s", "1min", "1h": the range is in milliseconds.
[[nodiscard]] bool parse(std::string_view text, Range range, Micros& value);
[[nodiscard]] bool parse(std::string_view text, Range range,
                         std::chrono::milliseconds& value);
// "true" or "false".
[[nodiscard]] bool parse(std::string_view text, Range range, bool& value);
[[nodiscard]] bool parse(std::string_view text, Range range,
                         std::optional<Glob>& value);
// Globs separated by commas. A comma inside a glob is "\,".
[[nodiscard]] bool parse(std::string_view text, Range range,
                         std::vector<Glob>& value);
// "postgres", "1000", "1000-1999", or several separated by commas. Accepts an
// unknown user name; it matches no process.
[[nodiscard]] bool parse(std::string_view text, Range range,
                         std::vector<UserRange>& value);
// An oom_adj.
[[nodiscard]] bool parse(std::string_view text, Range range,
                         std::optional<std::int32_t>& value);

[[nodiscard]] std::string format(std::uint32_t value);
[[nodiscard]] std::string format(MemoryBase value);
[[nodiscard]] std::string format(VictimOrder value);
[[nodiscard]] std::string format(Action value);
[[nodiscard]] std::string format(const Amount& value);
[[nodiscard]] std::string format(const std::optional<Amount>& value);
[[nodiscard]] std::string format(const std::optional<BasisPoints>& value);
[[nodiscard]] std::string format(Micros value);
[[nodiscard]] std::string format(std::chrono::milliseconds value);
[[nodiscard]] std::string format(bool value);
[[nodiscard]] std::string format(const std::optional<Glob>& value);
[[nodiscard]] std::string format(const std::vector<Glob>& value);
[[nodiscard]] std::string format(const std::vector<UserRange>& value);
[[nodiscard]] std::string format(const std::optional<std::int32_t>& value);

}  // namespace badnessd
