// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/host.h"

#include <spdlog/fmt/fmt.h>

#include "badnessd/app/report.h"

namespace badnessd {

std::vector<std::string> host_text(const Policy& policy,
                                   const PressureReading& reading) {
  std::vector<std::string> lines{reading_text(reading)};
  for (const Trigger& trigger : policy.triggers) {
    const std::string name = escaped(trigger.name);
    lines.push_back(fmt::format("trigger {} {}", name,
                                trigger_text(trigger, reading, std::nullopt)));
    if ((trigger.psi_some_above && !reading.psi_some) ||
        (trigger.psi_full_above && !reading.psi_full)) {
      lines.push_back(fmt::format(
          "trigger {} cannot fire here: this kernel gives no pressure stall "
          "information (boot it with psi=1)",
          name));
    }
  }
  return lines;
}

}  // namespace badnessd
