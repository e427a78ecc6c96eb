// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/record.h"

#include <charconv>
#include <chrono>
#include <span>

#include <fmt/chrono.h>
#include <fmt/core.h>

#include "badnessd/app/config/text.h"
#include "badnessd/app/report/process.h"
#include "badnessd/app/report/report.h"

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

Json storm_json(const Storm& storm) {
  return {{"forker_spared", storm.spare_forker},
          {"age_s", storm.age_s},
          {"members", storm.members},
          {"comm", escaped(storm.name())},
          {"took_kib", storm.took_kib}};
}

Json loss_json(const Loss& loss) {
  return {{"since_us", loss.since_us},
          {"lost_kib", loss.lost_kib},
          {"shmem_grew_kib", loss.shmem_kib},
          {"slab_grew_kib", loss.slab_kib}};
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
  const auto stalls_json = [&](const PressureHistory::Share& share) -> Json {
    return {{"window_us", trigger.psi_window_us},
            {"some_basis_points", share.some},
            {"full_basis_points", share.full}};
  };
  return {
      {"schema", kJsonSchema},
      {"id", text_json(id)},
      {"sentences", sentences_json(decision, policy)},
      {"trigger", escaped(trigger.name)},
      {"scope", path_json(decision.scope)},
      {"sentence", trigger_text(trigger, decision.scope.view(),
                                decision.reading, decision.stalls)},
      {"pressure", pressure_json(decision.reading)},
      {"stalls", optional_json(decision.stalls, stalls_json)},
      {"candidates", decision.candidates},
      {"unread", decision.unread},
      {"chosen", process_json({decision.chosen.view(), policy})},
      {"steps", steps_json(decision.score)},
      {"victim", process_json({decision.victim.view(), policy})},
      {"extent", kKillSets[decision.kill_set]},
      {"group", path_json(decision.group)},
      {"killed_besides", decision.swept},
      {"storm", optional_json(decision.storm, storm_json)},
      {"sets_off",
       {{"cgroup", path_json(decision.cgroup)},
        {"unit", text_json(escaped(unit_of(decision.cgroup.view())))},
        {"oom_group", path_json(decision.oom_group)}}},
      {"loss", optional_json(decision.loss, loss_json)},
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

namespace {

// Throws Json::exception where a value is missing or of another type.
std::vector<std::string> row_of(const PastDecision& decision) {
  const Json& record = decision.record;
  const Json& victim = record.at("victim");
  const Json& storm = record.at("storm");
  const Json& times = record.at("timings_us");
  const auto outcome = record.at("outcome").get<std::string>();
  const bool exited = outcome == "exited";
  const auto ms = [&times](const char* from, const char* to) {
    const auto from_us = times.at(from).get<Micros>();
    const auto to_us = times.at(to).get<Micros>();
    return from_us == 0 || to_us < from_us
               ? "-"
               : fmt::format("{:.1f} ms",
                             static_cast<double>(to_us - from_us) / 1000);
  };
  const auto size = [](const Json& of, const char* key) {
    return size_text(of.at(key).get<Kib>());
  };
  Micros time_us = 0;  // decision_id() begins with it
  std::from_chars(decision.id.data(), decision.id.data() + decision.id.size(),
                  time_us, 16);
  const auto seconds = static_cast<std::time_t>(time_us / kSecond);
  return {
      decision.id,
      fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::localtime(seconds)),
      fmt::format("{} ({})", victim.at("pid").get<std::int32_t>(),
                  victim.at("comm").get<std::string>()),
      record.at("loss").is_null()
          ? "-"
          : size(storm.is_null() ? victim : storm, "took_kib"),
      exited ? size(record, "reclaimed_kib") : "-",
      ms("seen", "signalled"),
      ms("signalled", "exited"),
      ms("signalled", "memory_back"),
      record.at("trigger").get<std::string>() + (exited ? "" : ": " + outcome)};
}

}  // namespace

std::optional<PastDecision> parse_record(std::string_view text) {
  try {
    PastDecision it;
    it.record = Json::parse(text);
    it.id = it.record.at("id").get<std::string>();
    it.sentences = it.record.at("sentences").get<std::vector<std::string>>();
    it.row = row_of(it);
    return it;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

std::string history_table(const std::vector<std::vector<std::string>>& rows,
                          const Style& style) {
  return render_table({{"ID", true},
                       {"TIME", true},
                       {"VICTIM", true},
                       {"TOOK"},
                       {"GAVE BACK"},
                       {"SIGNAL"},
                       {"EXIT"},
                       {"BACK"},
                       {"WHY", true}},
                      rows, style);
}

}  // namespace badnessd
