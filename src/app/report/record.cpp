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

struct Record {
  const Decision& of;
  const Policy& policy;
  const std::string& id;
};

constexpr auto kKillSets = names_up_to<KillSet::kSharedMm>(
    {"process", "child", "storm", "cgroup", "shared_mm"});
constexpr auto kBlames = names_up_to<Blame::kHeld>({"none", "took", "held"});
constexpr auto kSignals = names_up_to<Signal::kKill>({"SIGTERM", "SIGKILL"});
constexpr auto kOutcomes = names_up_to<KillOutcome::Kind::kFailed>(
    {"sent", "vanished", "would_kill", "refused", "failed"});
constexpr auto kEnds = names_up_to<Decision::End::kNotSignalled>(
    {"pending", "exited", "still_alive", ""});

template <auto kMember, const auto& kNames>
Json named(const Record& it) {
  return kNames[it.of.*kMember];
}

template <auto kMember>
Json process(const Record& it) {
  return process_json({(it.of.*kMember).view(), it.policy});
}

template <auto kMember, auto kCount>
Json processes(const Record& it) {
  Json json = Json::array();
  for (const JudgedTask& listed :
       std::span(it.of.*kMember).first(it.of.*kCount)) {
    json.push_back(process_json({listed.view(), it.policy}));
  }
  return json;
}

Json sentences_json(const Record& it) {
  Json json = decision_sentences(it.of, it.policy);
  for (const std::string& sentence : ending_sentences(it.of)) {
    json.push_back(sentence);
  }
  return json;
}

Json stalls_json(const Record& it) {
  if (!it.of.stalls) {
    return nullptr;
  }
  return {{"window_us", it.policy.triggers[it.of.trigger].psi_window_us},
          {"some_basis_points", it.of.stalls->some},
          {"full_basis_points", it.of.stalls->full}};
}

Json storm_json(const Record& it) {
  if (!it.of.storm) {
    return nullptr;
  }
  const Storm& storm = *it.of.storm;
  return {{"forker_spared", storm.spare_forker},
          {"age_s", storm.age_s},
          {"members", storm.members},
          {"copies", storm.copies},
          {"comm", escaped(storm.name())},
          {"took_kib", storm.took_kib}};
}

Json loss_json(const Record& it) {
  if (!it.of.loss) {
    return nullptr;
  }
  return {{"since_us", it.of.loss->since_us},
          {"lost_kib", it.of.loss->lost_kib},
          {"shmem_grew_kib", it.of.loss->shmem_kib},
          {"slab_grew_kib", it.of.loss->slab_kib}};
}

Json pool_json(const Record& it) {
  if (!it.of.pool) {
    return nullptr;
  }
  return {{"parent_pid", it.of.pool->parent.pid},
          {"comm", escaped(it.of.pool->comm.data())},
          {"members", it.of.pool->members},
          {"took_kib", it.of.pool->took_kib}};
}

Json outcome_json(const Record& it) {
  return it.of.end == Decision::End::kNotSignalled
             ? kOutcomes[it.of.outcome.kind]
             : kEnds[it.of.end];
}

Json timings_json(const Record& it) {
  if (it.id.empty()) {
    return nullptr;
  }
  return {{"seen", it.of.seen_us},
          {"decided", it.of.decided_us},
          {"signalled", it.of.signalled_us},
          {"exited", it.of.exited_us},
          {"memory_back", it.of.memory_back_us}};
}

constexpr std::array kRecordFields = std::to_array<Field<Record>>({
    {"schema", "1", [](const Record&) -> Json { return kJsonSchema; }},
    {"id",
     "stands in every line of the log about this decision: the time in "
     "microseconds since 1970, in hexadecimal, and a number; null in an audit",
     [](const Record& it) { return text_json(it.id); }},
    {"sentences", "the whole decision in words, as in the log", sentences_json},
    {"trigger", "the name of the trigger",
     [](const Record& it) -> Json {
       return escaped(it.policy.triggers[it.of.trigger].name);
     }},
    {"scope", "the cgroup that was short of memory; null: the system was",
     of<&Decision::scope>},
    {"sentence", "the trigger as a sentence",
     [](const Record& it) -> Json {
       return trigger_text(it.policy.triggers[it.of.trigger],
                           it.of.scope.view(), it.of.reading, it.of.stalls);
     }},
    {"pressure",
     "`mem_total_kib`, `mem_available_kib` (`mem_available_estimated` before "
     "Linux 3.14), `swap_total_kib`, `swap_free_kib`, `shmem_kib`, "
     "`slab_unreclaimable_kib`; `some` and `full` of PSI: "
     "`avg10_basis_points`, `avg60_basis_points`, `avg300_basis_points`, "
     "`total_us`",
     [](const Record& it) { return pressure_json(it.of.reading); }},
    {"stalls",
     "share of the last `window_us` that was stalled: `some_basis_points`, "
     "`full_basis_points`",
     stalls_json},
    {"candidates", "how many processes could have been chosen",
     of<&Decision::candidates>},
    {"ruled_out",
     "how many processes were not read for the choice: by the census, none of "
     "them took half as much as another",
     of<&Decision::ruled_out>},
    {"chosen", "the process that was chosen; its fields follow below",
     process<&Decision::chosen>},
    {"steps",
     "the score of the chosen process step by step: `rule`, `op` (`set`, "
     "`add`, `multiply`, `divide`, `at_least`, `shift_left`, `shift_right`), "
     "`operand`, `before`, `after`; the last `after` is the score",
     [](const Record& it) { return steps_json(it.of.score); }},
    {"victim",
     "the process that dies; another one than `chosen` only with "
     "`child-first` and in a fork storm",
     process<&Decision::victim>},
    {"extent", "`process`, `child`, `storm`, `cgroup` or `shared_mm`",
     named<&Decision::kill_set, kKillSets>},
    {"group", "the cgroup all of which dies", of<&Decision::group>},
    {"killed_besides", "how many processes were killed besides the victim",
     of<&Decision::swept>},
    {"storm",
     "`forker_spared`, `age_s` of the oldest, `members`, `copies` of the "
     "program `comm`, `took_kib`",
     storm_json},
    {"sets_off",
     "`cgroup` and `unit` of the victim; `oom_group`, the cgroup that the "
     "kernel would have killed whole",
     [](const Record& it) -> Json {
       return {{"cgroup", of<&Decision::cgroup>(it)},
               {"unit", text_json(escaped(unit_of(it.of.cgroup.view())))},
               {"oom_group", of<&Decision::oom_group>(it)}};
     }},
    {"loss",
     "what memory lost in `since_us`: `lost_kib`, of that `shmem_grew_kib` "
     "and `slab_grew_kib`, which no kill brings back; null: the notes do not "
     "say",
     loss_json},
    {"blame", "`took`, `held` or `none`: what the guard judged by",
     named<&Decision::blame, kBlames>},
    {"pool",
     "where no process took enough, the children of `parent_pid` that did "
     "together: `comm`, `members`, `took_kib`",
     pool_json},
    {"took_bar_kib", "the least that was a fair part",
     of<&Decision::required_took_kib>},
    {"need_kib", "what a death had to give back", of<&Decision::needed_kib>},
    {"bar_kib", "what that was lowered to", of<&Decision::required_kib>},
    {"passed_over", "processes with more points, five at most",
     processes<&Decision::passed_over, &Decision::passed_over_count>},
    {"runners_up", "processes with fewer points, five at most",
     processes<&Decision::runners_up, &Decision::runners_up_count>},
    {"expected_reclaim_kib", "what the deaths were to give back",
     of<&Decision::expected_kib>},
    {"reclaimed_kib", "what came back", of<&Decision::reclaimed_kib>},
    {"signal", "SIGKILL or SIGTERM", named<&Decision::signal, kSignals>},
    {"outcome",
     "`pending`, `exited`, `still_alive`, or why no signal went: "
     "`would_kill`, `vanished`, `refused`, `failed`",
     outcome_json},
    {"timings_us",
     "on the monotonic clock: trigger `seen`, `decided`, `signalled`, "
     "`exited`, `memory_back`; null in an audit",
     timings_json},
});

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

std::vector<FieldText> record_fields() {
  return texts_of(kRecordFields);
}

Json record_json(const Decision& decision, const Policy& policy,
                 const std::string& id) {
  return object_of(kRecordFields, Record{decision, policy, id});
}

}  // namespace badnessd
