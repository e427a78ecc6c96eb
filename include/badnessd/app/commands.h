// SPDX-License-Identifier: GPL-2.0-only
// What each command does with its source. They print to standard output, errors
// to standard error, and return the exit code.
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

// Opens the tree that `invocation` names, or says why not and gives the exit
// code.
[[nodiscard]] tl::expected<std::unique_ptr<ProcfsSource>, int> open_source(
    const Invocation& invocation, const Settings& settings);

// The killer for `invocation`: not one that signals in a dry run, an audit or
// on another tree than the live one. 77 if it would not be allowed to.
[[nodiscard]] tl::expected<std::unique_ptr<Killer>, int> choose_killer(
    const Invocation& invocation, const ProcfsSource& source);

[[nodiscard]] int run_command(const Invocation& invocation,
                              const LoadedSettings& loaded,
                              ProcfsSource& source, Killer& killer);

}  // namespace badnessd
