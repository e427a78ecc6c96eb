// SPDX-License-Identifier: GPL-2.0-only
// What the files of a systemd unit say about the end of its processes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace badnessd {

struct UnitSettings {
  std::string restart;     // Restart=, "no" if it is not set
  std::string oom_policy;  // OOMPolicy=, empty if it is not set
  // Whether systemd starts it again after its main process was killed
  // (systemd.service(5), the table of exit causes: unclean signal).
  [[nodiscard]] bool restarts_after_kill() const;
};

// From the unit's file and its drop-ins, in the order of systemd.unit(5), below
// `root` (empty: this system). None for what is no service, or has no file.
// Reads files that may have to come from a disk: not while memory is short.
[[nodiscard]] std::optional<UnitSettings> read_unit(std::string_view unit,
                                                    const std::string& root);

}  // namespace badnessd
