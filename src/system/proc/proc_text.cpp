// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/proc/proc_text.h"

#include <cerrno>

#include "badnessd/system/proc/fields.h"

namespace badnessd {
namespace {

bool skip_words(std::string_view& rest, int count) {
  for (int i = 0; i < count; ++i) {
    if (take_word(rest).empty()) {
      return false;
    }
  }
  return true;
}

// Words of eight hex digits, the highest first, separated by commas.
bool parse_nodes(std::string_view value, NodeMask& mask) {
  std::string_view word = take_word(value);
  for (std::uint32_t& bits : mask.words) {
    const std::size_t comma = word.rfind(',');
    const bool last = comma == std::string_view::npos;
    if (!to_number(last ? word : word.substr(comma + 1), bits, 16)) {
      return false;
    }
    if (last) {
      return true;
    }
    word = word.substr(0, comma);
  }
  return false;
}

// At least two numbers with a tab before each, the last of which is 1.
bool ends_in_one(std::string_view value) {
  return !take_word(value).empty() && value.ends_with("\t1");
}

}  // namespace

bool NodeMask::intersects(const NodeMask& other) const noexcept {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if ((words[i] & other.words[i]) != 0) {
      return true;
    }
  }
  return false;
}

Expected<StatFields> parse_stat(std::string_view text) {
  // comm may hold blanks, parentheses and newlines; the text after it holds no
  // ')'.
  const std::size_t open = text.find(" (");
  const std::size_t close = text.rfind(") ");
  if (open == std::string_view::npos || close == std::string_view::npos ||
      close < open + 2) {
    return malformed("stat: no name in parentheses");
  }
  StatFields stat;
  stat.comm = text.substr(open + 2, close - open - 2);
  std::string_view rest = text.substr(close + 1);
  const std::string_view state = take_word(rest);
  // proc(5) numbers the fields from 1; state is 3.
  const bool ok =
      to_number(text.substr(0, open), stat.pid) && state.size() == 1 &&
      take_number(rest, stat.ppid) && skip_words(rest, 4) &&
      take_number(rest, stat.flags) && take_number(rest, stat.minor_faults) &&
      skip_words(rest, 3) && take_number(rest, stat.utime_ticks) &&
      take_number(rest, stat.stime_ticks) && skip_words(rest, 3) &&
      take_number(rest, stat.nice) && take_number(rest, stat.num_threads) &&
      skip_words(rest, 1) && take_number(rest, stat.start_time_ticks) &&
      take_number(rest, stat.vsize_bytes) && take_number(rest, stat.rss);
  if (!ok) {
    return malformed("stat: a field is missing or no number");
  }
  stat.state = state.front();
  return stat;
}

Expected<StatusFields> parse_status(std::string_view text) {
  StatusFields status;
  bool has_uid = false;
  bool has_caps = false;
  bool ok = true;
  std::string_view key;
  std::string_view value;
  while (ok && take_field(text, key, value)) {
    if (key == "PPid") {
      ok = take_number(value, status.ppid);
    } else if (key == "State") {
      const std::string_view state = take_word(value);
      status.state = state.empty() ? '?' : state.front();
    } else if (key == "Threads") {
      ok = take_number(value, status.threads);
    } else if (key == "Uid") {
      ok = has_uid = take_number(value, status.uid);
    } else if (key == "CapEff") {
      ok = has_caps = to_number(take_word(value), status.cap_effective, 16);
    } else if (key == "RssAnon") {
      ok = take_number(value, status.rss_anon_kib.emplace());
    } else if (key == "RssShmem") {
      ok = take_number(value, status.rss_shmem_kib.emplace());
    } else if (key == "VmSwap") {
      ok = take_number(value, status.swap_kib.emplace());
    } else if (key == "VmPTE") {
      ok = take_number(value, status.page_tables_kib);
    } else if (key == "NSpid") {
      status.pid_ns_init = ends_in_one(value);
    } else if (key == "Mems_allowed") {
      ok = parse_nodes(value, status.mems_allowed.emplace());
    }
  }
  if (!ok || !has_uid || !has_caps) {
    return malformed("status: a field is missing or no number");
  }
  return status;
}

Expected<StatmFields> parse_statm(std::string_view text) {
  StatmFields statm;
  if (!take_number(text, statm.size) || !take_number(text, statm.resident) ||
      !take_number(text, statm.shared)) {
    return malformed("statm: a field is missing or no number");
  }
  return statm;
}

Expected<SmapsFields> parse_smaps_rollup(std::string_view text) {
  std::optional<Kib> anonymous;
  std::optional<Kib> private_dirty;
  bool ok = true;
  std::string_view key;
  std::string_view value;
  while (ok && take_field(text, key, value)) {
    if (key == "Anonymous") {
      ok = take_number(value, anonymous.emplace());
    } else if (key == "Private_Dirty") {
      ok = take_number(value, private_dirty.emplace());
    }
  }
  if (!ok || !anonymous || !private_dirty) {
    return malformed("smaps_rollup: a field is missing or no number");
  }
  return SmapsFields{*anonymous, *private_dirty};
}

Expected<int> parse_adj(std::string_view text, int min, int max) {
  int adj = 0;
  if (!take_number(text, adj) || adj < min || adj > max) {
    return malformed("oom_adj: no number of its range");
  }
  return adj;
}

Expected<std::int32_t> next_child(std::string_view& rest) {
  const std::string_view word = take_word(rest);
  std::int32_t pid = 0;
  if (!word.empty() && (!to_number(word, pid) || pid <= 0)) {
    return malformed("children: not a pid");
  }
  return pid;
}

Expected<std::int32_t> parse_last_pid(std::string_view text) {
  std::int32_t pid = 0;
  const std::string_view line = take_line(text);
  const std::size_t space = line.rfind(' ');
  if (space == std::string_view::npos ||
      !to_number(line.substr(space + 1), pid) || pid < 0) {
    return malformed("loadavg: no last pid");
  }
  return pid;
}

Expected<std::uint64_t> parse_uptime(std::string_view text) {
  std::uint64_t seconds = 0;
  if (!to_number(text.substr(0, text.find('.')), seconds)) {
    return malformed("uptime: no number");
  }
  return seconds;
}

}  // namespace badnessd
