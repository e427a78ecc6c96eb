// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/refresh.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "badnessd/engine/kernel26.h"

namespace badnessd {
namespace {

// Above these numbers, reading all processes is as good.
constexpr std::size_t kMostNew = 128;
constexpr std::size_t kMostRead = 256;
constexpr std::size_t kMostWhole = 64;

bool is_kernel_thread(const Task& task) noexcept {
  return (task.flags & kPfKthread) != 0;
}

}  // namespace

void Refresh::reserve(std::size_t tasks) {
  ranked_.reserve(tasks);
  read_.reserve(2 * kMostRead);
  was_read_.reserve(tasks);
}

void Refresh::begin(const Census& census, const Loss& loss) {
  loss_ = loss;
  read_.clear();
  ranked_.clear();
  most_kib_ = 0;
  explained_kib_ = 0;
  unexplained_kib_ = above(census.counters().faulted_kib.value_or(0),
                           census.faulted_kib().value_or(0));
}

bool Refresh::read_suspects(const Sources& sources, Census& census,
                            const Loss& loss, Kib needed_kib, Micros now_us) {
  begin(census, loss);
  const auto fresh = census.add_new(sources, now_us);
  was_read_.assign(census.entries().size(), false);
  if (!fresh || *fresh > kMostNew || !census.counters().faulted_kib ||
      !census.faulted_kib() || census.table().gaps.kernel26) {
    return false;
  }
  for (std::uint32_t i = 0; i < census.entries().size(); ++i) {
    if (i % FactSource::kAhead == 0) {
      census.read_ahead(sources, i, i + FactSource::kAhead, false);
    }
    if (!census.entries()[i].read) {
      read_one(sources, census, i);
    }
  }
  if (*fresh != 0 || !read_.empty()) {
    link_children(census.table());
  }
  read_newest(sources, census);
  rank(census);
  return read_ranked(sources, census) && complete(sources, census, needed_kib);
}

bool Refresh::read_members(const Sources& sources, Census& census,
                           std::span<const std::int32_t> pids, Kib needed_kib) {
  for (const std::int32_t pid : pids) {
    if (const auto index = census.find(pid)) {
      read_one(sources, census, *index);
    }
  }
  return complete(sources, census, needed_kib);
}

// What takes memory now has often been started a short time ago, and held
// little at the note.
void Refresh::read_newest(const Sources& sources, Census& census) {
  const auto& tasks = census.table().tasks;
  // Not by pid: pids begin again after the greatest.
  const auto newer = [&](std::uint32_t a, std::uint32_t b) {
    return tasks[a].id.start_time > tasks[b].id.start_time;
  };
  std::array<std::uint32_t, 16> newest{};  // a heap, the oldest first
  auto end = newest.begin();
  for (std::uint32_t i = 0; i < tasks.size(); ++i) {
    if (is_kernel_thread(tasks[i])) {
      continue;
    }
    if (end == newest.end()) {
      if (!newer(i, newest.front())) {
        continue;
      }
      std::pop_heap(newest.begin(), end--, newer);
    }
    *end++ = i;
    std::push_heap(newest.begin(), end, newer);
  }
  std::for_each(newest.begin(), end,
                [&](std::uint32_t index) { read_one(sources, census, index); });
}

void Refresh::rank(const Census& census) {
  constexpr Kib kUnit = Ranked::kAboutTheSame;
  for (std::uint32_t i = 0; i < census.entries().size(); ++i) {
    const Task& task = census.table().tasks[i];
    if (!is_kernel_thread(task) && !was_read_[i]) {
      const Kib took = census.grown_kib(i, loss_.slot);
      ranked_.push_back({.took_kib = (took / kUnit + 1) * kUnit,
                         .held_kib = task.held_kib(),
                         .index = i});
    }
  }
  std::make_heap(ranked_.begin(), ranked_.end());
}

bool Refresh::suspected(Kib took_kib) const noexcept {
  // A victim took at least half of the most.
  constexpr Kib kPart = 4;
  return took_kib >= most_kib_ / kPart;
}

bool Refresh::read_ranked(const Sources& sources, Census& census) {
  constexpr std::size_t kFirst = 64;
  while (!ranked_.empty() &&
         suspected(ranked_.front().took_kib + unexplained_kib_)) {
    // Those that took the most come first: the rest took no more.
    const bool none_took_enough =
        read_.size() >= kFirst && most_kib_ < loss_.needed_kib;
    if (read_.size() >= kMostRead || none_took_enough) {
      return false;
    }
    read_one(sources, census, ranked_.front().index);
    std::pop_heap(ranked_.begin(), ranked_.end());
    ranked_.pop_back();
  }
  return true;
}

void Refresh::read_one(const Sources& sources, Census& census,
                       std::uint32_t index) {
  if (was_read_[index] || !census.read_memory(sources, index)) {
    return;
  }
  const Task& task = census.table().tasks[index];
  if (is_kernel_thread(task)) {
    return;
  }
  const Census::Entry& entry = census.entries()[index];
  const Kib held = task.private_kib() + task.copied_kib;
  // A process inherits memory from its parent without a fault.
  const Kib since_exec = (task.flags & kPfForkNoExec) != 0 ? 0 : held;
  const auto grown = [&](std::size_t slot) {
    const auto then = entry.columns[slot].holding();
    return then ? above(held, then->private_kib) : since_exec;
  };
  // Two processes with one mm gain once.
  const bool counted =
      std::any_of(read_.begin(), read_.end(), [&](std::uint32_t other) {
        const Task& its = census.table().tasks[other];
        return its.total_vm == task.total_vm && its.rss == task.rss;
      });
  const Kib took = grown(loss_.slot);
  most_kib_ = std::max(most_kib_, took);
  if (!counted) {
    unexplained_kib_ -= std::min(unexplained_kib_, grown(census.latest()));
    explained_kib_ += took;
  }
  read_.push_back(index);
  was_read_[index] = true;
}

bool Refresh::complete(const Sources& sources, Census& census, Kib needed_kib) {
  // Memory also comes without a fault (userfaultfd(2): UFFDIO_COPY).
  if (explained_kib_ + most_kib_ / 2 < loss_.lost_kib) {
    return false;
  }
  std::array<std::uint32_t, kMostWhole> whole{};
  std::array<std::int32_t, kMostWhole> pids{};
  std::size_t count = 0;
  std::size_t unread = 0;
  bool shared = false;  // a suspect maps shared memory
  for (const std::uint32_t index : read_) {
    if (suspected(census.grown_kib(index, loss_.slot))) {
      shared = shared || census.table().tasks[index].rss_shmem_kib != 0;
      if (count == kMostWhole) {
        return false;
      }
      whole[count++] = index;
      if (!census.whole(index)) {
        pids[unread++] = census.entries()[index].process.pid;
      }
    }
  }
  sources.facts.read_ahead({pids.data(), unread});
  for (std::size_t i = 0; i < count; ++i) {
    read_whole(sources, census, whole[i]);
  }
  // Their exit would be waited for.
  std::size_t large = 0;
  for (std::uint32_t i = 0; i < census.entries().size(); ++i) {
    if (census.table().tasks[i].held_kib() >= needed_kib && !was_read_[i]) {
      if (++large > kMostRead) {
        return false;
      }
      static_cast<void>(census.read_memory(sources, i));
    }
  }
  Snapshot& table = census.table();
  table.shmem_unread_kib = shared ? unexplained_kib_ : 0;
  unread_ = static_cast<std::uint32_t>(census.entries().size() - read_.size());
  return true;
}

// With what the amounts and points of the process depend on. More children than
// these stay as they are in the table.
void Refresh::read_whole(const Sources& sources, Census& census,
                         std::uint32_t index) {
  constexpr std::uint32_t kMostChildren = 64;
  Snapshot& table = census.table();
  if (!census.whole(index)) {
    static_cast<void>(census.read(sources, index));
  }
  const std::int32_t ppid = table.tasks[index].ppid;
  if (const auto parent = census.find(ppid);
      parent && ppid > kInitPid && !was_read_[*parent]) {
    static_cast<void>(census.read_memory(sources, *parent));
  }
  const Task& task = table.tasks[index];
  if (task.child_count == 0) {
    return;
  }
  sources.facts.read_children(table, index);
  for (std::uint32_t i = 0;
       i < task.child_count && task.child_count <= kMostChildren; ++i) {
    const std::uint32_t child = table.children[task.first_child + i].task;
    if (!was_read_[child]) {
      static_cast<void>(census.read_memory(sources, child));
    }
  }
}

Expected<void> Refresh::read_all(const Sources& sources, Census& census,
                                 bool whole, Micros now_us) {
  census.abandon_note();
  if (!census.list(sources, now_us)) {
    return tl::unexpected(Error{EIO, "list the processes"});
  }
  Snapshot& table = census.table();
  if (const auto read = sources.facts.read_system(table); !read) {
    return read;
  }
  table.shmem_unread_kib = 0;
  for (std::uint32_t i = 0; i < census.entries().size(); ++i) {
    if (i % FactSource::kAhead == 0) {
      census.read_ahead(sources, i, i + FactSource::kAhead, whole);
    }
    Task& task = table.tasks[i];
    const bool known = census.entries()[i].read;
    if (known && is_kernel_thread(task)) {
      continue;
    }
    if (!known || whole) {
      static_cast<void>(census.read(sources, i));
    } else if (census.read_memory(sources, i) && !census.whole(i) &&
               !sources.facts.read_oom_adj(task)) {
      task.has_mm = false;  // it is gone
    }
  }
  link_children(table);
  for (std::uint32_t i = 0; i < table.tasks.size(); ++i) {
    if (table.tasks[i].child_count != 0 &&
        (table.tasks[i].has_mm || table.tasks[i].live_tid != 0)) {
      sources.facts.read_children(table, i);
    }
  }
  table.gaps.init_visible = census.find(kInitPid).has_value();
  return {};
}

}  // namespace badnessd
