// SPDX-License-Identifier: GPL-2.0-only
// The process around the loop.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "badnessd/app/config/config.h"
#include "badnessd/system/kill/killer.h"
#include "badnessd/system/proc/procfs.h"

namespace badnessd {

// Where the daemon leaves what it has to say besides its log, and whether it is
// one that others rely on. By default nothing is left: a dry run.
struct Service {
  std::string directory{};            // of state and last-kill.json
  std::string_view journal_socket{};  // for structured entries
  bool protect = false;               // lock memory, ask to be spared
  std::string_view greeting{};        // a line of the log at the start
};
// As the unit runs it: $RUNTIME_DIRECTORY, the journal, protected.
[[nodiscard]] Service system_service();

// Runs until SIGINT or SIGTERM: prepares the process (memory, own protection, a
// first cycle that signals nothing), tells the service manager, and steps.
// `reload` gives the settings anew on SIGHUP. The exit code.
[[nodiscard]] int run_daemon(
    ProcfsSource& source, const LoadedSettings& loaded, Killer& killer,
    const Service& service,
    const std::function<tl::expected<LoadedSettings, ConfigError>()>& reload);

}  // namespace badnessd
