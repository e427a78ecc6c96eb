// SPDX-License-Identifier: GPL-2.0-only
// Lists and scans: all processes, or some.
#include <algorithm>
#include <cerrno>

#include "badnessd/engine/kernel26.h"
#include "badnessd/system/proc/fields.h"
#include "badnessd/system/proc/procfs.h"

namespace badnessd {

Expected<void> ProcfsSource::begin_scan(Snapshot& snapshot) {
  const auto uptime = read_uptime();
  if (!uptime) {
    return tl::unexpected(uptime.error());
  }
  snapshot.uptime_s = *uptime;
  snapshot.page_size = page_size_;
  snapshot.tasks.clear();
  snapshot.small_kib = 0;
  snapshot.gaps = Gaps{
      .live = live_, .kernel26 = kernel26_, .oom_adj_converted = !has_oom_adj_};
  return {};
}

Expected<void> ProcfsSource::scan_some(Snapshot& snapshot,
                                       std::span<const std::int32_t> pids) {
  if (auto begun = begin_scan(snapshot); !begun) {
    return begun;
  }
  for (const std::int32_t pid : pids) {
    add_task(snapshot, pid);
  }
  link_children(snapshot);
  return {};
}

Expected<void> ProcfsSource::scan(Snapshot& snapshot, Kib small_kib) {
  if (auto begun = begin_scan(snapshot); !begun) {
    return begun;
  }
  // What is in swap is not known.
  snapshot.small_kib = swap_in_use_ || options_.swap_in_scan ? 0 : small_kib;
  std::swap(kernel_threads_, known_kernel_threads_);
  kernel_threads_.clear();
  auto known = known_kernel_threads_.begin();
  auto listed = processes_.for_each_number(
      root_.get(), [&](std::int32_t pid, std::uint64_t inode) {
        known = std::find_if(
            known, known_kernel_threads_.end(),
            [pid](const KernelThread& it) { return it.task.id.pid >= pid; });
        if (known != known_kernel_threads_.end() && known->inode == inode &&
            known->task.id.pid == pid) {
          snapshot.tasks.push_back(known->task);
        } else {
          add_task(snapshot, pid);
        }
        if (live_ && !snapshot.tasks.empty() &&
            snapshot.tasks.back().id.pid == pid &&
            (snapshot.tasks.back().flags & kPfKthread) != 0) {
          kernel_threads_.push_back({inode, snapshot.tasks.back()});
        }
      });
  if (!listed) {
    return listed;
  }
  known_kernel_threads_.reserve(kernel_threads_.capacity());
  std::sort(snapshot.tasks.begin(), snapshot.tasks.end(),
            [](const Task& a, const Task& b) { return a.id.pid < b.id.pid; });
  link_children(snapshot);
  snapshot.gaps.init_visible = find_task(snapshot, 1) < snapshot.tasks.size();
  // Its children may die with it: it is not small.
  for (Task& task : snapshot.tasks) {
    if (task.child_count != 0 && !task.oom_adj_known && !read_oom_adj(task)) {
      task.has_mm = false;  // it is gone
    }
  }
  return {};
}

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
  return done;
}

void ProcfsSource::add_task(Snapshot& snapshot, std::int32_t pid) {
  Expected<Task> task = read_cheap(pid, snapshot.small_kib);
  if (task && options_.swap_in_scan) {
    if (const auto status = read_status(pid)) {
      task->swap_kib = status->swap_kib.value_or(0);
    }
  }
  if (task) {
    snapshot.tasks.push_back(*task);
  } else if (vanished(task.error())) {
    ++snapshot.gaps.vanished;
  } else if (task.error().code == EBADMSG) {
    ++snapshot.gaps.malformed;
  } else {
    ++snapshot.gaps.unreadable;
  }
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
