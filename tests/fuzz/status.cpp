// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/proc/proc_text.h"
#include "fuzz.h"

void badnessd::fuzz::fuzz_one(std::string_view text) {
  const auto status = parse_status(text);
  if (!status) {
    return;
  }
  require(text.find("Uid:") != std::string_view::npos);
  require(text.find("CapEff:") != std::string_view::npos);
  if (status->mems_allowed) {
    const NodeMask none;
    require(!status->mems_allowed->intersects(none));
    require(status->mems_allowed->intersects(*status->mems_allowed) ==
            (status->mems_allowed->words != none.words));
  }
}
