// SPDX-License-Identifier: GPL-2.0-only
// The forms of the values of settings. Each has parse(), which gives none for a
// text that is no such value, and format(), which gives a text that parse()
// takes.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "badnessd/app/config/text.h"
#include "badnessd/engine/badness.h"
#include "badnessd/engine/glob.h"
#include "badnessd/engine/rules.h"
#include "badnessd/engine/select.h"
#include "badnessd/engine/trigger.h"
#include "badnessd/system/proc/fields.h"

namespace badnessd {

template <>
struct Names<VictimOrder> {
  static constexpr auto kAll = names_up_to<VictimOrder::kCgroup>(
      {"auto", "process", "child-first", "cgroup"});
};
template <>
struct Names<Action> {
  static constexpr auto kAll = names_up_to<Action::kLog>({"kill", "log"});
};
template <>
struct Names<bool> {
  static constexpr auto kAll = names_up_to<true>({"false", "true"});
};

// The form of a T if its setting names no other.
template <class T>
struct Codec;

template <class T>
struct Codec<std::optional<T>> : Codec<T> {};

template <std::integral T>
requires(!Named<T>) struct Codec<T> {
  static std::optional<T> parse(std::string_view text) {
    T value{};
    return to_number(text, value) ? std::optional(value) : std::nullopt;
  }
  static std::string format(T value) { return std::to_string(value); }
};

// One of the names of an enum, "true" or "false".
template <Named T>
struct Codec<T> {
  static std::optional<T> parse(std::string_view text) {
    const auto& names = Names<T>::kAll;
    const auto it = std::ranges::find(names, text);
    return it == names.end()
               ? std::nullopt
               : std::optional(static_cast<T>(it - names.begin()));
  }
  static std::string format(T value) { return std::string(name_of(value)); }
};

// "250ms", "10s", "1min", "1h", or "0".
template <>
struct Codec<Micros> {
  static std::optional<Micros> parse(std::string_view text);
  static std::string format(Micros value);
};

// "5%", "512MiB" or "5%,512MiB".
template <>
struct Codec<Amount> {
  static std::optional<Amount> parse(std::string_view text);
  static std::string format(const Amount& value);
};

template <>
struct Codec<Glob> {
  static std::optional<Glob> parse(std::string_view text) {
    return Glob::parse(text);
  }
  static std::string format(const Glob& value) { return value.text(); }
};

// The items between commas. A comma after a backslash does not separate.
[[nodiscard]] std::vector<std::string_view> split_globs(std::string_view text);

// "postgres", "1000" or "1000-1999". What is the name of a user is that user,
// also "1000". Accepts an unknown name; it matches no process.
template <>
struct Codec<UserRange> {
  static std::optional<UserRange> parse(std::string_view text);
  static std::string format(const UserRange& value) { return value.text; }
};

// One or several, separated by commas.
template <class T>
struct Codec<std::vector<T>> {
  static std::optional<std::vector<T>> parse(std::string_view text) {
    std::vector<T> list;
    for (const std::string_view item : split(text)) {
      auto one = Codec<T>::parse(item);
      if (!one) {
        return std::nullopt;
      }
      list.push_back(std::move(*one));
    }
    return list.empty() ? std::nullopt : std::optional(std::move(list));
  }
  static std::vector<std::string_view> split(std::string_view text) {
    if constexpr (std::is_same_v<T, Glob>) {
      return split_globs(text);
    } else {
      return split_list(text);
    }
  }
  static std::string format(const std::vector<T>& list) {
    std::string text;
    for (const T& item : list) {
      text += (text.empty() ? "" : ",") + Codec<T>::format(item);
    }
    return text;
  }
};

// "2.5%".
struct Percent {
  static std::optional<BasisPoints> parse(std::string_view text);
  static std::string format(BasisPoints value) {
    return percent_text(value, "%");
  }
};

// "auto" for none.
template <class Form>
struct OrAuto {
  using Value = decltype(Form::parse({}));  // an optional
  static std::optional<Value> parse(std::string_view text) {
    if (text == "auto") {
      return std::optional<Value>(std::in_place);
    }
    Value value = Form::parse(text);
    return value ? std::optional<Value>(std::in_place, std::move(value))
                 : std::nullopt;
  }
  static std::string format(const Value& value) {
    return value ? Form::format(*value) : "auto";
  }
};

// Only the values for which kValid is true.
template <class Form, auto kValid>
struct Only : Form {
  static auto parse(std::string_view text) {
    auto value = Form::parse(text);
    return value && kValid(*value) ? value : std::nullopt;
  }
};

template <auto kLeast, auto kMost>
inline constexpr auto kBetween = [](auto value) {
  using T = decltype(value);
  return value >= static_cast<T>(kLeast) && value <= static_cast<T>(kMost);
};

}  // namespace badnessd
