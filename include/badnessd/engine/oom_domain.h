// SPDX-License-Identifier: GPL-2.0-only
// The watched memories: that of the system and those of cgroups.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "badnessd/engine/loss.h"
#include "badnessd/engine/policy.h"
#include "badnessd/engine/trigger.h"

namespace badnessd {

// The times of the last kills.
struct KillTimes {
  static constexpr std::size_t kMost = 128;
  std::array<Micros, kMost> times_us{};
  std::size_t count = 0;  // total, can exceed kMost
};

// The first trigger of each action that fires.
struct Fired {
  std::optional<std::size_t> kill;  // the first of the action kKill
  std::optional<std::size_t> log;   // the first of the action kLog
};

// A watched memory: that of the system, for all triggers without a scope, or
// that of a cgroup, for one trigger whose scope includes the cgroup.
struct OomDomain {
  std::string cgroup{};     // its path; empty: the system
  std::uint64_t inode = 0;  // of the cgroup; 0: not read yet
  std::size_t trigger = 0;  // the trigger that watches the cgroup
  PressureHistory history{};
  std::vector<TriggerState> triggers{};  // as many as the policy has
  std::optional<PressureReading> last{};
  Micros swap_moved_us = 0;  // when free swap last changed
  FillRates growth{};        // twice_rates() of the last two readings
  Fired fired{};             // by the last reading
  Micros due_us = 0;         // a cgroup: not read again before this
  // Free memory and swap of the cgroup at each note; 0: not known.
  std::array<Kib, kNotes> noted_free_kib{};
  // Each cgroup has its own kill budget.
  KillTimes kills{};
  Micros rest_until_us = 0;  // no victim found: no search before this
};

// All watched memories.
struct OomDomains {
  OomDomain system;
  std::vector<OomDomain> cgroups;
  Micros listed_us = 0;  // time of the last list_cgroups()
  bool cut = false;      // it left out cgroups: there were too many
  Micros noted_us = 0;   // time of the last take_time_for_note()
  std::size_t turn = 0;  // of the cgroups that fire, the first from here acts
  // The index in `cgroups` that a decision is about; none: the system.
  std::optional<std::size_t> acting;

  // The domain that a decision is about.
  [[nodiscard]] const OomDomain& actor() const noexcept {
    return acting ? cgroups[*acting] : system;
  }
  [[nodiscard]] OomDomain& actor() noexcept {
    return acting ? cgroups[*acting] : system;
  }
};

// The system, before its first reading.
[[nodiscard]] OomDomains system_domain(const Policy& policy);
// A watch on `cgroup` for the trigger at `trigger`.
[[nodiscard]] OomDomain cgroup_domain(const Policy& policy, std::size_t trigger,
                                      std::string cgroup);
// The path belongs to another cgroup now, as after a restart of a unit: that
// one has no history. The kills at this path still count for the budget, or a
// unit that is restarted after each kill would never spend it.
void renew(const Policy& policy, OomDomain& domain, std::uint64_t inode);
// Resets all triggers and cgroups, as after a change of settings.
void forget_triggers(const Policy& policy, OomDomains& domains);

// Updates the growth, the PSI history and the triggers of `domain`.
[[nodiscard]] Fired take_reading(const Policy& policy, OomDomain& domain,
                                 const PressureReading& taken) noexcept;

// The time until a kill trigger of any domain can fire and act: the system's,
// by the fastest credible growth; a cgroup's, until it is due.
[[nodiscard]] Micros time_to_fire_us(const Policy& policy,
                                     const OomDomains& domains) noexcept;

// Sets when the cgroup, which was just read, is due again. A small cgroup can
// fill within milliseconds at any time: by the fastest credible growth one of
// 256 MiB would be read 70 times a second for ever. While it does not grow, it
// is read four times a second, and `count` cgroups together 250 times: 1 % of
// one processor at 40 us each.
void plan_reading(const Policy& policy, OomDomain& domain,
                  std::size_t count) noexcept;

// Whether reads that can block are safe: no trigger of the system can fire
// within 200 ms, or tasks stall for less than 1 % of the time.
[[nodiscard]] bool calm(const Policy& policy,
                        const OomDomains& domains) noexcept;

// Whether there is time for a step of a note: calm(), and no trigger of the
// system can fire within 10 * kNoteStep (20 ms); else one step in 50 times
// kNoteStep, so that the notes never end. Records the step.
[[nodiscard]] bool take_time_for_note(const Policy& policy,
                                      OomDomains& domains) noexcept;

[[nodiscard]] bool budget_left(const Policy& policy, const KillTimes& kills,
                               Micros now_us) noexcept;
void count_kill(KillTimes& kills, Micros now_us) noexcept;
// Counts a kill for the acting domain. The next turn is another's.
void count_kill(OomDomains& domains, Micros now_us) noexcept;

// Whether a decision for the domain could signal a process: it has budget left
// and does not rest.
[[nodiscard]] bool can_act(const Policy& policy,
                           const OomDomain& domain) noexcept;
// Makes that domain domains.actor() which fires and can act: the system before
// cgroups, which take turns; if none can, one that fires. Returns the trigger.
std::optional<std::size_t> choose_actor(const Policy& policy,
                                        OomDomains& domains) noexcept;

// Pauses the search for 100 ms: it has found no candidate.
void rest(OomDomain& domain) noexcept;
[[nodiscard]] bool resting(const OomDomain& domain) noexcept;

// The rates to assume while nothing fills; oom_domain.cpp explains the values.
// `cpus` is the number of processors.
[[nodiscard]] FillRates floor_rates(std::uint32_t cpus) noexcept;

// Twice the rate between two readings: it may double until the next.
[[nodiscard]] FillRates twice_rates(const PressureReading& before,
                                    const PressureReading& now) noexcept;

inline constexpr Micros kShortestInterval = 2'000;
inline constexpr Micros kLongestInterval = 2 * kSecond;

// The time until the trigger can fire: until its last condition can be true,
// kLongestInterval at most. A trigger that only logs sets no pace: while it
// holds, it would do so for ever.
[[nodiscard]] Micros time_to_fire_us(const Trigger& trigger,
                                     const TriggerState& state,
                                     const PressureReading& now,
                                     const PressureHistory& history,
                                     const FillRates& rates) noexcept;

}  // namespace badnessd
