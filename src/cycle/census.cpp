// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/census.h"

#include <algorithm>
#include <utility>

#include "badnessd/engine/kernel26.h"

namespace badnessd {

std::uint32_t Census::Column::narrowed(Kib kib) noexcept {
  return static_cast<std::uint32_t>(std::min<Kib>(kib / kUnit, kNotThere - 1));
}

Kib Census::Column::widened(std::uint32_t units) noexcept {
  return units == kNotThere - 1 ? kUnknownKib / 4 : units * kUnit;
}

Census::Column::Column(const Holding& holding) noexcept
    : private_(narrowed(holding.private_kib)),
      shmem_(narrowed(holding.shmem_kib)) {}

std::optional<Holding> Census::Column::holding() const noexcept {
  return private_ == kNotThere
             ? std::nullopt
             : std::optional(Holding{widened(private_), widened(shmem_)});
}

void Census::Column::add_private(Kib kib) noexcept {
  if (private_ != kNotThere) {
    private_ = narrowed(widened(private_) + kib);
  }
}

bool Census::list(const Sources& sources, Micros now_us) {
  if (busy()) {
    return true;
  }
  const auto fresh = new_pids(sources, now_us);
  const auto last_pid = sources.facts.last_pid();
  listed_.clear();
  if (!sources.facts.list(listed_, kAllPids)) {
    return false;
  }
  listed_us_ = now_us;
  last_pid_ = last_pid;
  pid_max_ = sources.facts.pid_max();
  keep_listed(fresh);
  insert(listed_);
  link_children(table_);
  return true;
}

std::optional<std::size_t> Census::add_new(const Sources& sources,
                                           Micros now_us) {
  const auto fresh = new_pids(sources, now_us);
  FactSource& facts = sources.facts;
  listed_.clear();
  if (!fresh) {
    // Inodes tell them apart: all processes are listed, not read.
    if (!facts.list(listed_, kAllPids)) {
      return std::nullopt;
    }
  } else {
    const bool around = fresh->last < fresh->after;
    const PidRange low{around ? kAllPids.first : fresh->after + 1, fresh->last};
    const PidRange high{fresh->after + 1, kAllPids.last};
    if ((fresh->last != fresh->after && !facts.list(listed_, low)) ||
        (around && !facts.list(listed_, high))) {
      return std::nullopt;
    }
  }
  std::erase_if(listed_, [&](const ListedProcess& process) {
    const auto known = find(process.pid);
    if (known && !(entries_[*known].process == process)) {
      // Another process, or the kernel has dropped the inode of this one.
      entries_[*known].process = process;
      entries_[*known].read = false;
      entries_[*known].identity.read_us = {};
    }
    return known.has_value();
  });
  insert(listed_);
  return listed_.size();
}

void Census::keep_listed(const std::optional<NewPids>& fresh) {
  std::size_t old = 0;
  std::size_t kept = 0;
  std::size_t unknown = 0;
  for (const ListedProcess& process : listed_) {
    while (old < entries_.size() && entries_[old].process.pid < process.pid) {
      ++old;
    }
    if (old == entries_.size() || entries_[old].process.pid != process.pid) {
      listed_[unknown++] = process;
      continue;
    }
    // Another process, or the kernel has dropped the inode of this one.
    const bool same = entries_[old].process == process ||
                      (fresh && !fresh->contains(process.pid));
    entries_[kept] = entries_[old];
    table_.tasks[kept] = table_.tasks[old];
    entries_[kept].process = process;
    if (!same) {
      entries_[kept].read = false;
      entries_[kept].identity.read_us = {};
    }
    ++kept;
    ++old;
  }
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(kept),
                 entries_.end());
  table_.tasks.resize(kept);
  listed_.resize(unknown);
}

void Census::insert(std::span<const ListedProcess> processes) {
  std::size_t from = entries_.size();
  std::size_t put = from + processes.size();
  // A vector would double its memory, which is locked.
  if (put > entries_.capacity()) {
    entries_.reserve(put + put / 16);
    table_.tasks.reserve(put + put / 16);
  }
  entries_.resize(put);
  table_.tasks.resize(put);
  const std::size_t to_read = next_;
  for (std::size_t left = processes.size(); left != 0; --put) {
    if (from != 0 && entries_[from - 1].process.pid > processes[left - 1].pid) {
      --from;
      entries_[put - 1] = entries_[from];
      table_.tasks[put - 1] = table_.tasks[from];
    } else {
      --left;
      next_ += from < to_read ? 1 : 0;
      entries_[put - 1] = {.process = processes[left]};
      table_.tasks[put - 1] = {};
      table_.tasks[put - 1].id.pid = processes[left].pid;
    }
  }
}

std::size_t Census::make_room() {
  constexpr std::size_t kFewest = 1024;
  const std::size_t processes = entries_.size();
  std::size_t room = entries_.capacity();
  if (room < kFewest || room < processes + processes / 16) {
    room = std::max(kFewest, processes + processes / 8);
    entries_.reserve(room);
  }
  table_.tasks.reserve(room);
  table_.verdicts.reserve(room);
  table_.children.reserve(room);
  listed_.reserve(room);
  return room;
}

std::optional<NewPids> Census::new_pids(const Sources& sources,
                                        Micros now_us) const {
  // No machine creates more processes and threads in a second.
  constexpr Micros kPerSecond = 100'000;
  if (!last_pid_) {
    return std::nullopt;
  }
  const auto most = static_cast<Micros>(pid_max_);
  if ((now_us - listed_us_) * kPerSecond / kSecond >= most) {
    return std::nullopt;
  }
  const auto last = sources.facts.last_pid();
  return last ? std::optional(NewPids{*last_pid_, *last}) : std::nullopt;
}

void Census::begin_reading(const Sources& sources, const VmCounters& counters) {
  ++reading_;
  counters_ = counters;
  static_cast<void>(sources.facts.read_system(table_));  // else the old uptime
}

void Census::gone(std::uint32_t index) noexcept {
  Task& task = table_.tasks[index];
  task.has_mm = false;
  task.live_tid = 0;
  task.mm_threads = 0;
  task.noted_kib = 0;
}

void Census::read_ahead(const Sources& sources, std::size_t first,
                        std::size_t last, bool whole) {
  std::array<std::int32_t, FactSource::kAhead> pids{};
  std::size_t count = 0;
  last = std::min({last, first + pids.size(), entries_.size()});
  for (std::size_t i = first; i < last; ++i) {
    const bool kernel_thread = (table_.tasks[i].flags & kPfKthread) != 0;
    if (!entries_[i].read || (whole && !kernel_thread)) {
      pids[count++] = entries_[i].process.pid;
    }
  }
  sources.facts.read_ahead({pids.data(), count});
}

// NOLINTNEXTLINE(misc-no-recursion): read_memory() reads only new rows whole
bool Census::read(const Sources& sources, std::uint32_t index) {
  Entry& entry = entries_[index];
  Task& task = table_.tasks[index];
  const auto anew = sources.facts.read(entry.process.pid, table_.gaps);
  if (!anew) {
    const Error& error = anew.error();
    ++(vanished(error)         ? table_.gaps.vanished
       : error.code == EBADMSG ? table_.gaps.malformed
                               : table_.gaps.unreadable);
    gone(index);
    return false;
  }
  const Task before = std::exchange(task, *anew);
  const bool same = keep_known(before, entry.read, task);
  task.inode = entry.process.inode;
  if (!same) {
    entry.unshared = {};
    entry.columns = {};
  }
  entry.read = true;
  entry.whole = reading_;
  entry.swapped_pages = counters_.swapped_pages;
  // Equal from here on means: not changed since it was read.
  entry.statm = {.size = task.has_mm ? task.total_vm : 0,
                 .resident = task.rss,
                 .shared = kUnknownKib};
  return true;
}

// NOLINTNEXTLINE(misc-no-recursion): read() asks for the memory of known rows
bool Census::read_memory(const Sources& sources, std::uint32_t index) {
  Entry& entry = entries_[index];
  if (!entry.read) {
    return read(sources, index);
  }
  const bool swapped = entry.swapped_pages != counters_.swapped_pages;
  const auto anew =
      sources.facts.read_memory(table_.tasks[index], entry.statm, swapped);
  entry.swapped_pages = counters_.swapped_pages;
  if (!anew) {
    gone(index);
  }
  return anew.has_value();
}

Kib Census::grown_kib(std::uint32_t index, std::size_t slot) const noexcept {
  const Task& task = table_.tasks[index];
  const Kib now = task.held_kib() + task.copied_kib;
  const auto then = entries_[index].columns[slot].holding();
  return then ? above(now, then->private_kib + then->shmem_kib) : now;
}

std::vector<Census::Taker> Census::takers(std::size_t slot,
                                          std::size_t count) const {
  std::vector<Taker> most;
  for (std::uint32_t i = 0; i < entries_.size(); ++i) {
    const Kib took = grown_kib(i, slot);
    if (took == 0 || (most.size() == count && took <= most.back().took_kib)) {
      continue;
    }
    const auto place =
        std::find_if(most.begin(), most.end(),
                     [took](const Taker& it) { return it.took_kib < took; });
    most.insert(place, {entries_[i].process.pid, took});
    if (most.size() > count) {
      most.pop_back();
    }
  }
  return most;
}

std::optional<std::uint32_t> Census::find(std::int32_t pid) const noexcept {
  const std::size_t place = find_task(table_, pid);
  return place < table_.tasks.size()
             ? std::optional(static_cast<std::uint32_t>(place))
             : std::nullopt;
}

void Census::compare(const std::optional<Loss>& loss,
                     const PressureReading& system) noexcept {
  table_.shmem_kib = system.shmem_kib;
  table_.shmem_fell_kib = loss ? loss->shmem_fell_kib : 0;
  table_.baseline_age_s =
      loss ? std::optional(loss->since_us / kSecond) : std::nullopt;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    table_.tasks[i].then =
        loss ? entries_[i].columns[loss->slot].holding() : std::nullopt;
  }
}

}  // namespace badnessd
