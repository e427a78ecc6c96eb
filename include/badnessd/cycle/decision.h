// SPDX-License-Identifier: GPL-2.0-only
// A decision: its inputs, its victim and its end.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "badnessd/engine/account.h"
#include "badnessd/engine/badness.h"
#include "badnessd/engine/blame.h"
#include "badnessd/engine/storm.h"
#include "badnessd/engine/trigger.h"
#include "badnessd/system/kill/killer.h"

namespace badnessd {

// Which processes die besides the chosen process, or instead of it.
enum class KillSet : std::uint8_t {
  kProcess,
  kChild,
  kStorm,
  kCgroup,
  kSharedMm  // all processes with the victim's mm: one alone frees nothing
};

// The record of one decision. Its size is fixed, so that it needs no
// allocation.
struct Decision {
  static constexpr std::size_t kListed = 5;
  enum class End : std::uint8_t {
    kPending,
    kExited,       // its memory came back, or recover_timeout is over
    kStillAlive,   // set aside
    kNotSignalled  // `outcome` says why; set aside where it was refused or
                   // failed
  };

  std::uint64_t number = 0;  // of this process's decisions
  std::size_t trigger = 0;   // index in the policy's
  bool fired = false;        // no: --once
  CgroupPath scope;          // the cgroup short of memory; empty: the system
  PressureReading reading;
  std::optional<PressureHistory::Share> stalls;  // over the trigger's window
  Micros firing_us = 0;  // how long the trigger's conditions have held
  Kib needed_kib = 0;
  Kib required_kib = 0;      // `needed_kib`, halved until a candidate met it
  std::optional<Loss> loss;  // none: no note serves as the baseline
  Culprit culprit;
  CgroupsTook cgroups;
  std::uint32_t candidates = 0;
  std::uint32_t unread = 0;  // processes that were not read for it
  JudgedTask exempt;         // the process of culprit.exempt
  Kib page_kib = 4;
  JudgedTask chosen;
  Score score;  // of the chosen
  JudgedTask victim;
  std::optional<Storm> storm;  // then `chosen` is its forker, if that is known
  KillSet kill_set = KillSet::kProcess;
  CgroupPath group;         // kCgroup: all processes in this cgroup die
  std::uint32_t swept = 0;  // processes killed besides the victim
  // The victim's cgroup at the time of the signal; empty: not known.
  CgroupPath cgroup;
  CgroupPath oom_group;  // the cgroup on that path with memory.oom.group
  Signal signal = Signal::kKill;
  KillOutcome outcome;
  End end = End::kPending;
  // Candidates with more points that were passed over, and the candidates that
  // come next, the most points first.
  std::array<JudgedTask, kListed> passed_over;
  std::uint32_t passed_over_count = 0;
  std::array<JudgedTask, kListed> runners_up;
  std::uint32_t runners_up_count = 0;
  // On the source's monotonic clock; 0: not reached.
  Micros seen_us = 0;
  Micros decided_us = 0;
  Micros signalled_us = 0;
  Micros exited_us = 0;
  Micros memory_back_us = 0;
  Kib reclaimed_kib = 0;

  // What the deaths give back.
  [[nodiscard]] Kib expected_kib() const noexcept {
    return storm ? storm->took_kib : victim.verdict.death_kib();
  }
};

}  // namespace badnessd
