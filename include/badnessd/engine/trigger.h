// SPDX-License-Identifier: GPL-2.0-only
// When to act: readings of memory and pressure, and the conditions on them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "badnessd/engine/glob.h"
#include "badnessd/engine/task.h"

namespace badnessd {

using BasisPoints = std::uint32_t;  // hundredths of a percent
using Micros = std::uint64_t;       // on the source's monotonic clock
inline constexpr Micros kSecond = 1'000'000;

// One line of /proc/pressure/memory.
struct PsiLine {
  BasisPoints avg10 = 0;
  BasisPoints avg60 = 0;
  BasisPoints avg300 = 0;
  Micros total_us = 0;
};

struct PressureReading {
  Micros time_us = 0;
  Kib mem_total_kib = 0;      // without hugetlb pages: no other use for them
  Kib mem_available_kib = 0;  // with the reclaimable ZFS cache
  Kib reclaimable_kib = 0;    // page cache and slab that can go; of a cgroup
  bool clamped = false;       // absurd values were replaced by what can be
  bool mem_available_estimated = false;  // the kernel (before 3.14) has none
  Kib swap_total_kib = 0;
  Kib swap_free_kib = 0;
  // What could go out to swap: anonymous memory that is not locked.
  Kib swappable_kib = kUnknownKib;
  bool swap_useless = false;        // see swap_is_useless()
  Kib shmem_kib = 0;                // tmpfs and shared memory; of the system
  Kib slab_kib = 0;                 // SUnreclaim; of the system
  std::optional<PsiLine> psi_some;  // none: no PSI on this system
  std::optional<PsiLine> psi_full;

  [[nodiscard]] Kib free_kib() const noexcept {
    return mem_available_kib + swap_free_kib;
  }
  [[nodiscard]] Kib swap_used_kib() const noexcept {
    return swap_total_kib - swap_free_kib;
  }
};

// A share of a total, a size, or both: the lower one counts. Example: "5 %, at
// most 1 GiB".
struct Amount {
  std::optional<BasisPoints> basis_points;  // 0..10000
  std::optional<Kib> kib;

  friend bool operator==(const Amount&, const Amount&) = default;
};

[[nodiscard]] Kib amount_kib(const Amount& amount, Kib total_kib) noexcept;

// The PSI counters of the last 120 s: the stalled share of wall time for any
// window up to kSpan, without the lag of the kernel's averages.
class PressureHistory {
 public:
  static constexpr Micros kSpan = 120 * kSecond;

  // kNone keeps only the newest reading, and gives no share.
  enum class Room : std::uint8_t { kSpan, kNone };
  PressureHistory() : PressureHistory(Room::kSpan) {}
  explicit PressureHistory(Room room)
      : samples_(room == Room::kSpan ? kSize : 0) {}

  // Adds `reading`, unless its clock stood still or went back. A counter that
  // falls is that of another cgroup at the same path, or of a kernel that has
  // begun again: the history begins anew.
  void add(const PressureReading& reading) noexcept;

  struct Share {
    BasisPoints some = 0;
    BasisPoints full = 0;
  };
  // The stalled share of the last `window_us`. None without PSI, or while the
  // history is shorter: a short burst must not count as a long one.
  [[nodiscard]] std::optional<Share> share(Micros window_us) const noexcept;

 private:
  struct Sample {
    Micros time_us = 0;
    Micros some_us = 0;
    Micros full_us = 0;
    bool has_psi = false;
  };
  // Samples are kStep apart, except for the newest: any window is exact to
  // within a step.
  static constexpr std::size_t kSize = 256;
  static constexpr Micros kStep = kSpan / kSize * 2;

  // The newest sample that is at least `window_us` old; null: there is none.
  [[nodiscard]] const Sample* before(Micros window_us) const noexcept;
  [[nodiscard]] const Sample& kept(std::size_t age) const noexcept {
    return samples_[(next_ + kSize - 1 - age) % kSize];
  }

  std::vector<Sample> samples_;
  std::size_t next_ = 0;
  std::size_t count_ = 0;
  Sample newest_;
};

enum class Action : std::uint8_t { kKill, kLog };

// All given conditions must hold, for `for_us` without a break.
struct Trigger {
  std::string name;
  std::optional<Amount> mem_available_below{};
  std::optional<Amount> swap_free_below{};  // holds where there is no swap
  std::optional<BasisPoints> psi_some_above{};
  std::optional<BasisPoints> psi_full_above{};
  Micros psi_window_us = 10 * kSecond;
  Micros for_us = 0;
  std::optional<Glob> scope{};  // the cgroups to watch
  Action action = Action::kKill;
};

// How fast memory fills, in KiB per second.
struct FillRates {
  Kib memory = 0;
  Kib swap = 0;
};

// The conditions on an amount that is left: it must be below the limit.
struct AmountCondition {
  std::optional<Amount> Trigger::*amount;
  Kib PressureReading::*value;
  Kib PressureReading::*total;  // what a percentage is a share of
  Kib FillRates::*rate;         // how fast the value falls
  std::string_view name;        // of the value
  std::string_view name_in_cgroup;
  // The sentence for a total of 0: then the condition holds.
  std::string_view nothing_text;
  std::string_view useless_text;  // the same for swap that cannot be used

  // The limit; none if `trigger` has no such condition, or it holds because
  // the total is 0 or swap is useless.
  [[nodiscard]] std::optional<Kib> limit_kib(
      const Trigger& trigger, const PressureReading& reading) const noexcept;
  // What the value must still lose to reach the limit.
  [[nodiscard]] Kib headroom_kib(const Trigger& trigger,
                                 const PressureReading& reading) const noexcept;
};
inline constexpr std::array kAmountConditions{
    AmountCondition{&Trigger::mem_available_below,
                    &PressureReading::mem_available_kib,
                    &PressureReading::mem_total_kib, &FillRates::memory,
                    "MemAvailable", "available memory", "", ""},
    AmountCondition{&Trigger::swap_free_below, &PressureReading::swap_free_kib,
                    &PressureReading::swap_total_kib, &FillRates::swap,
                    "SwapFree", "free swap", "there is no swap",
                    "no more memory goes out to swap"}};

// The conditions on stalls: their share of psi_window_us must reach the limit.
struct StallCondition {
  std::optional<BasisPoints> Trigger::*limit;
  std::optional<PsiLine> PressureReading::*line;
  BasisPoints PressureHistory::Share::*share;
  std::string_view name;  // of the tasks that stall
};
inline constexpr std::array kStallConditions{
    StallCondition{&Trigger::psi_some_above, &PressureReading::psi_some,
                   &PressureHistory::Share::some, "some"},
    StallCondition{&Trigger::psi_full_above, &PressureReading::psi_full,
                   &PressureHistory::Share::full, "full"}};

[[nodiscard]] bool asks_for_amounts(const Trigger& trigger) noexcept;
[[nodiscard]] bool asks_for_stalls(const Trigger& trigger) noexcept;

// Whether the conditions on stalls hold. A share that is not known, because
// there is no PSI or the history is too short, is no reason to act.
[[nodiscard]] bool stalls_hold(const Trigger& trigger,
                               const PressureHistory& history) noexcept;

[[nodiscard]] bool conditions_hold(const Trigger& trigger,
                                   const PressureReading& reading,
                                   const PressureHistory& history) noexcept;

// The state of a trigger between two readings.
struct TriggerState {
  std::optional<Micros> holds_since_us;
};

// Whether free swap will not be used: next to no memory could go out to it
// (mlock), or memory is all but gone and tasks stall, and yet SwapFree has not
// changed for 500 ms (memory.swap.max, swappiness). `still_us`: for how long it
// has not.
[[nodiscard]] bool swap_is_useless(const PressureReading& reading,
                                   const PressureHistory& history,
                                   Micros still_us) noexcept;

// Updates `state`. Whether the trigger fires: its conditions have held for
// `for_us`.
[[nodiscard]] bool fires(const Trigger& trigger, TriggerState& state,
                         const PressureReading& reading,
                         const PressureHistory& history) noexcept;

}  // namespace badnessd
