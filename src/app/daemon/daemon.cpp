// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/daemon/daemon.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include <fmt/format.h>

#include "badnessd/app/report/record.h"
#include "badnessd/app/report/report.h"
#include "badnessd/app/report/status.h"

namespace badnessd {

using Kind = CycleResult::Kind;

Daemon::Daemon(const Sources& sources, Killer& killer, LoadedSettings settings,
               StateFile state_file, EventLog& event_log)
    : sources_(sources),
      killer_(killer),
      settings_(std::move(settings.settings)),
      state_file_(std::move(state_file)),
      event_log_(event_log),
      state_(settings_.policy),
      reported_us_(sources.facts.now_us()),
      settings_origin_(std::move(settings.origin)),
      started_us_(reported_us_) {
  metrics_.start_s = std::time(nullptr);
  state_file_.load(state_.incident, state_.domains.system.kills,
                   sources_.facts.now_us());
  if (state_.incident.pending) {
    killer_.adopt(state_.incident.pending->id);
    event_log_.log().warn(
        "process {} was signalled before this start; it is waited for",
        state_.incident.pending->id.pid);
    state_.decision.victim.task.id = state_.incident.pending->id;
    state_.decision.signalled_us = state_.incident.pending->since_us;
    state_.decision.seen_us = state_.incident.pending->since_us;
  }
}

void Daemon::reconfigure(const LoadedSettings& settings) {
  if (state_.incident.pending) {
    waiting_ = settings;
    event_log_.log().info("the new settings hold when {} is done with",
                          state_.incident.pending->id.pid);
    return;
  }
  const Machine machine = policy().machine;
  const std::uint32_t hz = policy().score.hz;
  waiting_.reset();
  settings_ = settings.settings;
  settings_origin_ = settings.origin;
  tell_now_ = true;
  metrics_.degraded.clear();  // what still lacks is said anew
  settings_.policy.machine = machine;
  if (std::exchange(settings_.policy.score.hz, hz) != hz) {
    event_log_.log().warn("kernel.hz stays {} until the next start", hz);
  }
  forget_triggers(policy(), state_.domains);
  state_.identities.judge_anew(policy(), state_.census);
  if (calm(policy(), state_.domains)) {
    state_.identities.look(sources_, policy(), state_.census,
                           sources_.facts.now_us());
  }
  log_trigger_.reset();
}

CycleResult Daemon::rehearse() {
  state_.identities.look_at_all(sources_, policy(), state_.census);
  if (const auto reading = sources_.facts.read_pressure()) {
    const std::size_t slot = state_.census.look_at_all(sources_, *reading);
    state_.accounts.ask_note(sources_, slot, reading->mem_total_kib);
  }
  state_.make_room();
  const CycleResult result = try_decision(false);
  save_state();  // the first write to a mapped page is a fault
  return result;
}

// Decides as if a trigger had fired, and signals no process. What is pending
// goes on after it.
CycleResult Daemon::try_decision(bool as_read) {
  const Incident incident = std::exchange(state_.incident, {});
  const Decision decision = state_.decision;
  const std::uint64_t decisions = state_.decisions;
  state_.once = true;
  state_.as_read = as_read;
  DryRunKiller killer;
  const CycleResult result = run_cycle(sources_, policy(), killer, state_);
  choice_ = result.kind == Kind::kNotSignalled
                ? Json(decision_sentences(state_.decision, policy()))
                : Json();
  chosen_us_ = sources_.facts.now_us();
  state_.once = false;
  state_.as_read = false;
  state_.incident = incident;
  state_.decision = decision;
  state_.decisions = decisions;
  return result;
}

void Daemon::refresh_choice() {
  constexpr Micros kInterval = 300 * kSecond;
  if (sources_.facts.now_us() - chosen_us_ >= kInterval &&
      !state_.census.busy()) {
    static_cast<void>(try_decision(true));
  }
}

void Daemon::tell_metrics(std::uint64_t lost_lines) {
  metrics_.reading = state_.domains.system.last;
  metrics_.lost_lines = lost_lines;
  // Prometheus sees no increase in a counter that appears with its first kill.
  for (const Trigger& trigger : policy().triggers) {
    if (trigger.action == Action::kKill) {
      metrics_.kills.try_emplace(trigger.name);
    }
  }
  event_log_.publish(kMetricsFile, metrics_text(metrics_), true);
}

void Daemon::tell_status(std::uint64_t lost_lines) {
  const Micros now = sources_.facts.now_us();
  if (!tell_now_ && now - told_us_ < kStatusInterval) {
    return;
  }
  // A daemon that cannot read has nothing more urgent to do.
  const bool idle =
      lost_ || (!state_.incident.pending && calm(policy(), state_.domains));
  if (!tell_now_ && !idle) {
    return;
  }
  look_for_lacks();
  tell_now_ = false;
  told_us_ = now;
  if (!event_log_.publishes()) {
    return;
  }
  if (idle && !lost_) {
    refresh_choice();
  }
  event_log_.publish(
      kStatusFile,
      dumped(status_json({.state = state_,
                          .policy = policy(),
                          .settings = settings_origin_,
                          .started_us = started_us_,
                          .now_us = now,
                          .lacks = lacks_,
                          .kills = kill_times_,
                          .choice = choice_,
                          .last_decision = event_log_.last_record(),
                          .lost_lines = lost_lines})));
  tell_metrics(lost_lines);
}

Micros Daemon::sleep() const noexcept {
  constexpr Micros kBetweenSteps = 5'000;
  const Micros sleep =
      next_poll_interval_us(policy(), state_.domains, state_.incident);
  return state_.census.busy() ? std::min(sleep, kBetweenSteps) : sleep;
}

std::string Daemon::status() const {
  return fmt::format(
      "{}; {}",
      memory_text(state_.domains.system.last, sources_.facts.now_us()),
      count_text(kill_times_.count, "kill", "kills"));
}

void Daemon::save_state() {
  state_file_.save(state_.incident, state_.domains.system.kills);
}

void Daemon::step() {
  const CycleHooks hooks{
      [](void* self) { static_cast<Daemon*>(self)->save_state(); }, this};
  const CycleResult result =
      run_cycle(sources_, policy(), killer_, state_, hooks);
  if (result.kind == Kind::kSampleLost) {
    lost_ = result.error;
    notice(Lack::kSamples);
    return;
  }
  lost_.reset();
  if (result.reading.clamped) {
    notice(Lack::kClamped);
  }
  tell_kernel_kills(result.kernel_kills, result.reading.time_us);
  if (result.log_trigger != log_trigger_) {
    log_trigger_ = result.log_trigger;
    if (log_trigger_) {
      const Trigger& trigger = policy().triggers[*log_trigger_];
      event_log_.log().warn("trigger {} {}", escaped(trigger.name),
                            trigger_text(trigger, *result.log_domain));
    }
  }
  tell(result);
  if (result.reading.time_us - reported_us_ >= settings_.report_interval_us) {
    reported_us_ = result.reading.time_us;
    event_log_.log().info("{}", status());
  }
  if (waiting_ && !state_.incident.pending) {
    reconfigure(LoadedSettings(*waiting_));
  }
}

namespace {

std::string waiting_text(const CycleResult& result) {
  return result.dying ? fmt::format("waiting for {}, which is exiting",
                                    result.dying->pid)
                      : std::string("waiting for the kernel's own victim");
}

std::string spent_text(const Policy& policy) {
  return fmt::format("{} within a minute (kill.per_minute): waiting",
                     count_text(policy.kills_per_minute, "kill", "kills"));
}

}  // namespace

void Daemon::tell(const CycleResult& result) {
  const Decision& decision = state_.decision;
  switch (result.kind) {
    case Kind::kCalm:
    case Kind::kRecovered:
      incident_over();
      break;
    case Kind::kSampleLost:
    case Kind::kLooking:
    case Kind::kCoolingDown:
    case Kind::kPending:
      break;
    case Kind::kBudgetSpent:
      say_once(result.kind, spent_text(policy()));
      break;
    case Kind::kNoCandidate:
      say_once(result.kind, no_candidate_text(decision));
      break;
    case Kind::kNobody:
      say_once(result.kind,
               fmt::format("{}", fmt::join(nobody_sentences(decision, policy()),
                                           "; ")));
      break;
    case Kind::kWaiting:
      say_once(result.kind, waiting_text(result));
      break;
    case Kind::kSignalled:
      count_signal(decision);
      [[fallthrough]];
    case Kind::kNotSignalled:
      metrics_.spared += decision.passed_over_count;
      save_state();
      event_log_.decided(decision, policy());
      said_ = result.kind;
      break;
    case Kind::kEscalated:
      event_log_.log().warn("{} has not ended on SIGTERM: sent SIGKILL",
                            task_text(decision.victim.task));
      break;
    case Kind::kDone:
      count_reclaim(decision);
      [[fallthrough]];
    case Kind::kGaveUp:
      save_state();
      event_log_.ended(decision, policy());
      tell_now_ = true;
      said_ = result.kind;
      break;
  }
}

// A container that restarts at its limit makes many: a line a minute.
void Daemon::tell_kernel_kills(std::uint64_t kills, Micros now_us) {
  constexpr Micros kBetweenLines = 60 * kSecond;
  kernel_kills_ += kills;
  if (kernel_kills_ != 0 &&
      (kernel_told_us_ == 0 || now_us - kernel_told_us_ >= kBetweenLines)) {
    kernel_told_us_ = now_us;
    event_log_.log().warn(
        "the kernel's own OOM killer has killed {}",
        count_text(std::exchange(kernel_kills_, 0), "process", "processes"));
  }
}

void Daemon::count_signal(const Decision& decision) {
  count_kill(kill_times_, decision.signalled_us);
  ++metrics_.kills[policy().triggers[decision.trigger].name];
  metrics_.last_kill_s = std::time(nullptr);
  metrics_.latency_us.add(decision.signalled_us - decision.seen_us);
}

void Daemon::count_reclaim(const Decision& decision) {
  if (decision.number != 0) {  // not of an earlier daemon
    metrics_.reclaimed_kib.add(decision.reclaimed_kib);
  }
}

void Daemon::incident_over() {
  if (said_ != Kind::kCalm) {
    event_log_.log().info("no trigger fires any more: {}", status());
  }
  said_ = Kind::kCalm;
  event_log_.store();
}

void Daemon::say_once(CycleResult::Kind kind, const std::string& sentence) {
  if (said_ != kind) {
    event_log_.log().warn("{}", sentence);
    said_ = kind;
  }
}

// What begins is said at once, what ends with the next status: readings that
// change their mind do not fill the log.
void Daemon::notice(Lack lack) {
  if (!metrics_.degraded.contains(lack)) {
    look_for_lacks();
  }
}

void Daemon::look_for_lacks() {
  std::vector<Finding> found = lacks_now(
      sources_, policy(), state_, AskedBy::kDaemon, sources_.facts.now_us());
  found.insert(found.end(), host_.begin(), host_.end());
  if (lost_) {
    found.push_back(
        {Lack::kSamples,
         fmt::format("memory or processes cannot be read, so that no process "
                     "can be killed: {}",
                     error_text(*lost_))});
  }
  const std::set<Lack> before = std::exchange(metrics_.degraded, {});
  lacks_.clear();
  for (const Finding& it : found) {
    if (!it.lack) {
      continue;
    }
    if (!before.contains(*it.lack)) {
      event_log_.log().warn("{}", it.text);
    }
    metrics_.degraded.insert(*it.lack);
    lacks_.push_back(it.text);
  }
  for (const Lack lack : before) {
    if (!metrics_.degraded.contains(lack)) {
      event_log_.log().info("no longer degraded by {}", name_of(lack));
    }
  }
}

}  // namespace badnessd
