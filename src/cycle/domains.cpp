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
  std::vector<Watch> kept;
  for (std::size_t i = 0; i < policy.triggers.size(); ++i) {
    if (!policy.triggers[i].scope) {
      continue;
    }
    for (std::string& cgroup : source.list_cgroups(*policy.triggers[i].scope)) {
      const auto old = std::find_if(
          state.cgroups.begin(), state.cgroups.end(), [&](const Watch& it) {
            return it.trigger == i && it.cgroup == cgroup;
          });
      kept.push_back(old == state.cgroups.end()
                         ? watch_cgroup(policy, i, std::move(cgroup))
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
  all.log_watch = all.fired.log ? &state.system : nullptr;
  if (!state.pending) {
    state.acting.reset();
  }
  all.acting = !state.acting && all.system;
  all.elsewhere = state.acting && all.system;
  for (std::size_t i = 0; i < state.cgroups.size(); ++i) {
    Watch& watch = state.cgroups[i];
    const Fired fired = take_cgroup(source, policy, watch, system);
    if (fired.log && !all.fired.log) {
      all.fired.log = fired.log;
      all.log_watch = &watch;
    }
    const bool first =
        !all.fired.kill || (resting(acting_watch(state)) && !resting(watch));
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
  for (Watch& watch : state.cgroups) {
    watch.noted_free_kib[slot] = watch.last ? watch.last->free_kib() : 0;
  }
}

Fired take_cgroup(FactSource& source, const Policy& policy, Watch& watch,
                  const PressureReading& system) {
  const auto reading = source.read_cgroup(watch.cgroup, system);
  if (reading) {
    return take_reading(policy, watch, *reading);
  }
  if (watch.last) {
    watch.last->time_us = system.time_us;
    watch.last->mem_available_kib = watch.last->mem_total_kib;
  }
  return {};
}

}  // namespace badnessd
