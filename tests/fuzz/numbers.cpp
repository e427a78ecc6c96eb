// SPDX-License-Identifier: GPL-2.0-only
// The files of one line: statm, oom_adj and oom_score_adj, children, uptime.
#include "badnessd/system/proc/proc_text.h"
#include "fuzz.h"

void badnessd::fuzz::fuzz_one(std::string_view text) {
  if (const auto statm = parse_statm(text)) {
    require(*parse_statm(text) == *statm);
  }
  if (const auto adj = parse_adj(text, -1000, 1000)) {
    require(*adj >= -1000 && *adj <= 1000);
    require(parse_adj(text, *adj, *adj).has_value());
    require(!parse_adj(text, *adj + 1, 1000).has_value());
  }
  std::string_view rest = text;
  for (std::size_t before = rest.size() + 1;;) {
    const auto child = next_child(rest);
    require(inside(rest, text));
    if (!child || *child == 0) {
      break;
    }
    require(*child > 0 && rest.size() < before);
    before = rest.size();
  }
  if (const auto uptime = parse_uptime(text)) {
    require(text.front() >= '0' && text.front() <= '9');
  }
}
