// SPDX-License-Identifier: GPL-2.0-only
// The settings. The member initialisers of Settings are the only place of the
// defaults.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "badnessd/app/config/options.h"
#include "badnessd/engine/policy.h"
#include "badnessd/engine/rules.h"

namespace badnessd {

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
  std::vector<Rule> rules;
};

// Sets `key` from its text: the TOML value without quotes; commas separate the
// items of a list. The error is a sentence with the accepted values or, for an
// unknown key, with the nearest known one.
using SetResult = tl::expected<void, std::string>;
template <class T>
[[nodiscard]] SetResult set_option(T& target, std::string_view key,
                                   std::string_view text);

// The value in the form that set_option() accepts; empty if it is not set or
// has no meaning here.
template <class T>
[[nodiscard]] std::string option_text(const T& target, const Option<T>& option);

// "5%,1GiB".
[[nodiscard]] std::string amount_text(const Amount& amount);

// "total_vm" or "rss+swap".
[[nodiscard]] std::string name_of(MemoryBase base);

// The part of the settings that decisions use, for a given machine.
[[nodiscard]] Policy policy_of(const Settings& settings, Kib mem_total_kib,
                               std::uint32_t cpus, std::int32_t self_pid);

}  // namespace badnessd
