// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/oom_domain.h"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

namespace badnessd {
namespace {

// One CPU faults in fresh pages at 0.5 to 1 GiB/s with 4 KiB pages, and at
// twice that with huge pages. The rate grows with the number of CPUs until the
// memory bus is full, at about 16 GiB/s.
constexpr Kib kFaultRatePerCpu = Kib{1} << 20;
constexpr Kib kBusRate = Kib{16} << 20;
// Swap fills as fast as the device writes: about 2 GiB/s (NVMe disk, zram).
constexpr Kib kSwapRate = Kib{2} << 20;

// A PSI share grows slowly, even if all time from now on is stalled: two
// readings per second are enough.
constexpr Micros kStallLook = kSecond / 2;

Micros time_to_lose(Kib headroom, Kib rate) noexcept {
  return headroom * kSecond / std::max(rate, Kib{1});
}

// Twice the loss per second between two readings.
Kib twice_rate(Kib before, Kib now, Micros passed) noexcept {
  return passed == 0 ? 0 : 2 * above(before, now) * kSecond / passed;
}

// The shortest time until all conditions of `trigger` can hold.
Micros time_to_hold(const Trigger& trigger, const PressureReading& now,
                    const PressureHistory& history,
                    const FillRates& rates) noexcept {
  Micros time = stalls_hold(trigger, history) ? 0 : kStallLook;
  for (const AmountCondition& it : kAmountConditions) {
    time = std::max(
        time, time_to_lose(it.headroom_kib(trigger, now), rates.*it.rate));
  }
  return time;
}

// Whether the trigger at `index` watches `domain`.
bool judges(const OomDomain& domain, std::size_t index,
            const Trigger& trigger) noexcept {
  return domain.cgroup.empty() ? !trigger.scope : domain.trigger == index;
}

// The shortest time until a kill trigger of `domain` can fire, at these rates.
Micros time_at(const Policy& policy, const OomDomain& domain,
               const FillRates& rates) noexcept {
  Micros time = kLongestInterval;
  for (std::size_t i = 0; domain.last && i < policy.triggers.size(); ++i) {
    const Trigger& trigger = policy.triggers[i];
    if (judges(domain, i, trigger)) {
      time =
          std::min(time, time_to_fire_us(trigger, domain.triggers[i],
                                         *domain.last, domain.history, rates));
    }
  }
  return std::max(time, kShortestInterval);
}

FillRates credible(const Policy& policy, const OomDomain& domain) noexcept {
  const FillRates floor = floor_rates(policy.machine.cpus);
  return {.memory = std::max(floor.memory, domain.growth.memory),
          .swap = std::max(floor.swap, domain.growth.swap)};
}

// When kill.per_minute allows the next kill.
Micros budget_back_us(const Policy& policy, const KillTimes& kills) noexcept {
  constexpr Micros kMinute = 60 * kSecond;
  const std::size_t budget =
      std::min<std::size_t>(policy.kills_per_minute, KillTimes::kMost);
  if (budget == 0) {
    return std::numeric_limits<Micros>::max();
  }
  return kills.count < budget
             ? 0
             : kills.times_us[(kills.count - budget) % KillTimes::kMost] +
                   kMinute;
}

Micros idle_until_us(const Policy& policy, const OomDomain& domain) noexcept {
  return std::max(domain.rest_until_us, budget_back_us(policy, domain.kills));
}

// The same, at the fastest credible growth, and not while it cannot act.
Micros domain_interval_us(const Policy& policy,
                          const OomDomain& domain) noexcept {
  const Micros time = time_at(policy, domain, credible(policy, domain));
  const Micros idle =
      domain.last ? above(idle_until_us(policy, domain), domain.last->time_us)
                  : 0;
  return std::min(std::max(time, idle), kLongestInterval);
}

}  // namespace

OomDomains system_domain(const Policy& policy) {
  OomDomains domains;
  domains.system = cgroup_domain(policy, 0, {});
  return domains;
}

OomDomain cgroup_domain(const Policy& policy, std::size_t trigger,
                        std::string cgroup) {
  OomDomain domain{.cgroup = std::move(cgroup), .trigger = trigger};
  domain.triggers.resize(policy.triggers.size());
  // A host can have 1000 cgroups, and most triggers do not need PSI.
  const bool stalls =
      domain.cgroup.empty() || asks_for_stalls(policy.triggers[trigger]);
  domain.history = PressureHistory(stalls ? PressureHistory::Room::kSpan
                                          : PressureHistory::Room::kNone);
  return domain;
}

void renew(const Policy& policy, OomDomain& domain, std::uint64_t inode) {
  const KillTimes kills = domain.kills;
  domain = cgroup_domain(policy, domain.trigger, std::move(domain.cgroup));
  domain.kills = kills;
  domain.inode = inode;
}

void rest(OomDomain& domain) noexcept {
  constexpr Micros kRest = 100'000;
  domain.rest_until_us = domain.last ? domain.last->time_us + kRest : 0;
  domain.due_us = std::max(domain.due_us, domain.rest_until_us);
}

bool resting(const OomDomain& domain) noexcept {
  return domain.last && domain.last->time_us < domain.rest_until_us;
}

void forget_triggers(const Policy& policy, OomDomains& domains) {
  domains.system.triggers.assign(policy.triggers.size(), TriggerState{});
  domains.cgroups.clear();
  domains.acting.reset();
  domains.listed_us = 0;
}

Fired take_reading(const Policy& policy, OomDomain& domain,
                   const PressureReading& taken) noexcept {
  domain.history.add(taken);
  if (domain.last) {
    domain.growth = twice_rates(*domain.last, taken);
  }
  if (!domain.last || domain.last->swap_free_kib != taken.swap_free_kib) {
    domain.swap_moved_us = taken.time_us;
  }
  PressureReading reading = taken;
  reading.swap_useless = swap_is_useless(
      reading, domain.history, above(reading.time_us, domain.swap_moved_us));
  domain.last = reading;
  Fired fired;
  for (std::size_t i = 0; i < policy.triggers.size(); ++i) {
    const Trigger& trigger = policy.triggers[i];
    if (!judges(domain, i, trigger)) {
      continue;
    }
    const bool now =
        fires(trigger, domain.triggers[i], reading, domain.history);
    auto& first = trigger.action == Action::kKill ? fired.kill : fired.log;
    if (now && !first) {
      first = i;
    }
  }
  domain.fired = fired;
  return fired;
}

Micros time_to_fire_us(const Policy& policy,
                       const OomDomains& domains) noexcept {
  Micros time = domain_interval_us(policy, domains.system);
  const Micros now = domains.system.last ? domains.system.last->time_us : 0;
  for (const OomDomain& domain : domains.cgroups) {
    if (domain.last) {
      time = std::min(time, above(domain.due_us, now));
    }
  }
  return std::max(time, kShortestInterval);
}

void plan_reading(const Policy& policy, OomDomain& domain,
                  std::size_t count) noexcept {
  constexpr Micros kLook = 250'000;
  constexpr Micros kEach = 4'000;
  const Micros look = std::clamp(count * kEach, kLook, kLongestInterval);
  const Micros growing = time_at(policy, domain, domain.growth);
  const Micros now = domain.last ? domain.last->time_us : 0;
  domain.due_us = now + std::max(domain_interval_us(policy, domain),
                                 std::min(growing, look));
}

bool calm(const Policy& policy, const OomDomains& domains) noexcept {
  constexpr Micros kFar = 200'000;
  constexpr Micros kWindow = 2 * kSecond;
  constexpr BasisPoints kFewStalls = 100;
  if (!domains.system.last) {
    return false;
  }
  const auto share = domains.system.history.share(kWindow);
  return domain_interval_us(policy, domains.system) >= kFar ||
         (share && share->some < kFewStalls);
}

bool take_time_for_note(const Policy& policy, OomDomains& domains) noexcept {
  const Micros now = domains.system.last ? domains.system.last->time_us : 0;
  const bool ample =
      calm(policy, domains) &&
      domain_interval_us(policy, domains.system) >= 10 * kNoteStep;
  if (!ample && now - domains.noted_us < 50 * kNoteStep) {
    return false;
  }
  domains.noted_us = now;
  return true;
}

bool budget_left(const Policy& policy, const KillTimes& kills,
                 Micros now_us) noexcept {
  return now_us >= budget_back_us(policy, kills);
}

void count_kill(KillTimes& kills, Micros now_us) noexcept {
  kills.times_us[kills.count % KillTimes::kMost] = now_us;
  ++kills.count;
}

void count_kill(OomDomains& domains, Micros now_us) noexcept {
  count_kill(domains.actor().kills, now_us);
  domains.turn = domains.acting ? *domains.acting + 1 : domains.turn;
}

bool can_act(const Policy& policy, const OomDomain& domain) noexcept {
  return domain.last && domain.last->time_us >= idle_until_us(policy, domain);
}

std::optional<std::size_t> choose_actor(const Policy& policy,
                                        OomDomains& domains) noexcept {
  const std::size_t count = domains.cgroups.size();
  for (const bool must_act : {true, false}) {
    const auto takes = [&](const OomDomain& domain) {
      return domain.fired.kill && (!must_act || can_act(policy, domain));
    };
    domains.acting.reset();
    if (takes(domains.system)) {
      return domains.system.fired.kill;
    }
    for (std::size_t i = 0; i < count; ++i) {
      domains.acting = (domains.turn + i) % count;
      if (takes(domains.actor())) {
        return domains.actor().fired.kill;
      }
    }
  }
  domains.acting.reset();
  return std::nullopt;
}

FillRates floor_rates(std::uint32_t cpus) noexcept {
  return {.memory = std::min(kFaultRatePerCpu * std::max(cpus, 1U), kBusRate),
          .swap = kSwapRate};
}

FillRates twice_rates(const PressureReading& before,
                      const PressureReading& now) noexcept {
  const Micros passed = above(now.time_us, before.time_us);
  return {.memory = twice_rate(before.mem_available_kib, now.mem_available_kib,
                               passed),
          .swap = twice_rate(before.swap_free_kib, now.swap_free_kib, passed)};
}

Micros time_to_fire_us(const Trigger& trigger, const TriggerState& state,
                       const PressureReading& now,
                       const PressureHistory& history,
                       const FillRates& rates) noexcept {
  if (trigger.action == Action::kLog) {
    return kLongestInterval;
  }
  Micros time = time_to_hold(trigger, now, history, rates);
  if (state.holds_since_us) {
    time = std::max(time,
                    above(trigger.for_us, now.time_us - *state.holds_since_us));
  }
  return std::min(time, kLongestInterval);
}

}  // namespace badnessd
