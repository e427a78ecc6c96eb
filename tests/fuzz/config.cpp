// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/config.h"

#include "fuzz.h"

void badnessd::fuzz::fuzz_one(std::string_view text) {
  Settings settings;
  const auto applied = apply_toml(settings, text, "fuzz.toml");
  require(applied || !applied.error().message.empty());
  // --set takes the same texts.
  const auto assigned = apply_assignment(settings, text);
  require(assigned || !assigned.error().message.empty());
}
