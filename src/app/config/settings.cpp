// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/config/settings.h"

#include <algorithm>
#include <numeric>
#include <type_traits>

#include <fmt/core.h>

#include "badnessd/app/config/text.h"
#include "badnessd/app/config/values.h"
#include "badnessd/engine/kernel26.h"

namespace badnessd {
namespace {

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
std::string unknown_key(const T& target, std::string_view key) {
  constexpr std::string_view kKind = std::is_same_v<T, Trigger> ? "trigger "
                                     : std::is_same_v<T, Rule>  ? "rule "
                                                                : "";
  const std::string nearest = nearest_key(options_of(target), key);
  return fmt::format("there is no {}setting '{}'; {}", kKind, escaped(key),
                     nearest.empty()
                         ? std::string("'badnessd --help' lists all")
                         : fmt::format("the nearest is '{}'", nearest));
}

}  // namespace

template <class T>
SetResult set_option(T& target, std::string_view key, std::string_view text) {
  const auto table = options_of(target);
  const auto option =
      std::find_if(table.begin(), table.end(),
                   [key](const Option<T>& it) { return it.key == key; });
  if (option == table.end()) {
    return tl::unexpected(unknown_key(target, key));
  }
  const bool ok = std::visit(
      [&](auto member) {
        return parse(text, Range{option->min, option->max}, target.*member);
      },
      option->member);
  // The only setting whose numbers do not form a range.
  const bool hz_ok = key != "kernel.hz" || [&] {
    std::uint32_t hz = 0;
    return parse(text, {}, hz) && valid_hz(hz);
  }();
  if (!ok || !hz_ok) {
    return tl::unexpected(fmt::format("{} cannot be '{}': it takes {}", key,
                                      escaped(text), option->values));
  }
  return {};
}

template <class T>
std::string option_text(const T& target, const Option<T>& option) {
  if constexpr (std::is_same_v<T, Trigger>) {
    const bool has_psi = target.psi_some_above || target.psi_full_above;
    if (option.key == "psi_window" && !has_psi) {
      return {};
    }
  }
  if constexpr (std::is_same_v<T, Rule>) {
    if (option.key == "protect" && !target.protect) {
      return {};
    }
  }
  return std::visit(
      [&](auto member) {
        // An empty Amount is "auto" in Settings, and no condition in a trigger.
        using Value = std::remove_cvref_t<decltype(target.*member)>;
        if constexpr (std::is_same_v<Value, std::optional<Amount>> &&
                      !std::is_same_v<T, Settings>) {
          return target.*member ? format(*(target.*member)) : std::string();
        } else {
          return format(target.*member);
        }
      },
      option.member);
}

template SetResult set_option(Settings&, std::string_view, std::string_view);
template SetResult set_option(Trigger&, std::string_view, std::string_view);
template SetResult set_option(Rule&, std::string_view, std::string_view);
template std::string option_text(const Settings&, const Option<Settings>&);
template std::string option_text(const Trigger&, const Option<Trigger>&);
template std::string option_text(const Rule&, const Option<Rule>&);

std::string amount_text(const Amount& amount) {
  return format(amount);
}

std::string name_of(MemoryBase base) {
  return format(base);
}

Policy policy_of(const Settings& settings, Kib mem_total_kib,
                 std::uint32_t cpus, std::int32_t self_pid) {
  const auto micros = [](std::chrono::milliseconds duration) {
    return static_cast<Micros>(duration.count()) * 1000;
  };
  Policy policy{
      .score = {.hz = settings.kernel_hz, .memory = settings.badness_memory},
      .triggers = settings.triggers,
      .rules = settings.rules,
      .victim = settings.kill_victim,
      .oom_group = settings.kill_oom_group,
      .spare_bystanders = settings.kill_spare_bystanders,
      .term_grace_us = micros(settings.kill_term_grace),
      .exit_timeout_us = micros(settings.kill_exit_timeout),
      .recover_timeout_us = micros(settings.kill_recover_timeout),
      .kills_per_minute = settings.kill_per_minute,
      .floor_rates = floor_rates(cpus),
      .self_pid = self_pid};
  if (settings.kill_min_reclaim) {
    policy.min_reclaim_kib =
        amount_kib(*settings.kill_min_reclaim, mem_total_kib);
  }
  return policy;
}

}  // namespace badnessd
