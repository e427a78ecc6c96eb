// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/daemon.h"

#include <cstring>
#include <memory>

#include <spdlog/sinks/stdout_sinks.h>

#include "badnessd/app/report.h"
#include "badnessd/system/stop.h"

namespace badnessd {

Daemon::Daemon(FactSource& source, Killer& killer, const Settings& settings,
               std::int32_t self_pid, spdlog::logger& log)
    : source_(source),
      killer_(killer),
      policy_(policy_of(settings, self_pid)),
      interval_(settings.poll_interval),
      exit_timeout_(settings.kill_exit_timeout),
      log_(log) {}

void Daemon::step() {
  if (dry_reported_) {
    // The incident is reported; what is left of it is its end.
    const auto reading = source_.read_pressure();
    if (reading && !fires(policy_.trigger, *reading)) {
      clear_incident();
    }
    return;
  }
  const CycleReport report = run_cycle(source_, policy_, killer_, snapshot_);
  if (report.kind == CycleReport::Kind::kSampleLost) {
    lost_sample(report.error);
    return;
  }
  readable_again();
  switch (report.kind) {
    case CycleReport::Kind::kCalm:
    case CycleReport::Kind::kRecovered:
      clear_incident();
      break;
    case CycleReport::Kind::kSampleLost:
      break;
    case CycleReport::Kind::kNobody:
      if (!nobody_said_) {
        log_.warn("nobody to kill: no process is a candidate; {}",
                  trigger_text(policy_.trigger, report.reading));
        nobody_said_ = true;
      }
      break;
    case CycleReport::Kind::kWaiting:
      wait_for(snapshot_.tasks[report.selection.task]);
      break;
    case CycleReport::Kind::kActed:
      acted(report);
      break;
  }
}

void Daemon::lost_sample(const Error& error) {
  if (lost_samples_ == 0) {
    log_.warn("sample lost, ignoring it: {}: {}", error.what,
              std::strerror(error.code));
  }
  ++lost_samples_;
}

void Daemon::readable_again() {
  if (lost_samples_ != 0) {
    log_.info("readable again after {}",
              count_text(lost_samples_, "lost sample", "lost samples"));
    lost_samples_ = 0;
  }
}

void Daemon::clear_incident() {
  if (dry_reported_ || waited_.count() != 0 || !last_verdict_.empty()) {
    log_.info("memory is back above the trigger");
  }
  policy_.wait_for = WaitFor::kExiting;
  waited_ = {};
  nobody_said_ = false;
  dry_reported_ = false;
  last_verdict_.clear();
}

void Daemon::wait_for(const Task& dying) {
  if (waited_.count() == 0) {
    log_.info("waiting for {}, which is exiting", task_text(dying));
  }
  waited_ += interval_;
  if (waited_ > exit_timeout_) {
    log_.warn("{} has not exited in {} ms; looking for another",
              task_text(dying), exit_timeout_.count());
    policy_.wait_for = WaitFor::kNobody;
  }
}

void Daemon::acted(const CycleReport& report) {
  const std::string verdict = verdict_text(report, snapshot_, policy_);
  if (verdict != last_verdict_) {
    log_.warn("{}", verdict);
    last_verdict_ = verdict;
  }
  dry_reported_ = report.outcome.kind == KillOutcome::Kind::kNotSent;
}

void run_daemon(FactSource& source, const LoadedSettings& loaded,
                std::int32_t self_pid, Killer& killer) {
  spdlog::logger log("badnessd",
                     std::make_shared<spdlog::sinks::stderr_sink_st>());
  log.set_pattern("%Y-%m-%d %H:%M:%S %l: %v");
  const StopSignals stop;
  const Settings& settings = loaded.settings;
  Daemon daemon(source, killer, settings, self_pid, log);
  log.info("settings: {}", loaded.origin);
  if (const auto reading = source.read_pressure()) {
    log.info("{}", reading_text(*reading));
    log.info("{}",
             trigger_text(policy_of(settings, self_pid).trigger, *reading));
  }
  do {
    daemon.step();
  } while (!stop.wait(settings.poll_interval));
  log.info("ended by a signal");
}

}  // namespace badnessd
