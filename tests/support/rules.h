// SPDX-License-Identifier: GPL-2.0-only
// Rules as the configuration file has them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "badnessd/app/config/settings.h"

namespace badnessd::test {

// A rule with these conditions, each a setting and its text.
inline Rule rule(
    std::string name, std::int32_t oom_adj,
    std::initializer_list<std::pair<const char*, const char*>> conditions) {
  Rule made{.name = std::move(name)};
  made.oom_adj = oom_adj;
  for (const auto& [key, text] : conditions) {
    EXPECT_TRUE(set_option(made, key, text)) << key << " " << text;
  }
  return made;
}

}  // namespace badnessd::test
