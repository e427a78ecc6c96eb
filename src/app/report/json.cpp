// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/json.h"

#include "badnessd/app/config/settings.h"
#include "badnessd/app/report/process.h"
#include "badnessd/app/report/report.h"
#include "badnessd/app/report/triggers.h"

namespace badnessd {
namespace {

Json psi_json(const std::optional<PsiLine>& line) {
  if (!line) {
    return nullptr;
  }
  return {{"avg10_basis_points", line->avg10},
          {"avg60_basis_points", line->avg60},
          {"avg300_basis_points", line->avg300},
          {"total_us", line->total_us}};
}

}  // namespace

Json report_json(const Snapshot& snapshot,
                 const std::vector<std::uint32_t>& order,
                 const Policy& policy) {
  Json tasks = Json::array();
  for (const std::uint32_t i : order) {
    tasks.push_back(process_json({snapshot.judged(i), policy, &snapshot}));
  }
  return {{"schema", kJsonSchema},
          {"uptime_seconds", snapshot.uptime_s},
          {"kernel_hz", policy.score.hz},
          {"page_size", snapshot.page_size},
          {"facts", gaps_json(snapshot.gaps)},
          {"tasks", std::move(tasks)}};
}

Json steps_json(const Score& score) {
  Json steps = Json::array();
  for (const Step& step : score.steps()) {
    steps.push_back({{"rule", name_of(step.factor)},
                     {"op", name_of(step.op)},
                     {"operand", step.operand},
                     {"before", step.before},
                     {"after", step.after}});
  }
  return steps;
}

Json pressure_json(const PressureReading& reading) {
  return {{"mem_total_kib", reading.mem_total_kib},
          {"mem_available_kib", reading.mem_available_kib},
          {"mem_available_estimated", reading.mem_available_estimated},
          {"swap_total_kib", reading.swap_total_kib},
          {"swap_free_kib", reading.swap_free_kib},
          {"shmem_kib", reading.shmem_kib},
          {"slab_unreclaimable_kib", reading.slab_kib},
          {"some", psi_json(reading.psi_some)},
          {"full", psi_json(reading.psi_full)}};
}

Json triggers_json(const Policy& policy, const OomDomains& domains,
                   const Decision& decision) {
  Json triggers = Json::array();
  for (std::size_t i = 0; i < policy.triggers.size(); ++i) {
    const Trigger& trigger = policy.triggers[i];
    const auto add = [&](const OomDomain& domain) {
      triggers.push_back({{"name", escaped(trigger.name)},
                          {"cgroup", text_json(escaped(domain.cgroup))},
                          {"fires", decision.fired && decision.trigger == i &&
                                        decision.scope.view() == domain.cgroup},
                          {"sentence", trigger_text(trigger, domain)}});
    };
    if (!trigger.scope) {
      add(domains.system);
    }
    for (const OomDomain& domain : domains.cgroups) {
      if (trigger.scope && domain.trigger == i && domain.last) {
        add(domain);
      }
    }
  }
  return triggers;
}

}  // namespace badnessd
