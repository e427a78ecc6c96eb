// SPDX-License-Identifier: GPL-2.0-only
// The foreground loop: a cycle at a fixed pace, and a log line for each change.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <spdlog/logger.h>

#include "badnessd/app/config.h"
#include "badnessd/app/cycle.h"

namespace badnessd {

// What lives from one cycle to the next. An incident lasts from the trigger's
// firing to its clearing.
class Daemon {
 public:
  // All that is passed must outlive the daemon.
  Daemon(FactSource& source, Killer& killer, const Settings& settings,
         std::int32_t self_pid, spdlog::logger& log);

  // One cycle, and what is to be said of it. A killer that sends nothing gets
  // one victim per incident; a dying task is waited for during
  // kill.exit_timeout per incident.
  void step();

 private:
  void lost_sample(const Error& error);
  void readable_again();
  void clear_incident();
  void wait_for(const Task& dying);
  void acted(const CycleReport& report);

  FactSource& source_;
  Killer& killer_;
  Policy policy_;
  std::chrono::milliseconds interval_;
  std::chrono::milliseconds exit_timeout_;
  spdlog::logger& log_;
  Snapshot snapshot_;

  std::uint64_t lost_samples_ = 0;      // since the last good one
  std::chrono::milliseconds waited_{};  // for the dying, in this incident
  bool nobody_said_ = false;
  bool dry_reported_ = false;
  std::string last_verdict_;  // not said twice in a row
};

// Steps until SIGINT or SIGTERM.
void run_daemon(FactSource& source, const LoadedSettings& loaded,
                std::int32_t self_pid, Killer& killer);

}  // namespace badnessd
