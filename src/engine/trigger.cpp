// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/trigger.h"

#include <algorithm>
#include <limits>

namespace badnessd {
namespace {

constexpr Kib kWhole = 10'000;  // basis points

BasisPoints share_of(Micros stalled_us, Micros window_us) noexcept {
  return static_cast<BasisPoints>(
      std::min(stalled_us * kWhole / window_us, Micros{kWhole}));
}

}  // namespace

Kib amount_kib(const Amount& amount, Kib total_kib) noexcept {
  constexpr Kib kNoLimit = std::numeric_limits<Kib>::max();
  // Divides first, so that the product does not overflow.
  const Kib share = amount.basis_points
                        ? total_kib / kWhole * *amount.basis_points +
                              total_kib % kWhole * *amount.basis_points / kWhole
                        : kNoLimit;
  return std::min(share, amount.kib.value_or(kNoLimit));
}

void PressureHistory::add(const PressureReading& reading) noexcept {
  if (count_ != 0 && reading.time_us <= newest_.time_us) {
    return;
  }
  // A file that cannot be read for once is no counter that falls.
  const Sample now{.time_us = reading.time_us,
                   .some_us = reading.psi_some ? reading.psi_some->total_us
                                               : newest_.some_us,
                   .full_us = reading.psi_full ? reading.psi_full->total_us
                                               : newest_.full_us,
                   .has_psi = reading.psi_some.has_value()};
  if (now.some_us < newest_.some_us || now.full_us < newest_.full_us) {
    count_ = 0;
  }
  newest_ = now;
  if (samples_.empty()) {
    return;
  }
  if (count_ == 0 || newest_.time_us - kept(0).time_us >= kStep) {
    samples_[next_] = newest_;
    next_ = (next_ + 1) % kSize;
    count_ = std::min(count_ + 1, kSize);
  }
}

const PressureHistory::Sample* PressureHistory::before(
    Micros window_us) const noexcept {
  for (std::size_t age = 0; age < count_; ++age) {
    const Sample& then = kept(age);
    if (newest_.time_us - then.time_us >= window_us) {
      return &then;
    }
  }
  return nullptr;
}

std::optional<PressureHistory::Share> PressureHistory::share(
    Micros window_us) const noexcept {
  const Sample* then = before(std::max(window_us, Micros{1}));
  if (then == nullptr || !then->has_psi || !newest_.has_psi) {
    return std::nullopt;
  }
  const Micros passed = newest_.time_us - then->time_us;
  return Share{share_of(newest_.some_us - then->some_us, passed),
               share_of(newest_.full_us - then->full_us, passed)};
}

std::optional<Kib> AmountCondition::limit_kib(
    const Trigger& trigger, const PressureReading& reading) const noexcept {
  const bool nothing =
      !nothing_text.empty() && (reading.*total == 0 || reading.swap_useless);
  const auto& given = trigger.*amount;
  return given && !nothing ? std::optional(amount_kib(*given, reading.*total))
                           : std::nullopt;
}

Kib AmountCondition::headroom_kib(
    const Trigger& trigger, const PressureReading& reading) const noexcept {
  const auto limit = limit_kib(trigger, reading);
  return limit ? above(reading.*value, *limit) : 0;
}

bool asks_for_amounts(const Trigger& trigger) noexcept {
  return std::ranges::any_of(kAmountConditions, [&](const auto& it) {
    return (trigger.*it.amount).has_value();
  });
}

bool asks_for_stalls(const Trigger& trigger) noexcept {
  return std::ranges::any_of(kStallConditions, [&](const auto& it) {
    return (trigger.*it.limit).has_value();
  });
}

bool stalls_hold(const Trigger& trigger,
                 const PressureHistory& history) noexcept {
  if (!asks_for_stalls(trigger)) {
    return true;
  }
  const auto share = history.share(trigger.psi_window_us);
  return share && std::ranges::all_of(kStallConditions, [&](const auto& it) {
           return *share.*it.share >= (trigger.*it.limit).value_or(0);
         });
}

bool conditions_hold(const Trigger& trigger, const PressureReading& reading,
                     const PressureHistory& history) noexcept {
  const bool low = std::ranges::all_of(kAmountConditions, [&](const auto& it) {
    const auto limit = it.limit_kib(trigger, reading);
    return !limit || reading.*it.value < *limit;
  });
  return low && stalls_hold(trigger, history);
}

bool swap_is_useless(const PressureReading& reading,
                     const PressureHistory& history, Micros still_us) noexcept {
  constexpr Micros kStill = kSecond / 2;
  constexpr BasisPoints kStalls = 1000;
  // The kernel begins to swap when MemAvailable is near 0.
  const Kib little = reading.mem_total_kib / 64;
  if (reading.swap_free_kib == 0 ||
      reading.mem_available_kib > reading.mem_total_kib / 8) {
    return false;
  }
  const auto share = history.share(kSecond);
  return reading.swappable_kib < little ||
         (reading.mem_available_kib < little && still_us >= kStill && share &&
          share->some >= kStalls);
}

bool fires(const Trigger& trigger, TriggerState& state,
           const PressureReading& reading,
           const PressureHistory& history) noexcept {
  if (!conditions_hold(trigger, reading, history)) {
    state.holds_since_us.reset();
    return false;
  }
  if (!state.holds_since_us) {
    state.holds_since_us = reading.time_us;
  }
  return reading.time_us - *state.holds_since_us >= trigger.for_us;
}

}  // namespace badnessd
