// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/record.h"

#include <array>
#include <chrono>
#include <span>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "badnessd/app/config/names.h"
#include "badnessd/app/config/settings.h"
#include "badnessd/app/report/json.h"
#include "badnessd/app/report/report.h"

namespace badnessd {
namespace {

using Json = nlohmann::ordered_json;

std::string_view verb_of(const Decision& decision) {
  switch (decision.outcome.kind) {
    case KillOutcome::Kind::kSent:
      return decision.signal == Signal::kTerm ? "sent SIGTERM to"
                                              : "sent SIGKILL to";
    case KillOutcome::Kind::kNotSent:
      return "would kill";
    case KillOutcome::Kind::kVanished:
    case KillOutcome::Kind::kRefused:
    case KillOutcome::Kind::kFailed:
      return "did not kill";
  }
  return {};
}

// The reason why no signal was sent; empty if there is none.
std::string obstacle_text(const Decision& decision) {
  switch (decision.outcome.kind) {
    case KillOutcome::Kind::kSent:
    case KillOutcome::Kind::kNotSent:
      return {};
    case KillOutcome::Kind::kVanished:
      return ", which had exited before the signal";
    case KillOutcome::Kind::kRefused:
      return ", which is never signalled: init, badnessd or its parent; it is "
             "set aside";
    case KillOutcome::Kind::kFailed:
      return fmt::format(": {} failed with error {}; it is set aside",
                         decision.outcome.error.what,
                         decision.outcome.error.code);
  }
  return {};
}

std::string guard_text(const Decision& decision) {
  std::string text = reclaim_text(decision);
  for (const std::string& sentence : blame_text(decision)) {
    text += "; " + sentence;
  }
  std::string_view joint = "; passed over: ";
  for (const Task& task :
       std::span(decision.passed_over).first(decision.passed_over_count)) {
    text += fmt::format("{}{} with {} points {}", joint, task_text(task),
                        task.points, burden_text(task, decision));
    joint = ", ";
  }
  return text;
}

// The other processes that die, and the reason.
std::string extent_text(const Decision& decision) {
  switch (decision.kill_set) {
    case KillSet::kProcess:
    case KillSet::kStorm:
      return {};
    case KillSet::kChild:
      return fmt::format(", the first child of {} which was chosen",
                         task_text(decision.chosen));
    case KillSet::kSharedMm:
      return fmt::format(" and {} more that share its address space",
                         decision.swept);
    case KillSet::kCgroup:
      return fmt::format(" and {} more, all processes in {}{}", decision.swept,
                         escaped(decision.group.view()),
                         decision.group.view() == decision.oom_group.view()
                             ? " (memory.oom.group)"
                             : "");
  }
  return {};
}

// The rule that sets its oom_adj; empty if it has its own.
std::string rule_text(const Task& task, const Policy& policy) {
  std::string text;
  if (task.rules != 0) {
    text = fmt::format("; oom_adj {} is by rule {}, its own is {}",
                       task.oom_adj, rule_name(task, policy), task.own_oom_adj);
  }
  if (task.rules_open) {
    text +=
        "; it was too new for rules that ask for more than its name, program "
        "and user";
  }
  return text;
}

// The reason for the choice, in points.
std::string choice_text(const Decision& decision, const Policy& policy) {
  return fmt::format(
      "{}: it {}; {} points, first of those eligible of {} ({}){}; {}",
      extent_text(decision), burden_text(decision.chosen, decision),
      decision.chosen.points,
      count_text(decision.candidates, "candidate", "candidates"),
      ledger_text(decision.score), rule_text(decision.chosen, policy),
      guard_text(decision));
}

// The fork storm with the numbers that prove it.
std::string storm_text(const Decision& decision) {
  const Storm& storm = *decision.storm;
  return fmt::format(
      " and {} more: a fork storm below {}{}: {} descendants no older than {}, "
      "{} of them called {}, took {}, which is at least the {} that are needed "
      "and half of the {} that were lost",
      decision.swept, task_text(decision.chosen),
      storm.spare_forker ? ", which is spared, for it is old or holds others"
                         : "",
      storm.members, duration_text(storm.age_s), storm.copies,
      escaped(storm.name()), size_text(storm.took_kib),
      size_text(decision.needed_kib), size_text(decision.loss->lost_kib));
}

Json storm_json(const Decision& decision) {
  if (!decision.storm) {
    return nullptr;
  }
  const Storm& storm = *decision.storm;
  return {{"forker_spared", storm.spare_forker},
          {"age_s", storm.age_s},
          {"members", storm.members},
          {"copies", storm.copies},
          {"comm", escaped(storm.name())},
          {"took_kib", storm.took_kib}};
}

std::string_view name_of(KillSet kill_set) {
  constexpr auto kNames = names_up_to<KillSet::kSharedMm>(
      {"process", "child", "storm", "cgroup", "shared_mm"});
  return kNames[static_cast<std::size_t>(kill_set)];
}

// null if it is empty.
Json text_json(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

Json path_json(std::string_view path) {
  return text_json(escaped(path));
}

Json task_json(const Task& task, const Policy& policy) {
  Json json{{"pid", task.id.pid},
            {"start_time_ticks", task.id.start_time},
            {"comm", escaped(task.name())},
            {"uid", nullptr},
            {"points", task.points},
            {"oom_adj", task.oom_adj},
            {"rule", text_json(rule_name(task, policy))},
            {"rules_open", task.rules_open},
            {"took_kib", task.took_kib},
            {"held_kib", task.held_kib()},
            {"total_vm_pages", task.total_vm},
            {"reclaim_kib", task.death_kib()},
            {"pid_ns_init", task.pid_ns_init}};
  if (task.uid) {
    json["uid"] = *task.uid;
  }
  return json;
}

Json tasks_json(std::span<const Task> tasks, const Policy& policy) {
  Json json = Json::array();
  for (const Task& task : tasks) {
    json.push_back(task_json(task, policy));
  }
  return json;
}

Json pool_json(const Decision& decision) {
  if (!decision.pool) {
    return nullptr;
  }
  const Pool& pool = *decision.pool;
  return {{"parent_pid", pool.parent.pid},
          {"comm", escaped(pool.comm.data())},
          {"members", pool.members},
          {"took_kib", pool.took_kib}};
}

Json place_json(const Decision& decision) {
  return Json{{"cgroup", path_json(decision.cgroup.view())},
              {"unit", path_json(unit_of(decision.cgroup.view()))},
              {"oom_group", path_json(decision.oom_group.view())}};
}

// The stalls that the PSI conditions of `trigger` compare; null if unknown.
Json stalls_json(const Decision& decision, const Trigger& trigger) {
  if (!decision.stalls) {
    return nullptr;
  }
  return {{"window_us", trigger.psi_window_us},
          {"some_basis_points", decision.stalls->some},
          {"full_basis_points", decision.stalls->full}};
}

std::string_view outcome_name(const Decision& decision) {
  switch (decision.end) {
    case Decision::End::kPending:
      return "pending";
    case Decision::End::kExited:
      return "exited";
    case Decision::End::kStillAlive:
      return "still_alive";
    case Decision::End::kNotSignalled:
      break;
  }
  switch (decision.outcome.kind) {
    case KillOutcome::Kind::kVanished:
      return "vanished";
    case KillOutcome::Kind::kRefused:
      return "refused";
    case KillOutcome::Kind::kFailed:
      return "failed";
    case KillOutcome::Kind::kSent:
    case KillOutcome::Kind::kNotSent:
      break;
  }
  return "would_kill";
}

}  // namespace

std::string decision_id(const Decision& decision) {
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  return fmt::format("{:x}-{}", now.count(), decision.number);
}

std::string decision_text(const Decision& decision, const Policy& policy) {
  const Task& victim = decision.victim;
  const Trigger& trigger = policy.triggers[decision.trigger];
  return fmt::format(
      "{} {}, {}{}{}; trigger {} {}", verb_of(decision), task_text(victim),
      owner_text(victim), obstacle_text(decision),
      decision.storm ? storm_text(decision) : choice_text(decision, policy),
      escaped(trigger.name),
      trigger_text(trigger, decision.scope.view(), decision.reading,
                   decision.stalls));
}

std::string ending_text(const Decision& decision) {
  const auto ms_since_signal = [&](Micros time) {
    return static_cast<double>(time - decision.signalled_us) / 1000;
  };
  // Of a victim of an earlier daemon only the pid is known.
  const bool ours = decision.number != 0;
  const std::string victim =
      ours ? task_text(decision.victim)
           : fmt::format("process {}", decision.victim.id.pid);
  if (decision.end == Decision::End::kStillAlive) {
    return victim + " has not exited after its signal: set aside";
  }
  const std::string text = fmt::format(
      "{} is gone {:.1f} ms after the signal, and {} came back within {:.1f} "
      "ms",
      victim, ms_since_signal(decision.exited_us),
      size_text(decision.reclaimed_kib),
      ms_since_signal(decision.memory_back_us));
  return ours ? fmt::format(
                    "{}; the signal went {:.1f} ms after the trigger "
                    "fired",
                    text,
                    static_cast<double>(decision.signalled_us -
                                        decision.seen_us) /
                        1000)
              : text;
}

std::string place_text(const Decision& decision) {
  const std::string_view unit = unit_of(decision.cgroup.view());
  const std::string_view group = decision.oom_group.view();
  std::string text;
  if (!unit.empty()) {
    text = "it was in " + escaped(unit);
  }
  if (!group.empty() && decision.kill_set != KillSet::kCgroup) {
    text += fmt::format(
        "{}{} has memory.oom.group: the kernel would have killed all in it",
        text.empty() ? "" : "; ", escaped(group));
  }
  return text;
}

std::string record_json(const Decision& decision, const Policy& policy,
                        const std::string& id) {
  const Trigger& trigger = policy.triggers[decision.trigger];
  const Json json{
      {"schema", kJsonSchema},
      {"id", id},
      {"trigger", escaped(trigger.name)},
      {"scope", path_json(decision.scope.view())},
      {"sentence", trigger_text(trigger, decision.scope.view(),
                                decision.reading, decision.stalls)},
      {"pressure", pressure_json(decision.reading)},
      {"stalls", stalls_json(decision, trigger)},
      {"candidates", decision.candidates},
      {"chosen", task_json(decision.chosen, policy)},
      {"steps", steps_json(decision.score)},
      {"victim", task_json(decision.victim, policy)},
      {"extent", name_of(decision.kill_set)},
      {"group", path_json(decision.group.view())},
      {"killed_besides", decision.swept},
      {"storm", storm_json(decision)},
      {"sets_off", place_json(decision)},
      {"loss", loss_json(decision.loss)},
      {"blame", name_of(decision.blame)},
      {"pool", pool_json(decision)},
      {"took_bar_kib", decision.required_took_kib},
      {"need_kib", decision.needed_kib},
      {"bar_kib", decision.required_kib},
      {"passed_over",
       tasks_json(
           std::span(decision.passed_over).first(decision.passed_over_count),
           policy)},
      {"runners_up",
       tasks_json(
           std::span(decision.runners_up).first(decision.runners_up_count),
           policy)},
      {"expected_reclaim_kib", decision.expected_kib()},
      {"reclaimed_kib", decision.reclaimed_kib},
      {"signal", decision.signal == Signal::kTerm ? "SIGTERM" : "SIGKILL"},
      {"outcome", outcome_name(decision)},
      {"timings_us",
       {{"seen", decision.seen_us},
        {"decided", decision.decided_us},
        {"signalled", decision.signalled_us},
        {"exited", decision.exited_us},
        {"memory_back", decision.memory_back_us}}}};
  return json.dump();
}

}  // namespace badnessd
