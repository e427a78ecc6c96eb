// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/proc/proc_text.h"
#include "fuzz.h"

void badnessd::fuzz::fuzz_one(std::string_view text) {
  const auto stat = parse_stat(text);
  if (!stat) {
    return;
  }
  require(inside(stat->comm, text));
  require(stat->state != ' ' && stat->state != '\n');
  // Whatever the name is, it stands between parentheses.
  const auto begin = static_cast<std::size_t>(stat->comm.data() - text.data());
  require(text[begin - 1] == '(' && text[begin + stat->comm.size()] == ')');
  // Nothing is kept from one text to the next.
  const auto again = parse_stat(text);
  require(again && again->rss == stat->rss && again->comm == stat->comm);
}
