// SPDX-License-Identifier: GPL-2.0-only
#include <array>
#include <functional>
#include <type_traits>
#include <utility>

#include "badnessd/app/config/settings.h"
#include "badnessd/engine/kernel26.h"
#include "badnessd/engine/oom_domain.h"

namespace badnessd {
namespace {

constexpr Micros kMs = 1000;
constexpr Micros kMinute = 60'000 * kMs;

// A member of the policy of the settings.
template <auto kMember>
constexpr auto kPolicy = [](auto& of) -> auto& {
  return of.policy.*kMember;
};
constexpr auto kHz = [](auto& of) -> auto& {
  return of.policy.score.hz;
};
template <auto kLeast, auto kMost>
using Duration = Only<Codec<Micros>, kBetween<kLeast, kMost>>;
using Share = Only<Percent, kBetween<1, 10'000>>;
constexpr auto kAlways = [](const auto& /*target*/) { return true; };

template <auto kGet, class T>
using ValueOf =
    std::remove_cvref_t<decltype(std::invoke(kGet, std::declval<const T&>()))>;

// The row of the value that kGet, a member or a function, gives of a T. Form is
// how it is written, kMeans whether it has a meaning in a target.
template <class T, auto kGet, class Form = Codec<ValueOf<kGet, T>>,
          auto kMeans = kAlways>
constexpr Option<T> option(std::string_view key, std::string_view values,
                           std::string_view help) {
  using Value = ValueOf<kGet, T>;
  return {.key = key,
          .values = values,
          .help = help,
          .set =
              [](T& target, std::string_view text) {
                auto value = Form::parse(text);
                if (value) {
                  std::invoke(kGet, target) = std::move(*value);
                }
                return value.has_value();
              },
          .text = [](const T& target) -> std::string {
            const Value& value = std::invoke(kGet, target);
            if (!std::invoke(kMeans, target)) {
              return {};
            }
            if constexpr (requires { Form::format(value); }) {
              return Form::format(value);
            } else {
              return value ? Form::format(*value) : std::string();
            }
          }};
}

constexpr std::array kOptions{
    option<Settings, kHz, Only<Codec<std::uint32_t>, valid_hz>>(
        "kernel.hz", "100, 250, 300 or 1000",
        "CONFIG_HZ of the 2.6.32 kernel that is reproduced. It sets the unit "
        "of CPU time in the score: 10.24 s at 100, 8.192 s at 250 and 1000, "
        "6.83 s at 300. 250 was the default of that kernel and of Debian."),
    option<Settings, kPolicy<&Policy::victim>>(
        "kill.victim", R"("auto", "process", "child-first" or "cgroup")",
        "What to kill. auto: the chosen process; in a fork storm, where many "
        "young processes took the memory together, all of them and the process "
        "that forked them. process: always the chosen process alone. "
        "child-first: its first child that has memory of its own, as 2.6.32 "
        "did. cgroup: all processes in its cgroup."),
    option<Settings, kPolicy<&Policy::min_reclaim>, OrAuto<Codec<Amount>>>(
        "kill.min_reclaim", R"("auto", a percentage of MemTotal, a size, or 0)",
        "What the death of a process must give back. A process that cannot is "
        "passed over; if none can, the bar is halved until one does, but never "
        "below an eighth for a process that took nothing. auto: half as much "
        "again as the trigger asks for. 0: nothing, and it does not count who "
        "took the memory: 2.6.32's own order, in which there are no fork "
        "storms either."),
    option<Settings, kPolicy<&Policy::term_grace_us>, Duration<0, kMinute>>(
        "kill.term_grace", "a duration from 0 to 1min",
        "Send SIGTERM first and SIGKILL after this time. 0: SIGKILL at once, "
        "for memory may not wait, and systemd takes a death by SIGTERM for a "
        "clean stop."),
    option<Settings, kPolicy<&Policy::exit_timeout_us>,
           Duration<100 * kMs, kMinute>>(
        "kill.exit_timeout", "a duration from 100ms to 1min",
        "How long to wait for a dying process before it is set aside and "
        "another is looked for. 2.6.32 waited for ever."),
    option<Settings, kPolicy<&Policy::recover_timeout_us>,
           Duration<10 * kMs, kMinute>>(
        "kill.recover_timeout", "a duration from 10ms to 1min",
        "How long to wait for the memory of a dead victim before another is "
        "looked for."),
    option<Settings, kPolicy<&Policy::kills_per_minute>,
           Only<Codec<std::uint32_t>, kBetween<1, KillTimes::kMost>>>(
        "kill.per_minute", "a number from 1 to 128",
        "The most kills in a minute. After that badnessd waits: more "
        "kills would not end such an emergency."),
    option<Settings, kPolicy<&Policy::oom_group>>(
        "kill.oom_group", "true or false",
        "Where the cgroup of the chosen process, or one above it, has a "
        "memory.oom.group of 1 (systemd's OOMPolicy=kill, Kubernetes), kill "
        "all processes in that cgroup, as the kernel would."),
    option<Settings, &Settings::report_interval_us,
           Duration<kMinute, 1440 * kMinute>>(
        "log.report_interval", "a duration from 1min to 24h",
        "Time between two lines that say how things are while nothing "
        "happens."),
};

constexpr std::array kTriggerOptions{
    option<Trigger, &Trigger::mem_available_below>(
        "mem_available_below",
        "a percentage of MemTotal, a size, or a list of both (the lower)",
        "MemAvailable is below this."),
    option<Trigger, &Trigger::swap_free_below>(
        "swap_free_below",
        "a percentage of SwapTotal, a size, or a list of both (the lower)",
        "SwapFree is below this (true without swap, or where it cannot be "
        "used)."),
    option<Trigger, &Trigger::psi_some_above, Share>(
        "psi_some_above", "a percentage from 0.01% to 100%",
        "At least one task waited for memory for more than this "
        "share of psi_window."),
    option<Trigger, &Trigger::psi_full_above, Share>(
        "psi_full_above", "a percentage from 0.01% to 100%",
        "All tasks that had work to do waited for memory for more "
        "than this share of psi_window."),
    option<Trigger, &Trigger::psi_window_us,
           Duration<500 * kMs, PressureHistory::kSpan>, asks_for_stalls>(
        "psi_window", "a duration from 500ms to 2min",
        "Over which time the shares are taken."),
    option<Trigger, &Trigger::for_us, Duration<0, 60 * kMinute>>(
        "for", "a duration from 0 to 1h",
        "How long all conditions must hold without a break."),
    option<Trigger, &Trigger::scope>(
        "scope", "a glob of cgroup paths",
        "Each cgroup that it matches is watched by itself: memory is what its "
        "memory.max or memory.high leaves, page cache that can go counts as "
        "available, and swap and stalls are its own. Only processes in it are "
        "candidates."),
    option<Trigger, &Trigger::action>("action", R"("kill" or "log")",
                                      "Kill, or warn in the log."),
};

constexpr std::string_view kGlobs =
    "a glob or a list of globs (a comma in one is \\,)";

constexpr std::array kRuleOptions{
    option<Rule, &Rule::comm>(
        "comm", kGlobs,
        "The name of the process, as in /proc/PID/comm: 15 bytes "
        "at most. The process can choose it."),
    option<Rule, &Rule::exe>("exe", kGlobs, "The path of its program."),
    option<Rule, &Rule::cmdline>(
        "cmdline", kGlobs,
        "Its arguments with blanks between them, the first 64 KiB. The process "
        "can choose them."),
    option<Rule, &Rule::user>(
        "user", "a name, a uid, a range like 1000-1999, or a list of those",
        "Its real user. A number that is the name of a user is that user."),
    option<Rule, &Rule::cgroup>("cgroup", kGlobs,
                                "The path of its cgroup or of one above it."),
    option<Rule, &Rule::unit>(
        "unit", kGlobs,
        "The service or scope of systemd that it is in, or a slice above that. "
        "What lies in units below a service or scope is not in it, as pods "
        "below containerd.service: cgroup takes those too."),
    option<Rule, &Rule::oom_adj,
           Only<Codec<std::int32_t>, kBetween<kOomDisable, kOomAdjustMax>>>(
        "oom_adj", "a number from -17 to 15",
        "The oom_adj that it is judged by: points are shifted by "
        "it, -17 is never killed."),
    option<Rule, &Rule::protect, Codec<bool>, &Rule::protect>(
        "protect", "true or false", "true is an oom_adj of -17."),
};

}  // namespace

// Exhausted: below 5 % kernel reclaim takes most of the time of an allocating
// task. Above 20 GiB of memory 5 % is a larger reserve than necessary, hence
// 1 GiB. While swap is free, memory is not exhausted: filling swap harms only
// processes that must swap in again.
// Stalled: memory is short and all tasks stall for it 25 % of 10 s. Swap may be
// free, because the swapping takes the time. In the guest of tests/vm a working
// set that does not fit (thrash) stalls 30 to 37 % of the time, without end. A
// process that makes progress must live: a build that swaps stalls for 14 to
// 17 % of its worst 10 s, a leak that fills swap for 13 %, a process swapped
// out once and left alone for 1.5 %. Over 2 s they stall for up to 39, 28 and
// 7 %: a shorter window would kill them.
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

template <>
std::span<const Option<Settings>> options_of() {
  return kOptions;
}

template <>
std::span<const Option<Trigger>> options_of() {
  return kTriggerOptions;
}

template <>
std::span<const Option<Rule>> options_of() {
  return kRuleOptions;
}

}  // namespace badnessd
