// SPDX-License-Identifier: GPL-2.0-only
// The commands. Each prints to standard output, and errors to standard error,
// and returns the exit code.
#pragma once

#include <memory>
#include <string>

#include "badnessd/app/config/cli.h"
#include "badnessd/app/config/config.h"
#include "badnessd/system/kill/killer.h"
#include "badnessd/system/proc/procfs.h"

namespace badnessd {

// "badnessd: message" on standard error; returns `exit_code`.
[[nodiscard]] int fail(int exit_code, const std::string& message);
// Writes `text` to standard output; returns kExitOk or kExitFailure.
[[nodiscard]] int print(const std::string& text);

// Opens the tree that `invocation` names, or prints the error and returns the
// exit code.
[[nodiscard]] tl::expected<std::unique_ptr<ProcfsSource>, int> open_source(
    const Invocation& invocation, const Settings& settings);

// The killer for `invocation`. It never signals in a dry run or an audit. Fails
// on a tree that is not live, and with 77 without CAP_KILL.
[[nodiscard]] tl::expected<std::unique_ptr<Killer>, int> choose_killer(
    const Invocation& invocation, ProcfsSource& source);

[[nodiscard]] int run_command(const Invocation& invocation,
                              const LoadedSettings& loaded,
                              ProcfsSource& source, Killer& killer);

// What the daemon wrote to status.json. Returns 0 watching, 1 not running, 2
// degraded, or why it cannot be read.
[[nodiscard]] int show_status(const Invocation& invocation);
// The records in decisions.jsonl of $STATE_DIRECTORY.
[[nodiscard]] int show_history(const Invocation& invocation);

}  // namespace badnessd
