// SPDX-License-Identifier: GPL-2.0-only
// The loop: runs a cycle when one is due, and logs each change of state.
#pragma once

#include <optional>
#include <string>

#include "badnessd/app/check/findings.h"
#include "badnessd/app/config/config.h"
#include "badnessd/app/daemon/event_log.h"
#include "badnessd/app/report/metrics.h"
#include "badnessd/cycle/cycle.h"
#include "badnessd/system/proc/procfs.h"
#include "badnessd/system/service/events.h"
#include "badnessd/system/service/state_file.h"

namespace badnessd {

// Holds the state between cycles and logs its changes.
class Daemon {
 public:
  // All arguments passed by reference must outlive the daemon.
  Daemon(const Sources& sources, Killer& killer, LoadedSettings settings,
         StateFile state_file, EventLog& event_log);

  // Takes the first note and makes a whole decision that signals no process, so
  // that later ones allocate nothing between decision and signal.
  CycleResult rehearse();
  // The watched system and cgroups, and their readings so far.
  [[nodiscard]] const OomDomains& watched() const noexcept {
    return state_.domains;
  }

  // Runs one cycle. Logs changes, and never the same line twice in a row.
  void step();

  // Applies new settings; while a victim is pending, after it: the decision
  // refers to its trigger. Keeps the machine, kernel.hz and the history.
  void reconfigure(const LoadedSettings& settings);

  // The time to sleep before the next step.
  [[nodiscard]] Micros sleep() const noexcept;
  // Whether the loop must wait for killer.exit_fd().
  [[nodiscard]] bool victim_pending() const noexcept {
    return state_.incident.pending &&
           state_.incident.pending->phase != Pending::Phase::kRecovering;
  }
  // Looks for what is lacking, and writes status.json and the metrics, if that
  // is due, see status.h. `lost_lines`: of log and journal.
  void tell_status(std::uint64_t lost_lines);
  // What this machine does not have until the next start.
  void set_host(std::vector<Finding> findings) { host_ = std::move(findings); }

  // A status line for the service manager and the regular report.
  [[nodiscard]] std::string status() const;
  [[nodiscard]] const Policy& policy() const noexcept {
    return settings_.policy;
  }

 private:
  void tell(const CycleResult& result);
  void tell_kernel_kills(std::uint64_t kills, Micros now_us);
  void count_signal(const Decision& decision);
  void count_reclaim(const Decision& decision);
  void look_for_lacks();
  void notice(Lack lack);
  void incident_over();
  void say_once(CycleResult::Kind kind, const std::string& sentence);
  void save_state();
  CycleResult try_decision(bool as_read);
  void refresh_choice();
  void tell_metrics(std::uint64_t lost_lines);

  Sources sources_;
  Killer& killer_;
  Settings settings_;
  std::optional<LoadedSettings> waiting_;  // until no victim is pending
  StateFile state_file_;
  EventLog& event_log_;
  CycleState state_;

  std::uint64_t kernel_kills_ = 0;  // not told yet
  Micros kernel_told_us_ = 0;
  std::optional<Error> lost_;  // why the last sample was
  CycleResult::Kind said_ = CycleResult::Kind::kCalm;
  std::optional<std::size_t> log_trigger_;  // of the last warning
  Micros reported_us_ = 0;

  // For the status.
  std::string settings_origin_;
  std::vector<Finding> host_;
  std::vector<std::string> lacks_;  // sentences
  KillTimes kill_times_;
  Json choice_;
  Micros started_us_ = 0;
  Micros chosen_us_ = 0;
  Micros told_us_ = 0;
  bool tell_now_ = true;
  Metrics metrics_;
};

}  // namespace badnessd
