// SPDX-License-Identifier: GPL-2.0-only
// Runs the loop as a process.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "badnessd/app/config/config.h"
#include "badnessd/system/kill/killer.h"
#include "badnessd/system/proc/procfs.h"

namespace badnessd {

// The outputs of the daemon besides its log, and whether it protects itself.
// The default has no outputs and no protection.
struct Service {
  std::string directory{};            // of status.json and last-kill.json
  std::string state_directory{};      // of decisions.jsonl
  bool keep_state = false;            // there too, for a restart
  std::string_view journal_socket{};  // for structured entries
  bool protect = false;               // lock memory, set oom_score_adj -1000
  std::string_view greeting{};        // the first line of the log
};
// The values for the systemd unit: $RUNTIME_DIRECTORY, $STATE_DIRECTORY, the
// journal, protected.
[[nodiscard]] Service system_service();
// A dry run only writes its status to $RUNTIME_DIRECTORY.
[[nodiscard]] Service dry_run_service();

// Prepares the process (memory, protection, a first cycle that signals no
// process), notifies the service manager, and steps until SIGINT or SIGTERM.
// SIGHUP calls `reload` for new settings. Returns the exit code.
[[nodiscard]] int run_daemon(
    ProcfsSource& source, const LoadedSettings& loaded, Killer& killer,
    const Service& service,
    const std::function<tl::expected<LoadedSettings, ConfigError>()>& reload);

}  // namespace badnessd
