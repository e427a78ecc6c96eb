// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/json.h"

#include "badnessd/app/config/settings.h"
#include "badnessd/app/report/process.h"
#include "badnessd/app/report/report.h"
#include "badnessd/app/report/triggers.h"

namespace badnessd {
namespace {

struct Report {
  const Snapshot& of;
  const std::vector<std::uint32_t>& order;
  const Policy& policy;
};

constexpr std::array<Field<Report>, 7> kReportFields{{
    {"schema", "1", [](const Report&) -> Json { return kJsonSchema; }},
    {"uptime_seconds", "since the boot", of<&Snapshot::uptime_s>},
    {"kernel_hz", "`kernel.hz`, the CONFIG_HZ of the kernel to reproduce",
     [](const Report& it) -> Json { return it.policy.score.hz; }},
    {"memory", "the base of the score, `total_vm` or `rss+swap`",
     [](const Report& it) -> Json { return name_of(it.policy.score.memory); }},
    {"page_size", "in bytes", of<&Snapshot::page_size>},
    {"facts",
     "what is known and what is not: flags, counts of processes, and "
     "`sentences` that say it in words",
     [](const Report& it) { return gaps_json(it.of.gaps); }},
    {"tasks", "the processes; the fields of each are those of the record",
     [](const Report& it) {
       Json tasks = Json::array();
       for (const std::uint32_t i : it.order) {
         tasks.push_back(process_json({it.of.judged(i), it.policy, &it.of}));
       }
       return tasks;
     }},
}};

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

std::vector<FieldText> report_fields() {
  return texts_of(kReportFields);
}

Json report_json(const Snapshot& snapshot,
                 const std::vector<std::uint32_t>& order,
                 const Policy& policy) {
  return object_of(kReportFields, Report{snapshot, order, policy});
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
