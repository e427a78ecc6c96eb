// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/domains.h"

#include <algorithm>
#include <string>
#include <utility>

namespace badnessd {

void list_cgroups(FactSource& source, const Policy& policy, PolicyState& state,
                  Micros now_us) {
  constexpr Micros kInterval = 5'000'000;
  const bool due =
      state.listed_us == 0 || now_us - state.listed_us >= kInterval;
  if (!due || state.pending) {
    return;
  }
  state.listed_us = now_us;
  std::vector<OomDomain> kept;
  for (std::size_t i = 0; i < policy.triggers.size(); ++i) {
    if (!policy.triggers[i].scope) {
      continue;
    }
    for (std::string& cgroup : source.list_cgroups(*policy.triggers[i].scope)) {
      const auto old = std::find_if(
          state.cgroups.begin(), state.cgroups.end(), [&](const OomDomain& it) {
            return it.trigger == i && it.cgroup == cgroup;
          });
      kept.push_back(old == state.cgroups.end()
                         ? cgroup_domain(policy, i, std::move(cgroup))
                         : std::move(*old));
    }
  }
  state.cgroups = std::move(kept);
  state.acting.reset();
}

Firing take_readings(FactSource& source, const Policy& policy,
                     PolicyState& state, const PressureReading& system) {
  Firing all{.fired = take_reading(policy, state.system, system)};
  all.system = all.fired.kill.has_value();
  all.log_domain = all.fired.log ? &state.system : nullptr;
  if (!state.pending) {
    state.acting.reset();
  }
  all.acting = !state.acting && all.system;
  all.elsewhere = state.acting && all.system;
  for (std::size_t i = 0; i < state.cgroups.size(); ++i) {
    OomDomain& domain = state.cgroups[i];
    const Fired fired = take_cgroup(source, policy, domain, system);
    if (fired.log && !all.fired.log) {
      all.fired.log = fired.log;
      all.log_domain = &domain;
    }
    const bool first =
        !all.fired.kill || (resting(acting_domain(state)) && !resting(domain));
    if (fired.kill && first && !state.pending) {
      all.fired.kill = fired.kill;
      state.acting = i;
    }
    if (state.acting == i) {
      all.acting = fired.kill.has_value();
    } else if (fired.kill) {
      all.elsewhere = true;
    }
  }
  return all;
}

void note_cgroups(PolicyState& state, std::size_t slot) {
  for (OomDomain& domain : state.cgroups) {
    domain.noted_free_kib[slot] = domain.last ? domain.last->free_kib() : 0;
  }
}

Fired take_cgroup(FactSource& source, const Policy& policy, OomDomain& domain,
                  const PressureReading& system) {
  const auto reading = source.read_cgroup(domain.cgroup, system);
  if (reading) {
    return take_reading(policy, domain, *reading);
  }
  if (domain.last) {
    domain.last->time_us = system.time_us;
    domain.last->mem_available_kib = domain.last->mem_total_kib;
  }
  return {};
}

}  // namespace badnessd
