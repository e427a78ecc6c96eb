// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/config/config.h"

#include "fuzz.h"

void badnessd::fuzz::fuzz_one(std::string_view text) {
  LoadedSettings loaded;
  const auto applied = apply_toml(loaded, text, "fuzz.toml");
  require(applied || !applied.error().message.empty());
  // --set takes the same texts.
  const auto assigned = apply_assignment(loaded, text);
  require(assigned || !assigned.error().message.empty());
}
