// SPDX-License-Identifier: GPL-2.0-only
// The loop: a cycle whenever it is time, and a line for each change of state.
#pragma once

#include <string>

#include "badnessd/app/config/config.h"
#include "badnessd/app/daemon/event_log.h"
#include "badnessd/cycle/cycle.h"
#include "badnessd/system/proc/procfs.h"
#include "badnessd/system/service/events.h"
#include "badnessd/system/service/state_file.h"

namespace badnessd {

// The machine, as far as settings depend on it.
struct Machine {
  Kib mem_total_kib = 0;
  std::uint32_t cpus = 1;
  std::int32_t self_pid = 0;
};

// What lives from one cycle to the next, and what is said of it.
class Daemon {
 public:
  // All that is passed by reference must outlive the daemon.
  Daemon(FactSource& source, Killer& killer, const Settings& settings,
         const Machine& machine, StateFile state_file, EventLog& event_log);

  // A whole cycle that signals nobody, on a state of its own. The memory that
  // it needed, and as much again for more processes, stays for the real ones,
  // so that between decision and signal there is nothing to ask the kernel for.
  CycleResult rehearse();
  // The processes that the last cycle saw.
  [[nodiscard]] const Snapshot& snapshot() const noexcept {
    return state_.snapshot;
  }

  // What is watched, and what it has shown so far.
  [[nodiscard]] const PolicyState& watched() const noexcept {
    return state_.policy;
  }

  // One cycle. Says what has changed, and never the same twice in a row.
  void step();

  // Takes new settings. What has happened so far stays.
  void reconfigure(const Settings& settings);

  // How long to sleep before the next step.
  [[nodiscard]] Micros sleep() const noexcept;
  // Whether killer.exit_fd() is worth waiting for.
  [[nodiscard]] bool victim_pending() const noexcept {
    return state_.policy.pending &&
           state_.policy.pending->phase != Pending::Phase::kRecovering;
  }
  // A line on how things are: for the service manager and the regular report.
  [[nodiscard]] std::string status() const;
  [[nodiscard]] const Policy& policy() const noexcept { return policy_; }

 private:
  void lost_sample(const Error& error);
  void note(const CycleResult& report);
  void note_hang();
  void incident_over();
  void say_once(CycleResult::Kind kind, const std::string& sentence);
  void save_state();

  FactSource& source_;
  Killer& killer_;
  Machine machine_;
  Policy policy_;
  Micros report_interval_us_;
  StateFile state_file_;
  EventLog& event_log_;
  CycleState state_;

  std::uint64_t lost_samples_ = 0;  // since the last good one
  std::uint64_t kills_ = 0;
  std::int32_t hangs_at_ = 0;  // the process that was warned of
  CycleResult::Kind said_ = CycleResult::Kind::kCalm;
  std::optional<std::size_t> log_trigger_;  // that was warned of
  Micros reported_us_ = 0;
};

}  // namespace badnessd
