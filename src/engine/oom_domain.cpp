// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/oom_domain.h"

#include <algorithm>
#include <span>
#include <utility>

namespace badnessd {
namespace {

// Whether the trigger at `index` watches `domain`.
bool judges(const OomDomain& domain, std::size_t index,
            const Trigger& trigger) noexcept {
  return domain.cgroup.empty() ? !trigger.scope : domain.trigger == index;
}

// The shortest time until a trigger of `domain` can fire.
Micros domain_interval_us(const Policy& policy,
                          const OomDomain& domain) noexcept {
  Micros sleep = kLongestInterval;
  for (std::size_t i = 0; domain.last && i < policy.triggers.size(); ++i) {
    if (judges(domain, i, policy.triggers[i])) {
      sleep = std::min(
          sleep, poll_interval_us(std::span(policy.triggers).subspan(i, 1),
                                  std::span(domain.triggers).subspan(i, 1),
                                  *domain.last, domain.history, domain.rates));
    }
  }
  if (domain.last) {
    const Micros now = domain.last->time_us;
    sleep = std::max(sleep, std::max(domain.rest_until_us, now) - now);
  }
  return sleep;
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
  domain.rates = floor_rates(policy.machine.cpus);
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
                   const PressureReading& reading) noexcept {
  domain.history.add(reading);
  if (domain.last) {
    domain.rates =
        credible_rates(floor_rates(policy.machine.cpus), *domain.last, reading);
  }
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
  return fired;
}

Micros time_to_fire_us(const Policy& policy,
                       const OomDomains& domains) noexcept {
  Micros sleep = domain_interval_us(policy, domains.system);
  for (const OomDomain& domain : domains.cgroups) {
    sleep = std::min(sleep, domain_interval_us(policy, domain));
  }
  return sleep;
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

bool time_for_note(const Policy& policy, const OomDomains& domains) noexcept {
  return calm(policy, domains) &&
         time_to_fire_us(policy, domains) >= 10 * kNoteStep;
}

bool budget_left(const Policy& policy, const KillTimes& kills,
                 Micros now_us) noexcept {
  constexpr Micros kMinute = 60 * kSecond;
  std::uint32_t recent = 0;
  const std::size_t known = std::min(kills.count, KillTimes::kMost);
  for (std::size_t i = 0; i < known; ++i) {
    recent += now_us - kills.times_us[i] < kMinute ? 1 : 0;
  }
  return recent < policy.kills_per_minute;
}

void count_kill(KillTimes& kills, Micros now_us) noexcept {
  kills.times_us[kills.count % KillTimes::kMost] = now_us;
  ++kills.count;
}

}  // namespace badnessd
