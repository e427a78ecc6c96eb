// SPDX-License-Identifier: GPL-2.0-only
// A JSON object as a table: one row for each field, with its description.
// badnessd(8) lists the same rows.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>

#include "badnessd/app/config/text.h"

namespace badnessd {

using Json = nlohmann::ordered_json;

inline constexpr int kJsonSchema = 1;

template <class T>
struct Field {
  std::string_view key;
  std::string_view text;  // the description, Markdown
  Json (*value)(const T& from);
};

// For the user.
struct FieldText {
  std::string_view key;
  std::string_view text;
};

template <class T, std::size_t kCount>
[[nodiscard]] Json object_of(const std::array<Field<T>, kCount>& fields,
                             const T& from) {
  Json object = Json::object();
  for (const Field<T>& field : fields) {
    object[std::string(field.key)] = field.value(from);
  }
  return object;
}

template <class Fields>
[[nodiscard]] std::vector<FieldText> texts_of(const Fields& fields) {
  std::vector<FieldText> texts;
  texts.reserve(fields.size());
  for (const auto& field : fields) {
    texts.push_back({field.key, field.text});
  }
  return texts;
}

// The object as the commands print it.
[[nodiscard]] inline std::string dumped(const Json& json) {
  return json.dump(2) + "\n";
}

// null if it is empty.
[[nodiscard]] inline Json text_json(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

// A member of `it`, of `it.of`, or of its task or verdict; null for an empty
// optional or path.
template <auto kMember, class T>
[[nodiscard]] Json of(const T& it) {
  const auto& value = [&]() -> decltype(auto) {
    if constexpr (std::is_invocable_v<decltype(kMember), const T&>) {
      return std::invoke(kMember, it);
    } else if constexpr (requires { std::invoke(kMember, it.of); }) {
      return std::invoke(kMember, it.of);
    } else if constexpr (requires { std::invoke(kMember, it.of.task); }) {
      return std::invoke(kMember, it.of.task);
    } else {
      return std::invoke(kMember, it.of.verdict);
    }
  }();
  if constexpr (requires { value.has_value(); }) {
    return value ? Json(*value) : Json();
  } else if constexpr (requires { value.view(); }) {
    return text_json(escaped(value.view()));
  } else {
    return value;
  }
}

}  // namespace badnessd
