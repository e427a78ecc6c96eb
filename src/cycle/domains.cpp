// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/domains.h"

#include <algorithm>
#include <string>
#include <utility>

namespace badnessd {
namespace {

// Whether another domain than the acting one fires, and could be helped.
bool fires_elsewhere(const Policy& policy, const OomDomains& domains) {
  const auto fires = [&](const OomDomain& domain) {
    return &domain != &domains.actor() && domain.fired.kill &&
           can_act(policy, domain);
  };
  return fires(domains.system) || std::ranges::any_of(domains.cgroups, fires);
}

}  // namespace

void list_cgroups(CgroupTree& cgroups, const Policy& policy,
                  OomDomains& domains, Micros now_us) {
  constexpr Micros kInterval = 5 * kSecond;
  const bool due =
      domains.listed_us == 0 || now_us - domains.listed_us >= kInterval;
  if (!due) {
    return;
  }
  domains.listed_us = now_us;
  domains.cut = false;
  std::vector<OomDomain> kept;
  for (std::size_t i = 0; i < policy.triggers.size(); ++i) {
    if (!policy.triggers[i].scope) {
      continue;
    }
    for (std::string& cgroup : cgroups.list(*policy.triggers[i].scope)) {
      const auto old =
          std::find_if(domains.cgroups.begin(), domains.cgroups.end(),
                       [&](const OomDomain& it) {
                         return it.trigger == i && it.cgroup == cgroup;
                       });
      kept.push_back(old == domains.cgroups.end()
                         ? cgroup_domain(policy, i, std::move(cgroup))
                         : std::move(*old));
    }
    domains.cut = domains.cut || cgroups.cut();
  }
  domains.cgroups = std::move(kept);
  domains.acting.reset();
}

Firing take_readings(CgroupTree& cgroups, const Policy& policy,
                     OomDomains& domains, const PressureReading& system,
                     bool pending) {
  Firing all{.fired = take_reading(policy, domains.system, system)};
  all.log_domain = all.fired.log ? &domains.system : nullptr;
  for (std::size_t i = 0; i < domains.cgroups.size(); ++i) {
    OomDomain& domain = domains.cgroups[i];
    if (domain.due_us <= system.time_us || (pending && domains.acting == i)) {
      static_cast<void>(take_cgroup(cgroups, policy, domain, system));
      plan_reading(policy, domain, domains.cgroups.size());
    }
    if (domain.fired.log && !all.fired.log) {
      all.fired.log = domain.fired.log;
      all.log_domain = &domain;
    }
  }
  const auto acting = domains.acting;
  all.fired.kill = choose_actor(policy, domains);
  if (pending) {
    domains.acting = acting;
  }
  all.acting = domains.actor().fired.kill.has_value();
  all.elsewhere = fires_elsewhere(policy, domains);
  all.system = domains.system.fired.kill && can_act(policy, domains.system);
  return all;
}

void note_cgroups(OomDomains& domains, std::size_t slot) {
  for (OomDomain& domain : domains.cgroups) {
    domain.noted_free_kib[slot] = domain.last ? domain.last->free_kib() : 0;
  }
}

MemoryNotes notes_of(const OomDomains& domains, MemoryNotes notes) noexcept {
  for (std::size_t slot = 0; domains.acting && slot < notes.size(); ++slot) {
    notes[slot].free_kib = domains.actor().noted_free_kib[slot];
    notes[slot].time_us = notes[slot].free_kib == 0 ? 0 : notes[slot].time_us;
  }
  return notes;
}

Fired take_cgroup(CgroupTree& cgroups, const Policy& policy, OomDomain& domain,
                  const PressureReading& system) {
  const auto reading = cgroups.read(domain.cgroup, system, domain.last);
  if (reading) {
    const std::uint64_t inode = cgroups.inode(domain.cgroup);
    if (domain.inode != inode) {
      renew(policy, domain, inode);
    }
    return take_reading(policy, domain, *reading);
  }
  if (domain.last) {
    domain.last->time_us = system.time_us;
    domain.last->mem_available_kib = domain.last->mem_total_kib;
  }
  domain.fired = {};
  return domain.fired;
}

}  // namespace badnessd
