// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/config/options.h"

#include <array>

#include "badnessd/app/config/settings.h"
#include "badnessd/engine/oom_domain.h"

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
        "kill.victim", R"("auto", "process", "child-first" or "cgroup")",
        &Settings::kill_victim, 0, 0,
        "What to kill. auto: the chosen process; in a fork storm, where young "
        "copies of one program took the memory, the process that forked them "
        "and then all of them. process: always the chosen process alone. "
        "child-first: its first child that has memory of its own, as 2.6.32 "
        "did. cgroup: all processes in its cgroup."},
    Option<Settings>{
        "kill.min_reclaim", R"("auto", a percentage of MemTotal, a size, or 0)",
        &Settings::kill_min_reclaim, 0, 0,
        "What the death of a process must give back. A process that cannot is "
        "passed over; if none can, the bar is halved until one does. auto: "
        "half as much again as the trigger asks for. 0: nothing, which is "
        "2.6.32's own order without any guard, in which there are no fork "
        "storms either."},
    Option<Settings>{
        "kill.spare_bystanders", "true or false",
        &Settings::kill_spare_bystanders, 0, 0,
        "Pass over a process that did not take a fair part of the memory: less "
        "than half of what the one took that took most since memory was "
        "ample. If no process took enough, the greatest score for what a "
        "process holds, reserved memory left out, decides instead. false: a "
        "process that only reserves memory can die for one that took it."},
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
    Option<Settings>{
        "kill.per_minute", "a number from 1 to 128", &Settings::kill_per_minute,
        1, KillTimes::kMost,
        "The most kills in a minute. After that badnessd waits: more "
        "kills would not end such an emergency."},
    Option<Settings>{
        "kill.oom_group", "true or false", &Settings::kill_oom_group, 0, 0,
        "Where the cgroup of the chosen process, or one above it, has a "
        "memory.oom.group of 1 (systemd's OOMPolicy=kill, Kubernetes), kill "
        "all processes in that cgroup, as the kernel would."},
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
                    "At least one task waited for memory for more than this "
                    "share of psi_window."},
    Option<Trigger>{"psi_full_above", "a percentage from 0.01% to 100%",
                    &Trigger::psi_full_above, 1, 10'000,
                    "All tasks that had work to do waited for memory for more "
                    "than this share of psi_window."},
    Option<Trigger>{"psi_window", "a duration from 500ms to 2min",
                    &Trigger::psi_window_us, 500, PressureHistory::kSpan / 1000,
                    "Over which time the shares are taken."},
    Option<Trigger>{"for", "a duration from 0 to 1h", &Trigger::for_us, 0,
                    60 * kMinute,
                    "How long all conditions must hold without a break."},
    Option<Trigger>{
        "scope", "a glob of cgroup paths", &Trigger::scope, 0, 0,
        "Each cgroup that it matches is watched by itself: memory is what its "
        "memory.max or memory.high leaves, page cache that can go counts as "
        "available, and swap and stalls are its own. Only processes in it are "
        "candidates."},
    Option<Trigger>{"action", R"("kill" or "log")", &Trigger::action, 0, 0,
                    "Kill, or warn in the log."},
};

constexpr std::string_view kGlobs =
    "a glob or a list of globs (a comma in one is \\,)";

constexpr std::array kRuleOptions{
    Option<Rule>{"comm", kGlobs, &Rule::comm, 0, 0,
                 "The name of the process, as in /proc/PID/comm: 15 bytes "
                 "at most. The process can choose it."},
    Option<Rule>{"exe", kGlobs, &Rule::exe, 0, 0, "The path of its program."},
    Option<Rule>{
        "cmdline", kGlobs, &Rule::cmdline, 0, 0,
        "Its arguments with blanks between them, the first 64 KiB. The process "
        "can choose them."},
    Option<Rule>{"user",
                 "a name, a uid, a range like 1000-1999, or a list of those",
                 &Rule::user, 0, 0, "Its real user."},
    Option<Rule>{"cgroup", kGlobs, &Rule::cgroup, 0, 0,
                 "The path of its cgroup or of one above it."},
    Option<Rule>{"unit", kGlobs, &Rule::unit, 0, 0,
                 "The service or scope of systemd that it is in, or a slice "
                 "above that."},
    Option<Rule>{"oom_adj", "a number from -17 to 15", &Rule::oom_adj, 0, 0,
                 "The oom_adj that it is judged by: points are shifted by "
                 "it, -17 is never killed."},
    Option<Rule>{"protect", "true or false", &Rule::protect, 0, 0,
                 "true is an oom_adj of -17."},
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

std::span<const Option<Settings>> options() {
  return kOptions;
}

std::span<const Option<Trigger>> trigger_options() {
  return kTriggerOptions;
}

std::span<const Option<Rule>> rule_options() {
  return kRuleOptions;
}

}  // namespace badnessd
