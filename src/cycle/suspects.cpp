// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/suspects.h"

#include <algorithm>

#include "badnessd/engine/kernel26.h"
#include "badnessd/engine/storm.h"

namespace badnessd {
namespace {

// Above these numbers, a scan of all processes is as good.
constexpr std::size_t kMostRead = 128;
constexpr std::size_t kMostScanned = 256;

void sort_unique(std::vector<std::int32_t>& pids) {
  std::sort(pids.begin(), pids.end());
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
}

bool is_kernel_thread(const HeldFacts& facts) noexcept {
  return (facts.flags & kPfKthread) != 0;
}

}  // namespace

void Suspects::reserve(std::size_t tasks) {
  newcomers_.reserve(tasks);
  ranked_.reserve(tasks);
  read_.reserve(kMostRead + 1);
  family_.reserve(kMostScanned + kMostRead + 1);
  pids_.reserve(2 * kMostScanned + 3 * kMostRead);
}

bool Suspects::scan(const Inquiry& inquiry, Kib needed_kib, Kib faulted_kib,
                    Micros now_us) {
  const Census& census = inquiry.census;
  FactSource& facts = inquiry.sources.facts;
  if (!census.faulted_kib()) {
    return false;
  }
  open_kib_ = above(faulted_kib, *census.faulted_kib());
  most_kib_ = 0;
  read_.clear();
  pids_.clear();
  if (!list_newcomers(inquiry, now_us)) {
    return false;
  }
  rank(inquiry);
  if (!read_newcomers(inquiry) || !read_ranked(inquiry)) {
    return false;
  }
  // Processes that were read took something meanwhile: so the faults of the
  // meantime count as well.
  const auto faulted = facts.read_vm_counters().faulted_kib;
  meantime_kib_ = above(faulted.value_or(0), faulted_kib);
  open_kib_ += meantime_kib_;
  collect(inquiry, needed_kib);
  if (!faulted || pids_.size() > kMostScanned ||
      !facts.scan_some(inquiry.snapshot, pids_)) {
    return false;
  }
  census.compare(inquiry.snapshot, *inquiry.loss, inquiry.swap_used_kib);
  sum_up_unread(inquiry);
  bound_the_others(inquiry.snapshot);
  begin_judging(inquiry);
  return complete(inquiry.snapshot);
}

bool Suspects::list_newcomers(const Inquiry& inquiry, Micros now_us) {
  newcomers_.clear();
  FactSource& facts = inquiry.sources.facts;
  const Census& census = inquiry.census;
  const auto fresh = census.new_pids(inquiry.sources, now_us);
  if (!fresh) {
    // Inodes tell them apart: all processes are listed, not read.
    if (!facts.list(newcomers_, kAllPids)) {
      return false;
    }
    std::erase_if(newcomers_, [&](const ListedProcess& process) {
      const Census::Entry* entry = census.find(process.pid);
      return entry != nullptr && entry->process == process &&
             entry->facts.id.pid != 0;
    });
    return true;
  }
  const bool around = fresh->last < fresh->after;
  const PidRange low{around ? kAllPids.first : fresh->after + 1, fresh->last};
  const PidRange high{fresh->after + 1, kAllPids.last};
  return (fresh->last == fresh->after || facts.list(newcomers_, low)) &&
         (!around || facts.list(newcomers_, high));
}

void Suspects::rank(const Inquiry& inquiry) {
  constexpr Kib kUnit = Ranked::kAboutTheSame;
  const std::size_t listed = newcomers_.size();
  const auto is_new = [&](std::int32_t pid) {
    const auto end = newcomers_.begin() + static_cast<std::ptrdiff_t>(listed);
    const auto place = std::lower_bound(
        newcomers_.begin(), end, pid,
        [](const ListedProcess& it, std::int32_t key) { return it.pid < key; });
    return place != end && place->pid == pid;
  };
  ranked_.clear();
  for (const Census::Entry& entry : inquiry.census.entries()) {
    if (is_kernel_thread(entry.facts) || is_new(entry.process.pid)) {
      continue;
    }
    if (entry.facts.id.pid == 0) {
      newcomers_.push_back(entry.process);
      continue;
    }
    const Kib took = entry.took_most_kib(entry.facts, inquiry.loss->slot);
    ranked_.push_back({.took_most_kib = (took / kUnit + 1) * kUnit,
                       .start_time = entry.id.start_time,
                       .pid = entry.process.pid});
  }
  std::make_heap(ranked_.begin(), ranked_.end());
}

bool Suspects::read_newcomers(const Inquiry& inquiry) {
  if (newcomers_.size() > kMostRead / 2) {
    return false;
  }
  for (const ListedProcess& process : newcomers_) {
    read(inquiry, process.pid);
  }
  return true;
}

bool Suspects::suspected(Kib took_most_kib) const noexcept {
  // A victim took at least half of the most.
  constexpr Kib kPart = 4;
  return took_most_kib >= most_kib_ / kPart;
}

bool Suspects::read_ranked(const Inquiry& inquiry) {
  constexpr std::size_t kFirst = 16;
  while (!ranked_.empty() &&
         suspected(ranked_.front().took_most_kib + open_kib_)) {
    // Those that took the most come first: the rest took no more.
    const bool none_took_enough =
        read_.size() >= kFirst && most_kib_ < inquiry.loss->needed_kib;
    if (read_.size() >= kMostRead || none_took_enough) {
      return false;
    }
    read(inquiry, ranked_.front().pid);
    std::pop_heap(ranked_.begin(), ranked_.end());
    ranked_.pop_back();
  }
  return true;
}

void Suspects::read(const Inquiry& inquiry, std::int32_t pid) {
  const std::size_t slot = inquiry.loss->slot;
  const Census::Entry* entry = inquiry.census.find(pid);
  const bool known = entry != nullptr && entry->facts.id.pid != 0;
  const auto facts =
      inquiry.sources.facts.read_held(pid, known ? entry->facts : HeldFacts());
  if (!facts || is_kernel_thread(*facts)) {
    return;  // it is gone
  }
  const bool same = entry != nullptr && entry->id == facts->id;
  const Kib held = facts->holding.private_kib;
  // A process inherits memory from its parent without a fault.
  const Kib since_exec = (facts->flags & kPfForkNoExec) != 0 ? 0 : held;
  Suspect suspect{.pid = pid,
                  .ppid = facts->ppid,
                  .took_most_kib = same ? entry->took_most_kib(*facts, slot)
                                        : facts->most_kib,
                  .holds_most_kib = facts->most_kib,
                  .gain_kib = since_exec,
                  .exiting = (facts->flags & kPfExiting) != 0,
                  .statm = facts->statm};
  Kib took = since_exec;
  // Its facts may be newer than the faults: the note is not.
  const std::size_t latest = inquiry.census.latest();
  if (same && entry->noted(latest)) {
    suspect.gain_kib =
        above(held + entry->copied_kib, entry->columns[latest].private_kib);
  }
  if (same && entry->noted(slot)) {
    const Census::Column& then = entry->columns[slot];
    took = above(held, Kib{then.private_kib} + then.shmem_kib);
  }
  // Two processes with one mm gain once.
  const bool counted =
      std::any_of(read_.begin(), read_.end(),
                  [&](const Suspect& it) { return it.statm == suspect.statm; });
  if (counted) {
    suspect.gain_kib = 0;
  }
  open_kib_ -= std::min(open_kib_, suspect.gain_kib);
  most_kib_ = std::max(most_kib_, took);
  read_.push_back(suspect);
}

void Suspects::collect(const Inquiry& inquiry, Kib needed_kib) {
  std::sort(read_.begin(), read_.end(),
            [](const Suspect& a, const Suspect& b) { return a.pid < b.pid; });
  family_.clear();
  for (const Suspect& process : read_) {
    if (process.holds_most_kib >= needed_kib || process.exiting) {
      pids_.push_back(process.pid);
    }
    if (suspected(process.took_most_kib) && process.pid != kInitPid) {
      family_.push_back(process.pid);
      pids_.push_back(process.ppid);
    }
  }
  // Each round adds a generation; the first one also finds the processes that
  // hold enough. More than kMostScanned are too many, however many they are.
  const auto add = [](std::vector<std::int32_t>& pids, std::int32_t pid) {
    if (pids.size() <= kMostScanned) {
      pids.push_back(pid);
    }
  };
  std::size_t old = 0;
  for (bool first = true; old != family_.size() && old <= kMostScanned;
       first = false) {
    old = family_.size();
    const auto has_parent = [&](std::int32_t pid, std::int32_t ppid) {
      const auto end = family_.begin() + static_cast<std::ptrdiff_t>(old);
      return std::binary_search(family_.begin(), end, ppid) &&
             !std::binary_search(family_.begin(), end, pid);
    };
    for (const Census::Entry& entry : inquiry.census.entries()) {
      const std::int32_t pid = entry.process.pid;
      if (has_parent(pid, entry.facts.ppid)) {
        add(family_, pid);
      }
      if (first && entry.facts.most_kib + open_kib_ >= needed_kib) {
        add(pids_, pid);
      }
    }
    for (const Suspect& process : read_) {
      if (has_parent(process.pid, process.ppid)) {
        add(family_, process.pid);
      }
    }
    sort_unique(family_);
  }
  pids_.insert(pids_.end(), family_.begin(), family_.end());
  sort_unique(pids_);
  pids_.erase(pids_.begin(),
              std::upper_bound(pids_.begin(), pids_.end(), kInitPid));
}

void Suspects::sum_up_unread(const Inquiry& inquiry) const {
  Snapshot& snapshot = inquiry.snapshot;
  const std::size_t slot = inquiry.loss->slot;
  Unread unread;
  if (!ranked_.empty()) {
    unread.took_most_kib = ranked_.front().took_most_kib + open_kib_;
  }
  Kib faulted_kib = open_kib_;  // by them
  const auto add = [&](Kib took_most_kib, bool young) {
    ++unread.processes;
    unread.young += young ? 1 : 0;
    unread.young_took_kib += young ? took_most_kib : 0;
  };
  for (const Suspect& process : read_) {
    if (suspected(process.took_most_kib)) {
      continue;
    }
    unread.took_most_kib =
        std::max(unread.took_most_kib, process.took_most_kib + meantime_kib_);
    if (!std::binary_search(pids_.begin(), pids_.end(), process.pid)) {
      faulted_kib += process.gain_kib;
      add(process.took_most_kib, true);
    }
  }
  auto listed = pids_.begin();
  auto read = read_.begin();
  for (const Census::Entry& entry : inquiry.census.entries()) {
    const std::int32_t pid = entry.process.pid;
    listed = std::find_if(listed, pids_.end(),
                          [pid](std::int32_t it) { return it >= pid; });
    read = std::find_if(read, read_.end(),
                        [pid](const Suspect& it) { return it.pid >= pid; });
    if ((listed != pids_.end() && *listed == pid) ||
        (read != read_.end() && read->pid == pid) || entry.facts.id.pid == 0 ||
        is_kernel_thread(entry.facts)) {
      continue;
    }
    add(entry.took_most_kib(entry.facts, slot),
        young(snapshot, entry.id.start_time, entry.noted(slot)));
    unread.shmem_kib += entry.facts.most_kib - entry.facts.holding.private_kib;
  }
  unread.young_took_kib += faulted_kib;
  unread.shmem_kib += faulted_kib;
  snapshot.unread = unread;
}

// The others in the snapshot are there for the suspects' sake.
void Suspects::bound_the_others(Snapshot& snapshot) const {
  auto read = read_.begin();
  for (Task& task : snapshot.tasks) {
    read = std::find_if(read, read_.end(), [&](const Suspect& it) {
      return it.pid >= task.id.pid;
    });
    const bool suspect = read != read_.end() && read->pid == task.id.pid &&
                         suspected(read->took_most_kib);
    if (!suspect) {
      task.took_most_kib = snapshot.unread->took_most_kib;
    }
  }
}

bool Suspects::complete(const Snapshot& snapshot) const {
  if (snapshot.gaps.kernel26) {
    return false;  // PF_OOM_ORIGIN makes any process a candidate
  }
  return std::all_of(read_.begin(), read_.end(), [&](const Suspect& process) {
    const std::size_t index = find_task(snapshot, process.pid);
    if (!suspected(process.took_most_kib) || index == snapshot.tasks.size()) {
      return true;
    }
    const Task& task = snapshot.tasks[index];
    return (task.flags & kPfForkNoExec) == 0 ||
           (task.ppid > kInitPid &&
            find_task(snapshot, task.ppid) < snapshot.tasks.size());
  });
}

}  // namespace badnessd
