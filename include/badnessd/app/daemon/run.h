// SPDX-License-Identifier: GPL-2.0-only
// The process around the loop.
#pragma once

#include <functional>

#include "badnessd/app/config/config.h"
#include "badnessd/system/kill/killer.h"
#include "badnessd/system/proc/procfs.h"

namespace badnessd {

// Runs until SIGINT or SIGTERM: prepares the process (memory, own protection, a
// first dry cycle), tells the service manager, and steps. `reload` gives the
// settings anew on SIGHUP. The exit code.
[[nodiscard]] int run_daemon(
    ProcfsSource& source, const LoadedSettings& loaded, Killer& killer,
    bool dry_run,
    const std::function<tl::expected<LoadedSettings, ConfigError>()>& reload);

}  // namespace badnessd
