// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/json.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "badnessd/app/config/settings.h"
#include "badnessd/app/report/report.h"
#include "badnessd/app/report/triggers.h"
#include "badnessd/engine/ranking.h"

namespace badnessd {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(2) + "\n";
}

Json gaps_json(const Gaps& gaps) {
  return {{"live", gaps.live},
          {"kernel_2_6", gaps.kernel26},
          {"oom_adj_converted", gaps.oom_adj_converted},
          {"swap_known", gaps.swap_known},
          {"init_visible", gaps.init_visible},
          {"children_by_ppid", gaps.children_by_ppid},
          {"mm_identity_unknown", gaps.mm_identity_unknown},
          {"userns_unreadable", gaps.userns_unreadable},
          {"nodes_unknown", gaps.nodes_unknown},
          {"vanished", gaps.vanished},
          {"unreadable", gaps.unreadable},
          {"malformed", gaps.malformed},
          {"sentences", gaps_text(gaps)}};
}

Json task_json(const Snapshot& snapshot, std::uint32_t index,
               const Policy& policy) {
  const auto [task, verdict] = snapshot.judged(index);
  const Skip skip =
      skip_reason({task, verdict}, {.self_pid = policy.machine.self_pid});
  Json json{
      {"pid", task.id.pid},
      {"ppid", task.ppid},
      {"start_time_ticks", task.id.start_time},
      {"comm", escaped(task.name())},
      {"uid", nullptr},
      {"points", verdict.points},
      {"oom_adj", verdict.oom_adj},
      {"own_oom_adj", task.oom_adj},
      {"rule", nullptr},
      {"oom_score_adj", nullptr},
      {"total_vm_pages", task.total_vm},
      {"rss_kib", task.rss * (snapshot.page_size / 1024)},
      {"swap_kib", nullptr},
      {"reclaim_kib", verdict.death_kib()},
      {"pid_ns_init", task.pid_ns_init},
      {"eligible", skip == Skip::kNone},
      {"skipped", nullptr},
      {"steps", steps_json(badness(snapshot, {task, verdict}, policy.score))}};
  if (task.uid) {
    json["uid"] = *task.uid;
  }
  if (verdict.rules != 0) {
    json["rule"] = rule_name(verdict, policy);
  }
  if (task.has_oom_score_adj) {
    json["oom_score_adj"] = task.oom_score_adj;
  }
  if (snapshot.gaps.swap_known) {
    json["swap_kib"] = task.swap_kib;
  }
  if (skip != Skip::kNone) {
    json["skipped"] = name_of(skip);
  }
  return json;
}

Json base_json(const Snapshot& snapshot,
               const std::vector<std::uint32_t>& order, const Policy& policy) {
  Json tasks = Json::array();
  for (const std::uint32_t i : order) {
    tasks.push_back(task_json(snapshot, i, policy));
  }
  return {{"schema", kJsonSchema},
          {"uptime_seconds", snapshot.uptime_s},
          {"kernel_hz", policy.score.hz},
          {"memory", name_of(policy.score.memory)},
          {"page_size", snapshot.page_size},
          {"facts", gaps_json(snapshot.gaps)},
          {"tasks", std::move(tasks)}};
}

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

nlohmann::ordered_json steps_json(const Score& score) {
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

nlohmann::ordered_json pressure_json(const PressureReading& reading) {
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

nlohmann::ordered_json loss_json(const std::optional<Loss>& loss) {
  if (!loss) {
    return nullptr;
  }
  return {{"since_us", loss->since_us},
          {"lost_kib", loss->lost_kib},
          {"shmem_grew_kib", loss->shmem_kib},
          {"slab_grew_kib", loss->slab_kib}};
}

nlohmann::ordered_json triggers_json(const Policy& policy,
                                     const OomDomains& domains,
                                     const Decision& decision) {
  Json triggers = Json::array();
  for (std::size_t i = 0; i < policy.triggers.size(); ++i) {
    const Trigger& trigger = policy.triggers[i];
    const auto add = [&](const OomDomain& domain) {
      triggers.push_back(
          {{"name", escaped(trigger.name)},
           {"cgroup", nullptr},
           {"fires", decision.fired && decision.trigger == i &&
                         decision.scope.view() == domain.cgroup},
           {"sentence",
            trigger_text(trigger, domain.cgroup, *domain.last,
                         domain.history.share(trigger.psi_window_us))}});
      if (!domain.cgroup.empty()) {
        triggers.back()["cgroup"] = escaped(domain.cgroup);
      }
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

std::string scores_json(const Snapshot& snapshot,
                        const std::vector<std::uint32_t>& order,
                        const Policy& policy) {
  return dump(base_json(snapshot, order, policy));
}

std::string explain_json(const Snapshot& snapshot, std::uint32_t index,
                         const Policy& policy) {
  Json json = base_json(snapshot, {index}, policy);
  const std::vector<std::uint32_t> ranked =
      rank_candidates(snapshot, {.self_pid = policy.machine.self_pid});
  const auto place = std::find(ranked.begin(), ranked.end(), index);
  const Task& task = snapshot.tasks[index];
  Json children = Json::array();
  bool wrapped = false;
  for (std::uint32_t i = 0; i < task.child_count; ++i) {
    const Child& child = snapshot.children[task.first_child + i];
    const Task& its = snapshot.tasks[child.task];
    children.push_back(
        {{"pid", its.id.pid},
         {"comm", escaped(its.name())},
         {"threads", its.mm_threads},
         {"shares_mm", child.shares_mm},
         {"points",
          child_points(snapshot, child, policy.score.memory, wrapped)}});
  }
  Json explain{{"candidates", ranked.size()},
               {"rank", nullptr},
               {"rival_pid", nullptr},
               {"turning_oom_adj", nullptr},
               {"children", std::move(children)}};
  if (place != ranked.end()) {
    const bool leads = place == ranked.begin();
    explain["rank"] = place - ranked.begin() + 1;
    if (ranked.size() > 1) {
      explain["rival_pid"] = snapshot.tasks[ranked[leads ? 1 : 0]].id.pid;
    }
    if (const auto turning = turning_oom_adj(snapshot, index, policy)) {
      explain["turning_oom_adj"] = *turning;
    }
  }
  json["explain"] = std::move(explain);
  return dump(json);
}

std::string once_json(const CycleResult& result, const CycleState& state,
                      const Policy& policy) {
  const Snapshot& snapshot = state.snapshot;
  const Decision& decision = state.decision;
  Json json =
      base_json(snapshot, sorted_tasks(snapshot, SortKey::kPoints), policy);
  json["pressure"] = pressure_json(result.reading);
  json["triggers"] = triggers_json(policy, state.domains, decision);
  json["selection"] = {{"kind", "none"},
                       {"pid", nullptr},
                       {"blame", name_of(decision.blame)},
                       {"need_kib", decision.needed_kib},
                       {"bar_kib", decision.required_kib},
                       {"passed_over", Json::array()}};
  json["victim"] = nullptr;
  if (result.kind == CycleResult::Kind::kWaiting && result.dying) {
    json["selection"]["kind"] = "wait";
    json["selection"]["pid"] = result.dying->pid;
  } else if (result.kind == CycleResult::Kind::kNotSignalled) {
    json["selection"]["kind"] = "chosen";
    json["selection"]["pid"] = decision.chosen.task.id.pid;
    for (std::uint32_t i = 0; i < decision.passed_over_count; ++i) {
      json["selection"]["passed_over"].push_back(
          decision.passed_over[i].task.id.pid);
    }
    json["victim"] = {{"pid", decision.victim.task.id.pid},
                      {"comm", escaped(decision.victim.task.name())},
                      {"reclaim_kib", decision.victim.verdict.death_kib()}};
  }
  return dump(json);
}

}  // namespace badnessd
