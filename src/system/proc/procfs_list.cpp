// SPDX-License-Identifier: GPL-2.0-only
// Which processes there are.
#include <algorithm>

#include "badnessd/system/proc/fields.h"
#include "badnessd/system/proc/procfs.h"

namespace badnessd {

Expected<void> ProcfsSource::list(std::vector<ListedProcess>& listed,
                                  const PidRange& range) {
  // Room for about 40 entries, and for all.
  constexpr std::size_t kFew = 1024;
  constexpr std::size_t kAll = 64UL * 1024;
  const auto old = static_cast<std::ptrdiff_t>(listed.size());
  const bool whole = range.first <= kAllPids.first || !entry_offset_;
  std::optional<std::int64_t> difference;
  bool same = live_;
  std::int64_t offset = 0;  // of the entry
  auto done = processes_.for_each_from(
      root_.get(), whole ? 0 : *entry_offset_ + range.first,
      range.last == kAllPids.last ? kAll : kFew,
      [&](const DirectoryReader::Entry& entry) {
        if (entry.number >= range.first && entry.number <= range.last) {
          listed.push_back({entry.number, entry.inode});
        }
        if (entry.number > 0 && offset != 0) {
          same = same && offset - entry.number ==
                             difference.value_or(offset - entry.number);
          difference = offset - entry.number;
        }
        offset = entry.offset;
        // Only a live tree is in order.
        return !live_ || entry.number <= range.last;
      });
  if (whole) {
    entry_offset_ = same ? difference : std::nullopt;
  }
  std::sort(listed.begin() + old, listed.end(),
            [](const ListedProcess& a, const ListedProcess& b) {
              return a.pid < b.pid;
            });
  list_.reserve(listed.capacity());  // read_children() allocates nothing
  return done;
}

std::optional<std::int32_t> ProcfsSource::last_pid() {
  const auto pid =
      live_ ? reader_.read(root_.get(), "loadavg").and_then(parse_last_pid)
            : tl::unexpected(Error{ENOENT, "loadavg"});
  return pid ? std::optional(*pid) : std::nullopt;
}

std::int32_t ProcfsSource::pid_max() {
  constexpr std::int32_t kSmallest = 301;  // kernel/pid.c: pid_max_min
  const auto text = reader_.read(root_.get(), "sys/kernel/pid_max");
  std::int32_t most = 0;
  return text && to_number(text->substr(0, text->find('\n')), most) ? most
                                                                    : kSmallest;
}

}  // namespace badnessd
