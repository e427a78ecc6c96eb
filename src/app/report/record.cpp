// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/record.h"

#include <chrono>
#include <span>

#include <fmt/core.h>

#include "badnessd/app/config/names.h"
#include "badnessd/app/report/json.h"
#include "badnessd/app/report/process.h"
#include "badnessd/app/report/report.h"
#include "badnessd/app/report/triggers.h"

namespace badnessd {
namespace {

constexpr auto kKillSets = names_up_to<KillSet::kSharedMm>(
    {"process", "child", "storm", "cgroup", "shared_mm"});
constexpr auto kCulprits = names_up_to<Culprit::Kind::kNobody>(
    {"unasked", "older", "process", "group", "nobody"});
constexpr auto kSources =
    names_up_to<CgroupsTook::Source::kNote>({"none", "now", "note"});
// In the order of Charge.
constexpr std::array<const char*, kCharges> kChargeKeys{
    "anonymous_kib",   "swap_kib",   "shmem_kib",
    "page_tables_kib", "kernel_kib", "sockets_kib"};
constexpr auto kSignals = names_up_to<Signal::kKill>({"SIGTERM", "SIGKILL"});
constexpr auto kOutcomes = names_up_to<KillOutcome::Kind::kFailed>(
    {"sent", "vanished", "would_kill", "refused", "failed"});
constexpr auto kEnds = names_up_to<Decision::End::kNotSignalled>(
    {"pending", "exited", "still_alive", ""});

template <class Path>
Json path_json(const Path& path) {
  return text_json(escaped(path.view()));
}

Json processes_json(std::span<const JudgedTask> listed, const Policy& policy) {
  Json json = Json::array();
  for (const JudgedTask& one : listed) {
    json.push_back(process_json({one.view(), policy}));
  }
  return json;
}

Json sentences_json(const Decision& decision, const Policy& policy) {
  Json json = decision_sentences(decision, policy);
  for (const std::string& sentence : ending_sentences(decision)) {
    json.push_back(sentence);
  }
  return json;
}

Json stalls_json(const Decision& decision, const Trigger& trigger) {
  if (!decision.stalls) {
    return nullptr;
  }
  return {{"window_us", trigger.psi_window_us},
          {"some_basis_points", decision.stalls->some},
          {"full_basis_points", decision.stalls->full}};
}

Json storm_json(const std::optional<Storm>& storm) {
  if (!storm) {
    return nullptr;
  }
  return {{"forker_spared", storm->spare_forker},
          {"age_s", storm->age_s},
          {"members", storm->members},
          {"comm", escaped(storm->name())},
          {"took_kib", storm->took_kib}};
}

Json loss_json(const std::optional<Loss>& loss) {
  if (!loss) {
    return nullptr;
  }
  return {{"since_us", loss->since_us},
          {"lost_kib", loss->lost_kib},
          {"shmem_grew_kib", loss->shmem_kib},
          {"slab_grew_kib", loss->slab_kib}};
}

// Who took it, as far as it is known.
Json culprit_json(const Decision& decision, const Policy& policy) {
  const Culprit& culprit = decision.culprit;
  Json cgroups = Json::array();
  for (const CgroupTook& it : decision.cgroups.culprits()) {
    Json json{{"path", path_json(it.path)}, {"took_kib", it.took_kib}};
    for (std::size_t i = 0; i < kCharges; ++i) {
      json[kChargeKeys[i]] = it.grown.kib[i];
    }
    cgroups.push_back(std::move(json));
  }
  return {
      {"kind", kCulprits[culprit.kind]},
      {"most_kib", culprit.took_kib},
      {"bar_kib", culprit.min_took_kib},
      {"accounts", kSources[decision.cgroups.source]},
      {"cgroups", std::move(cgroups)},
      {"exempt", culprit.exempt ? process_json({decision.exempt.view(), policy})
                                : Json()}};
}

Json timings_json(const Decision& decision) {
  return {{"seen", decision.seen_us},
          {"decided", decision.decided_us},
          {"signalled", decision.signalled_us},
          {"exited", decision.exited_us},
          {"memory_back", decision.memory_back_us}};
}

}  // namespace

Micros wall_clock_us() {
  return static_cast<Micros>(
      std::chrono::duration_cast<std::chrono::microseconds>(
          std::chrono::system_clock::now().time_since_epoch())
          .count());
}

std::string decision_id(const Decision& decision) {
  return fmt::format("{:x}-{}", wall_clock_us(), decision.number);
}

Json record_json(const Decision& decision, const Policy& policy,
                 const std::string& id) {
  const Trigger& trigger = policy.triggers[decision.trigger];
  const bool signalled = decision.end != Decision::End::kNotSignalled;
  return {
      {"schema", kJsonSchema},
      {"id", text_json(id)},
      {"sentences", sentences_json(decision, policy)},
      {"trigger", escaped(trigger.name)},
      {"scope", path_json(decision.scope)},
      {"sentence", trigger_text(trigger, decision.scope.view(),
                                decision.reading, decision.stalls)},
      {"pressure", pressure_json(decision.reading)},
      {"stalls", stalls_json(decision, trigger)},
      {"candidates", decision.candidates},
      {"unread", decision.unread},
      {"chosen", process_json({decision.chosen.view(), policy})},
      {"steps", steps_json(decision.score)},
      {"victim", process_json({decision.victim.view(), policy})},
      {"extent", kKillSets[decision.kill_set]},
      {"group", path_json(decision.group)},
      {"killed_besides", decision.swept},
      {"storm", storm_json(decision.storm)},
      {"sets_off",
       {{"cgroup", path_json(decision.cgroup)},
        {"unit", text_json(escaped(unit_of(decision.cgroup.view())))},
        {"oom_group", path_json(decision.oom_group)}}},
      {"loss", loss_json(decision.loss)},
      {"culprit", culprit_json(decision, policy)},
      {"need_kib", decision.needed_kib},
      {"bar_kib", decision.required_kib},
      {"passed_over",
       processes_json(
           std::span(decision.passed_over).first(decision.passed_over_count),
           policy)},
      {"runners_up",
       processes_json(
           std::span(decision.runners_up).first(decision.runners_up_count),
           policy)},
      {"expected_reclaim_kib", decision.expected_kib()},
      {"reclaimed_kib", decision.reclaimed_kib},
      {"signal", kSignals[decision.signal]},
      {"outcome",
       signalled ? kEnds[decision.end] : kOutcomes[decision.outcome.kind]},
      {"timings_us", id.empty() ? Json() : timings_json(decision)},
  };
}

}  // namespace badnessd
