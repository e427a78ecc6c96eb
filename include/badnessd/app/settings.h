// SPDX-License-Identifier: GPL-2.0-only
// What an administrator can set, and the one table of it. The table feeds the
// TOML loader, --set, --help and config/badnessd.toml; defaults are the member
// initialisers of Settings and stand nowhere else.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

#include "badnessd/engine/policy.h"
#include "badnessd/engine/rules.h"

namespace badnessd {

// The two triggers that ship. See settings.cpp for where the values come from.
[[nodiscard]] std::vector<Trigger> default_triggers();

struct Settings {
  std::uint32_t kernel_hz = 250;
  MemoryBase badness_memory = MemoryBase::kTotalVm;
  VictimOrder kill_victim = VictimOrder::kAuto;
  std::optional<Amount> kill_min_reclaim;  // none: "auto"
  std::chrono::milliseconds kill_term_grace{0};
  std::chrono::milliseconds kill_exit_timeout{2000};
  std::chrono::milliseconds kill_recover_timeout{1000};
  std::uint32_t kill_per_minute = 20;
  bool kill_oom_group = false;
  bool kill_spare_bystanders = true;
  std::chrono::milliseconds log_report_interval{3'600'000};
  std::vector<Trigger> triggers = default_triggers();
  std::vector<AdjRule> rules;
};

// One setting of Settings, or with T = Trigger or AdjRule of a [[trigger]] or
// [[rule]] table.
template <class T>
struct Option {
  using Member = std::variant<
      std::uint32_t T::*, MemoryBase T::*, VictimOrder T::*, Action T::*,
      std::optional<Amount> T::*, std::optional<BasisPoints> T::*, Micros T::*,
      std::chrono::milliseconds T::*, bool T::*, std::optional<Glob> T::*,
      std::vector<Glob> T::*, std::vector<UserRange> T::*,
      std::optional<std::int32_t> T::*>;
  std::string_view key;     // as in TOML: table.name, of a trigger the name
  std::string_view values;  // what it takes, for people
  Member member;
  std::uint64_t min = 0;  // of numbers; of durations in milliseconds
  std::uint64_t max = 0;
  std::string_view help;
};

[[nodiscard]] std::span<const Option<Settings>> options();
[[nodiscard]] std::span<const Option<Trigger>> trigger_options();
[[nodiscard]] std::span<const Option<AdjRule>> rule_options();

// Their entry for the type of what they set.
[[nodiscard]] inline auto options_of(const Settings& /*of*/) {
  return options();
}
[[nodiscard]] inline auto options_of(const Trigger& /*of*/) {
  return trigger_options();
}
[[nodiscard]] inline auto options_of(const AdjRule& /*of*/) {
  return rule_options();
}

// Sets what `key` names from its text, which is what TOML has without the
// quotes; the items of a list are separated by commas. The error is a sentence
// that says what the setting takes, or what the nearest is that there is.
using SetResult = tl::expected<void, std::string>;
template <class T>
[[nodiscard]] SetResult set_option(T& target, std::string_view key,
                                   std::string_view text);

// The value in the form that set_option() takes; empty: not given, or of no
// meaning here.
template <class T>
[[nodiscard]] std::string option_text(const T& target, const Option<T>& option);

// What makes settings useless although each of them is well-formed: a trigger
// that can never fire, one that warns later than the one it should precede, a
// rule that asks for nothing or says nothing. A sentence for each, with the
// trigger or the rule that it is about.
struct Contradiction {
  const void* about = nullptr;  // null: the whole
  std::string sentence;
};
[[nodiscard]] std::vector<Contradiction> contradictions(
    const Settings& settings);

// "5%,1GiB".
[[nodiscard]] std::string amount_text(const Amount& amount);

// "total_vm" or "rss+swap".
[[nodiscard]] std::string name_of(MemoryBase base);

// The part of the settings on which decisions depend, for a machine.
[[nodiscard]] Policy policy_of(const Settings& settings, Kib mem_total_kib,
                               std::uint32_t cpus, std::int32_t self_pid);

// The options with their defaults, for --help and as config/badnessd.toml.
[[nodiscard]] std::string options_help();
[[nodiscard]] std::string default_config();

}  // namespace badnessd
