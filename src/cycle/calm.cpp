// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/calm.h"

#include "badnessd/cycle/domains.h"

namespace badnessd {

std::uint64_t use_calm_time(const Sources& sources, const Policy& policy,
                            const PressureReading& reading, CycleState& state) {
  constexpr Micros kNear = 200'000;
  constexpr Micros kOften = 60 * kSecond;
  const Micros now = reading.time_us;
  const Micros to_fire = time_to_fire_us(policy, state.domains);
  // A kill seen when the trigger fires must be a recent one. Not each time:
  // vmstat is more expensive than meminfo.
  const bool look = state.counters_read_us == 0 ||
                    now - state.counters_read_us >= kOften || to_fire < kNear;
  const std::uint64_t kills =
      look ? look_for_kernel_kills(sources, now, state) : 0;
  list_cgroups(sources.cgroups, policy, state.domains, now);
  if (calm(policy, state.domains)) {
    state.identities.look(sources, policy, state.census, now);
  }
  state.accounts.take(sources);
  if (take_time_for_note(policy, state.domains)) {
    take_note(sources, reading, to_fire, state);
  }
  return kills;
}

void take_note(const Sources& sources, const PressureReading& reading,
               Micros to_fire_us, CycleState& state) {
  const bool busy = state.census.busy();
  const auto done = state.census.look(sources, reading, to_fire_us);
  if (state.census.busy() ? !busy : done && !busy) {
    state.accounts.ask_note(sources, state.census.slot(),
                            reading.mem_total_kib);
  }
  if (done) {
    note_cgroups(state.domains, *done);
    state.make_room();
  }
}

std::uint64_t look_for_kernel_kills(const Sources& sources, Micros now_us,
                                    CycleState& state) {
  const auto before = state.counters.oom_kills;
  state.counters = sources.facts.read_vm_counters();
  state.counters_read_us = now_us;
  const std::uint64_t kills =
      before ? above(state.counters.oom_kills.value_or(0), *before) : 0;
  if (kills == 0 && state.limit_ooms) {
    return 0;
  }
  // With memory.oom.group one of these kills many.
  const std::uint64_t ooms = sources.cgroups.limit_ooms();
  const bool of_limit = ooms > state.limit_ooms.value_or(ooms);
  state.limit_ooms = ooms;
  if (kills != 0 && (!of_limit || state.domains.acting)) {
    state.incident.kernel_kill_us = now_us;
  }
  return kills;
}

}  // namespace badnessd
