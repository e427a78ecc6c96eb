// SPDX-License-Identifier: GPL-2.0-only
// The settings that decisions use.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "badnessd/engine/badness.h"
#include "badnessd/engine/rules.h"
#include "badnessd/engine/select.h"
#include "badnessd/engine/trigger.h"

namespace badnessd {

// What decisions must know of this machine.
struct Machine {
  Kib mem_total_kib = 0;
  std::uint32_t cpus = 1;
  std::int32_t self_pid = 0;  // never a candidate; 0 on a foreign root
};

struct Policy {
  ScoreModel score{};
  std::vector<Trigger> triggers{};
  std::vector<Rule> rules{};
  VictimOrder victim = VictimOrder::kAuto;
  bool oom_group = false;               // honour memory.oom.group
  std::optional<Amount> min_reclaim{};  // none: see needed_kib()
  Micros term_grace_us = 0;             // 0: SIGKILL at once
  Micros exit_timeout_us = 2 * kSecond;
  Micros recover_timeout_us = kSecond;
  std::uint32_t kills_per_minute = 20;
  Machine machine{};
};

// Whether min_reclaim is 0: the order of 2.6.32, no matter what took the
// memory.
[[nodiscard]] inline bool bare_order(const Policy& policy) noexcept {
  return policy.min_reclaim &&
         amount_kib(*policy.min_reclaim, policy.machine.mem_total_kib) == 0;
}

// The memory that a kill must give back: min_reclaim, else enough to reach
// 1.5 times the limit of the trigger, so that it does not fire again at once.
// Without a memory limit: 1/64 of the total.
[[nodiscard]] Kib needed_kib(const Policy& policy, const Trigger& trigger,
                             const PressureReading& reading) noexcept;

// The trigger for --once if none fires: the first kill trigger for the system,
// else the first for a cgroup.
[[nodiscard]] std::size_t once_trigger(const Policy& policy) noexcept;

}  // namespace badnessd
