// SPDX-License-Identifier: GPL-2.0-only
// Who took the memory, and so who may die for it.
#pragma once

#include <cstdint>
#include <optional>

#include "badnessd/engine/account.h"
#include "badnessd/engine/loss.h"
#include "badnessd/engine/policy.h"
#include "badnessd/engine/select.h"

namespace badnessd {

// The answer to the three questions.
struct Culprit {
  enum class Kind : std::uint8_t {
    kUnasked,  // the bare order of 2.6.32
    kOlder,    // the loss is older than the notes
    kProcess,  // one process took half of the loss, and what is needed
    kGroup,    // the processes of one or a few cgroups did
    kNobody  // no living process and no living cgroup, or one that may not die
  };
  Kind kind = Kind::kUnasked;
  Kib took_kib = 0;      // by the process that took the most
  Kib min_took_kib = 0;  // the bar; 0: the account does not say whose it is
  // kNobody: the process that took it, but must not die. An index in tasks.
  std::optional<std::uint32_t> exempt{};
  bool by_account = false;  // kGroup, kNobody: an account of a cgroup says so
};

// Asks in this order:
//   1. One process? If one took at least loss.needed_kib and half of the loss,
//      all that took half as much as it are eligible.
//   2. Cgroups? Else the processes of `cgroups` (those that are `suspect`) are
//      eligible: those that took at least half of the most that one of them
//      took, if together they explain half of it, else all. Where no cgroup is
//      named, all processes are asked, and must explain half of the loss.
//   3. Else it is nobody's.
// Requires verdicts with took_kib. `bars` says who may die.
[[nodiscard]] Culprit find_culprit(const Snapshot& snapshot, const Bars& bars,
                                   const Loss& loss,
                                   const CgroupsTook& cgroups) noexcept;

// Sets the bars by the answer.
void set_bars(const Culprit& culprit, Bars& bars) noexcept;

// Whether an innocent process may die: memory is below half of the limit of the
// trigger (a trigger without such a limit: swap is), or a trigger of stalls
// alone has fired for one more window.
[[nodiscard]] bool innocents_may_die(const Trigger& trigger,
                                     const PressureReading& reading,
                                     Micros firing_us) noexcept;

// The choice of 2.6.32 among those that meet `bars`, with the highest bar of
// reclaim, from needed_kib downwards in halves, that one of them meets. For one
// that took nothing it ends at an eighth of needed_kib, and the greatest
// held_points decide. Returns the bars that were met in `bars`.
[[nodiscard]] Selection select_victim(const Snapshot& snapshot,
                                      const Culprit& culprit, Bars& bars,
                                      Kib needed_kib) noexcept;

}  // namespace badnessd
