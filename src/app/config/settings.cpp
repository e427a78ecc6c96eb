// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/config/settings.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <type_traits>
#include <utility>

#include <fmt/core.h>

#include "badnessd/app/config/text.h"

namespace badnessd {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kGone{{
    {"badness.memory",
     "the score starts from total_vm, and who took the memory is eligible"},
    {"kill.spare_bystanders",
     R"(kill.min_reclaim = "0" is the order of 2.6.32 without a guard)"},
    {"metrics.textfile",
     "link /run/badnessd/badnessd.prom into node_exporter's directory"},
    {"--since", "'badnessd history -n 0' lists all, with their times"},
    {"--watch", "write 'watch badnessd status'"},
}};

// The Levenshtein distance, to find the nearest key.
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

template <class T>
std::string nearest_key(std::span<const Option<T>> table,
                        std::string_view key) {
  const auto nearest = std::min_element(
      table.begin(), table.end(),
      [key](const Option<T>& a, const Option<T>& b) {
        return edit_distance(key, a.key) < edit_distance(key, b.key);
      });
  return edit_distance(key, nearest->key) <= nearest->key.size() / 2
             ? std::string(nearest->key)
             : std::string();
}

// "there is no setting 'x'; the nearest is 'y'". If none is near, tells where
// to find a list of all settings.
template <class T>
std::string unknown_key(std::string_view key) {
  constexpr std::string_view kKind = std::is_same_v<T, Trigger> ? "trigger "
                                     : std::is_same_v<T, Rule>  ? "rule "
                                                                : "";
  if (const auto instead = instead_of(key); !instead.empty()) {
    return fmt::format("{} is gone: {}", key, instead);
  }
  const std::string nearest = nearest_key(options_of<T>(), key);
  return fmt::format("there is no {}setting '{}'; {}", kKind, escaped(key),
                     nearest.empty()
                         ? std::string("'badnessd --help' lists all")
                         : fmt::format("the nearest is '{}'", nearest));
}

}  // namespace

std::string_view instead_of(std::string_view key) {
  const auto found =
      std::find_if(kGone.begin(), kGone.end(),
                   [key](const auto& it) { return it.first == key; });
  return found == kGone.end() ? std::string_view() : found->second;
}

template <class T>
SetResult set_option(T& target, std::string_view key, std::string_view text) {
  const auto table = options_of<T>();
  const auto option =
      std::find_if(table.begin(), table.end(),
                   [key](const Option<T>& it) { return it.key == key; });
  if (option == table.end()) {
    return tl::unexpected(unknown_key<T>(key));
  }
  if (!option->set(target, text)) {
    return tl::unexpected(fmt::format("{} cannot be '{}': it takes {}", key,
                                      escaped(text), option->values));
  }
  return {};
}

template SetResult set_option(Settings&, std::string_view, std::string_view);
template SetResult set_option(Trigger&, std::string_view, std::string_view);
template SetResult set_option(Rule&, std::string_view, std::string_view);

}  // namespace badnessd
