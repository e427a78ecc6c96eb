// SPDX-License-Identifier: GPL-2.0-only
// A pattern, a newline, and a text that is also taken for /proc/<pid>/cgroup.
#include "badnessd/engine/glob.h"

#include <algorithm>

#include "badnessd/engine/rules.h"
#include "badnessd/system/proc/cgroup.h"
#include "fuzz.h"

void badnessd::fuzz::fuzz_one(std::string_view input) {
  const std::size_t end = std::min(input.find('\n'), input.size());
  const std::string_view text = input.substr(std::min(end + 1, input.size()));
  const std::string_view cgroup = parse_cgroup(text);
  require(cgroup.empty() || inside(cgroup, text));
  const std::string_view unit = unit_of(cgroup);
  require(unit.empty() || inside(unit, cgroup));
  const auto glob = Glob::parse(input.substr(0, end));
  if (!glob) {
    return;
  }
  static_cast<void>(matches_cgroup(*glob, cgroup));
  if (glob->matches(text)) {
    require(text.size() >= glob->shortest());
    require(text.starts_with(glob->fixed_prefix()));
  }
}
