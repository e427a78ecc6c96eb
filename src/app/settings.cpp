// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/settings.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <type_traits>

#include <spdlog/fmt/fmt.h>

#include "badnessd/app/text.h"
#include "badnessd/app/values.h"
#include "badnessd/engine/kernel26.h"

namespace badnessd {
namespace {

constexpr std::uint64_t kSecond = 1000;
constexpr std::uint64_t kMinute = 60 * kSecond;
constexpr std::uint64_t kDay = kMinute * 60 * 24;

constexpr std::array kOptions{
    Option<Settings>{
        "kernel.hz", "100, 250, 300 or 1000", &Settings::kernel_hz, 100, 1000,
        "CONFIG_HZ of the 2.6.32 kernel that is reproduced. It sets the unit "
        "of CPU time in the score: 10.24 s at 100, 8.192 s at 250 and 1000, "
        "6.83 s at 300. 250 was the default of that kernel and of Debian."},
    Option<Settings>{
        "badness.memory", R"("total_vm" or "rss+swap")",
        &Settings::badness_memory, 0, 0,
        "What the score starts from, of a process and of its children: "
        "reserved address space as in 2.6.32, or what is resident or "
        "swapped out."},
    Option<Settings>{
        "kill.victim", R"("auto", "process" or "child-first")",
        &Settings::kill_victim, 0, 0,
        "Whom to kill. auto: the chosen process; in a fork storm, where young "
        "copies of one program hold what memory has lost, the forker and then "
        "all of them. process: always the chosen one. child-first: as 2.6.32 "
        "did its first child that has memory of its own."},
    Option<Settings>{
        "kill.min_reclaim", R"("auto", a percentage of MemTotal, a size, or 0)",
        &Settings::kill_min_reclaim, 0, 0,
        "What a death must give back; whoever cannot is passed over, and where "
        "nobody can the bar is halved until somebody does. auto: half as much "
        "again as the trigger asks for. 0: nothing, which is 2.6.32's own "
        "order, in which there are no fork storms either."},
    Option<Settings>{
        "kill.term_grace", "a duration from 0 to 1min",
        &Settings::kill_term_grace, 0, kMinute,
        "Send SIGTERM first and SIGKILL after this time. 0: SIGKILL at once, "
        "for memory may not wait, and systemd takes a death by SIGTERM for a "
        "clean stop."},
    Option<Settings>{
        "kill.exit_timeout", "a duration from 100ms to 1min",
        &Settings::kill_exit_timeout, 100, kMinute,
        "How long to wait for a dying process before it is set aside and "
        "another is looked for. 2.6.32 waited for ever."},
    Option<Settings>{
        "kill.recover_timeout", "a duration from 10ms to 1min",
        &Settings::kill_recover_timeout, 10, kMinute,
        "How long to wait for the memory of a dead victim before another is "
        "looked for."},
    Option<Settings>{"kill.per_minute", "a number from 1 to 128",
                     &Settings::kill_per_minute, 1, PolicyState::kMaxKills,
                     "The most kills in a minute. Whatever needs more is not "
                     "ended by more."},
    Option<Settings>{
        "log.report_interval", "a duration from 1min to 24h",
        &Settings::log_report_interval, kMinute, kDay,
        "Time between two lines that say how things are while nothing "
        "happens."},
};

constexpr std::array kTriggerOptions{
    Option<Trigger>{
        "mem_available_below",
        "a percentage of MemTotal, a size, or a list of both (the lower)",
        &Trigger::mem_available_below, 0, 0, "MemAvailable is below this."},
    Option<Trigger>{
        "swap_free_below",
        "a percentage of SwapTotal, a size, or a list of both (the lower)",
        &Trigger::swap_free_below, 0, 0,
        "SwapFree is below this; holds always where there is no swap."},
    Option<Trigger>{"psi_some_above", "a percentage from 0.01% to 100%",
                    &Trigger::psi_some_above, 1, 10'000,
                    "Somebody waited for memory for more than this share of "
                    "psi_window."},
    Option<Trigger>{"psi_full_above", "a percentage from 0.01% to 100%",
                    &Trigger::psi_full_above, 1, 10'000,
                    "Everybody waited for memory for more than this share of "
                    "psi_window."},
    Option<Trigger>{"psi_window", "a duration from 500ms to 2min",
                    &Trigger::psi_window_us, 500, PressureHistory::kSpan / 1000,
                    "Over which time the shares are taken."},
    Option<Trigger>{"for", "a duration from 0 to 1h", &Trigger::for_us, 0,
                    60 * kMinute,
                    "How long all conditions must hold without a break."},
    Option<Trigger>{"action", R"("kill" or "log")", &Trigger::action, 0, 0,
                    "Kill, or warn in the log."},
};

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

template <class T>
SetResult set_in(T& target, std::span<const Option<T>> table,
                 std::string_view key, std::string_view text) {
  const auto option =
      std::find_if(table.begin(), table.end(),
                   [key](const Option<T>& it) { return it.key == key; });
  if (option == table.end()) {
    return tl::unexpected(unknown_key(key, std::is_same_v<T, Trigger>));
  }
  const bool ok = std::visit(
      [&](auto member) {
        return parse(text, Range{option->min, option->max}, target.*member);
      },
      option->member);
  // The one setting whose numbers are no range.
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

}  // namespace

// Exhausted: 5 % is where kernel reclaim takes over most of the time of whoever
// allocates; above 20 GiB of memory it would be more than anybody needs in
// reserve, hence 1 GiB. While swap is free memory is not exhausted: filling it
// hurts nobody who is not swapped in again.
// Stalled: memory is short and everybody stands still for it a quarter of the
// time, ten seconds long; swap may be free, for it is the swapping that takes
// the time. In the guest of tests/vm a working set that does not fit (thrash)
// stands still for 30 to 37 % of the time and would for ever. What gets on must
// live: a build that swaps stands still for 14 to 17 % of its worst ten
// seconds, a leak that fills swap for 13 %, what is swapped out once and left
// alone for 1.5 %. Over two seconds it is up to 39, 28 and 7 %: a shorter
// window would kill them.
std::vector<Trigger> default_triggers() {
  const Amount low{.basis_points = 500, .kib = Kib{1} << 20};
  return {{.name = "exhausted",
           .mem_available_below = low,
           .swap_free_below = Amount{.basis_points = 1000, .kib = {}}},
          {.name = "stalled",
           .mem_available_below = low,
           .psi_full_above = 2500,
           .psi_window_us = 10'000'000}};
}

std::span<const Option<Settings>> options() {
  return kOptions;
}

std::span<const Option<Trigger>> trigger_options() {
  return kTriggerOptions;
}

std::string unknown_key(std::string_view key, bool in_trigger) {
  const std::string nearest = in_trigger ? nearest_key(trigger_options(), key)
                                         : nearest_key(options(), key);
  return fmt::format("there is no {}setting '{}'; {}",
                     in_trigger ? "trigger " : "", escaped(key),
                     nearest.empty()
                         ? std::string("'badnessd --help' lists all")
                         : fmt::format("the nearest is '{}'", nearest));
}

SetResult set_option(Settings& settings, std::string_view key,
                     std::string_view text) {
  return set_in(settings, options(), key, text);
}

SetResult set_option(Trigger& trigger, std::string_view key,
                     std::string_view text) {
  return set_in(trigger, trigger_options(), key, text);
}

std::string option_text(const Settings& settings,
                        const Option<Settings>& option) {
  return std::visit([&](auto member) { return format(settings.*member); },
                    option.member);
}

std::string option_text(const Trigger& trigger, const Option<Trigger>& option) {
  const bool has_psi = trigger.psi_some_above || trigger.psi_full_above;
  if (option.key == "psi_window" && !has_psi) {
    return {};
  }
  return std::visit(
      [&](auto member) {
        using Value = std::remove_cvref_t<decltype(trigger.*member)>;
        if constexpr (std::is_same_v<Value, std::optional<Amount>>) {
          return trigger.*member ? format(*(trigger.*member)) : std::string();
        } else {
          return format(trigger.*member);
        }
      },
      option.member);
}

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
      .victim = settings.kill_victim,
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
