// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/census.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "badnessd/engine/kernel26.h"
#include "badnessd/engine/policy.h"
#include "badnessd/engine/reclaim.h"

namespace badnessd {
namespace {

constexpr Micros kShare = 4'000;
constexpr Micros kShareNear = 50;
// The first notes follow each other quickly: services are still starting.
constexpr Micros kFirstCredit = 50'000;

// Whether free memory has changed by 1/128 of all memory, at most by 128 MiB.
bool moved(const PressureReading& reading, Kib free_kib) noexcept {
  constexpr Kib kMostMoved = Kib{128} << 10;
  const Kib now = reading.free_kib();
  return std::max(above(now, free_kib), above(free_kib, now)) >=
         std::min(reading.mem_total_kib / 128, kMostMoved);
}

std::uint32_t narrowed(Kib kib) noexcept {
  return static_cast<std::uint32_t>(
      std::min<Kib>(kib, std::numeric_limits<std::uint32_t>::max() - 1));
}

}  // namespace

bool Census::due(const PressureReading& reading, Micros to_fire_us) {
  constexpr Micros kOften = kSecond;
  constexpr Micros kRarely = 300 * kSecond;
  const Micros now = reading.time_us;
  if (credited_us_ == 0) {
    credit_us_ = kFirstCredit;
  } else {
    // A note takes 3.5 times its cost: 2 ms of each 7.
    const bool near = to_fire_us < 4 * (7 * cost_us_ / 2);
    const Micros share = near ? kShareNear : kShare;
    const Micros passed = above(now, credited_us_) + credit_rest_us_;
    credit_us_ = std::min(credit_us_ + passed / share,
                          std::max(kFirstCredit, 2 * cost_us_));
    credit_rest_us_ = passed % share;
  }
  credited_us_ = now;
  const MemoryNote& last = notes_[latest_];
  const Micros age = above(now, last.time_us);
  const bool wanted = last.time_us == 0 || age >= kRarely ||
                      (age >= kOften && moved(reading, last.free_kib));
  return wanted && credit_us_ >= cost_us_;
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
  return true;
}

bool Census::begin(const Sources& sources, const PressureReading& reading) {
  if (!list(sources, reading.time_us)) {
    return false;
  }
  pending_faulted_kib_ = sources.facts.read_vm_counters().faulted_kib;
  pending_ = note_of(reading);
  slot_ = slot_for_next(notes_, reading.time_us);
  notes_[slot_] = {};
  for (Entry& entry : entries_) {
    entry.columns[slot_] = {};
  }
  next_ = entries_.size();
  last_cost_us_ = std::exchange(cost_us_, 0);
  return true;
}

void Census::keep_listed(const std::optional<NewPids>& fresh) {
  auto old = entries_.begin();
  auto kept = entries_.begin();
  auto unknown = listed_.begin();
  for (const ListedProcess& process : listed_) {
    old = std::find_if(old, entries_.end(), [&](const Entry& it) {
      return it.process.pid >= process.pid;
    });
    if (old == entries_.end() || old->process.pid != process.pid) {
      *unknown++ = process;
      continue;
    }
    // Another process, or the kernel has dropped the inode of this one.
    const bool same =
        old->process == process || (fresh && !fresh->contains(process.pid));
    *kept = *old++;
    kept->process = process;
    if (!same) {
      kept->facts = {};
      kept->identity = {};
    }
    ++kept;
  }
  entries_.erase(kept, entries_.end());
  // A vector would double its memory, which is locked.
  const std::size_t all =
      entries_.size() + static_cast<std::size_t>(unknown - listed_.begin());
  if (all > entries_.capacity()) {
    entries_.reserve(all + all / 16);
  }
  const auto by_pid = [](const Entry& a, const Entry& b) {
    return a.process.pid < b.process.pid;
  };
  std::for_each(listed_.begin(), unknown, [&](const ListedProcess& process) {
    entries_.push_back({.process = process, .facts = {}});
  });
  if (!std::is_sorted(entries_.begin(), entries_.end(), by_pid)) {
    std::sort(entries_.begin(), entries_.end(), by_pid);
  }
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

std::optional<std::size_t> Census::step(const Sources& sources,
                                        std::size_t count) {
  for (; count != 0 && next_ != 0; --count) {
    Entry& entry = entries_[--next_];
    if ((entry.facts.flags & kPfKthread) != 0) {
      continue;
    }
    const auto facts = sources.facts.read_held(entry.process.pid, entry.facts);
    if (!facts) {
      continue;
    }
    entry.facts = *facts;
    if (!(entry.id == facts->id)) {
      entry.id = facts->id;
      entry.unshared = {};
      entry.copied_kib = 0;
      entry.columns = {};
    }
    entry.columns[slot_] = {
        narrowed(facts->holding.private_kib + entry.copied_kib),
        narrowed(facts->holding.shmem_kib)};
  }
  if (busy()) {
    return std::nullopt;
  }
  notes_[slot_] = pending_;
  faulted_kib_ = pending_faulted_kib_;
  latest_ = slot_;
  return slot_;
}

std::vector<Census::Taker> Census::takers(std::size_t slot,
                                          std::size_t count) const {
  std::vector<Taker> most;
  for (const Entry& entry : entries_) {
    const Column& then = entry.columns[slot];
    const Holding& now = entry.facts.holding;
    const Kib took =
        above(now.private_kib + now.shmem_kib + entry.copied_kib,
              entry.noted(slot) ? Kib{then.private_kib} + then.shmem_kib : 0);
    if (took == 0 || (most.size() == count && took <= most.back().took_kib)) {
      continue;
    }
    const auto place =
        std::find_if(most.begin(), most.end(),
                     [took](const Taker& it) { return it.took_kib < took; });
    most.insert(place, {entry.process.pid, took});
    if (most.size() > count) {
      most.pop_back();
    }
  }
  return most;
}

Kib Census::Entry::took_most_kib(const HeldFacts& held,
                                 std::size_t slot) const noexcept {
  const Column& then = columns[slot];
  return noted(slot) ? above(held.most_kib + copied_kib,
                             Kib{then.private_kib} + then.shmem_kib)
                     : held.most_kib;
}

const Census::Entry* Census::find(std::int32_t pid) const noexcept {
  const auto place = std::lower_bound(
      entries_.begin(), entries_.end(), pid,
      [](const Entry& it, std::int32_t key) { return it.process.pid < key; });
  const bool found = place != entries_.end() && place->process.pid == pid;
  return found ? &*place : nullptr;
}

Census::Entry* Census::find(std::int32_t pid) noexcept {
  const Entry* found = std::as_const(*this).find(pid);
  return found == nullptr ? nullptr
                          : entries_.data() + (found - entries_.data());
}

void Census::find_forked() {
  questions_.clear();
  for (const Entry& entry : entries_) {
    const Entry* parent =
        (entry.facts.flags & kPfForkNoExec) != 0 &&
                entry.facts.holding.private_kib >= kWorthUnsharing
            ? find(entry.facts.ppid)
            : nullptr;
    if (parent != nullptr &&
        parent->facts.holding.private_kib >= kWorthUnsharing) {
      questions_.push_back({.pid = entry.process.pid});
    }
  }
}

void Census::ask_unshared(const Sources& sources,
                          const PressureReading& reading) {
  if (asked_ || questions_.empty()) {
    return;
  }
  for (UnsharedReader::Question& question : questions_) {
    const Entry* entry = find(question.pid);
    const Unshared last = entry == nullptr ? Unshared() : entry->unshared;
    question.faulted_kib = last.faulted_kib + last.parent_faulted_kib;
  }
  asked_ = true;
  asked_us_ = reading.time_us;
  asked_free_kib_ = reading.free_kib();
  sources.unshared.ask(questions_);
}

void Census::take_unshared(const Sources& sources) {
  if (!asked_) {
    return;
  }
  const auto answers = sources.unshared.take_answers();
  asked_ = answers.empty();
  for (const Unshared& unshared : answers) {
    Entry* entry = find(unshared.id.pid);
    if (entry != nullptr && entry->id == unshared.id) {
      learn_unshared(*entry, unshared);
    }
  }
}

// A process copied what it no longer shares, or its parent did: the death of
// the process gives it back in both cases. At most what the two faulted in:
// sharing also ends when another process exits.
void Census::learn_unshared(Entry& entry, const Unshared& unshared) noexcept {
  const Unshared& before = entry.unshared;
  const auto shared = [](const Unshared& it) {
    return it.anonymous_kib - it.unshared_kib;
  };
  const bool first = before.id.pid == 0;
  const Entry* parent = find(entry.facts.ppid);
  const Kib inherited =
      parent == nullptr
          ? 0
          : std::min(unshared.anonymous_kib, parent->facts.holding.private_kib);
  const Kib shared_before = first ? inherited : shared(before);
  const Kib copied = std::min(
      above(shared_before, shared(unshared)),
      above(unshared.faulted_kib, before.faulted_kib) +
          above(unshared.parent_faulted_kib, before.parent_faulted_kib));
  entry.copied_kib += copied;
  for (Column& column : entry.columns) {
    // Copies from before the first measurement may be older than the notes.
    if (first && column.private_kib != kNotThere) {
      column.private_kib = narrowed(column.private_kib + copied);
    }
  }
  entry.unshared = unshared;
}

void Census::charge(Micros cost_us, std::size_t processes) noexcept {
  constexpr std::size_t kFewest = 16;
  constexpr std::size_t kMost = 1024;
  cost_us_ += cost_us;
  credit_us_ -= std::min(credit_us_, cost_us);
  if (processes != 0) {
    const Micros each = std::max(cost_us / processes, Micros{1});
    per_step_ = std::clamp<std::size_t>(kNoteStep / each, kFewest, kMost);
  }
}

std::optional<std::size_t> Census::look(const Sources& sources,
                                        const PressureReading& reading,
                                        Micros to_fire_us) {
  constexpr Micros kStale = 10 * kSecond;
  constexpr Micros kAskAgain = kSecond / 4;
  const Micros before = sources.facts.now_us();
  take_unshared(sources);
  if (busy() && reading.time_us - pending_.time_us > kStale) {
    next_ = 0;  // stale: it would mix old and new amounts
  }
  if (!busy() && reading.time_us - asked_us_ >= kAskAgain &&
      moved(reading, asked_free_kib_)) {
    ask_unshared(sources, reading);
  }
  if (!busy() && (!due(reading, to_fire_us) || !begin(sources, reading))) {
    return std::nullopt;
  }
  const std::size_t first = next_;
  const auto done = step(sources, per_step_);
  if (done) {
    find_forked();
    ask_unshared(sources, reading);
  }
  charge(sources.facts.now_us() - before, first - next_);
  return done;
}

std::size_t Census::look_at_all(const Sources& sources,
                                const PressureReading& reading) {
  const Micros before = sources.facts.now_us();
  if (begin(sources, reading)) {
    static_cast<void>(step(sources, entries_.size()));
    find_forked();
    ask_unshared(sources, reading);
    charge(sources.facts.now_us() - before, entries_.size());
  }
  return latest_;
}

void Census::compare(Snapshot& snapshot, const Loss& loss,
                     Kib swap_used_kib) const noexcept {
  snapshot.baseline_age_s = loss.since_us / kSecond;
  const Kib swap_then = notes_[latest_].swap_used_kib;
  const Kib swapped_since = above(swap_used_kib, swap_then);
  auto entry = entries_.begin();
  for (Task& task : snapshot.tasks) {
    task.then.reset();
    task.swap_most_kib = kUnknownKib;
    task.copied_kib = 0;
    task.shared_most_kib = kUnknownKib;
    task.noted_kib = kUnknownKib;
    entry = std::lower_bound(
        entry, entries_.end(), task.id.pid,
        [](const Entry& it, std::int32_t pid) { return it.process.pid < pid; });
    if (entry == entries_.end() || !(entry->id == task.id)) {
      continue;
    }
    if (entry->facts.id.pid != 0) {
      task.swap_most_kib = entry->facts.swap_kib + swapped_since;
      task.noted_kib = entry->facts.most_kib;
    }
    if (entry->unshared.id.pid != 0) {
      task.copied_kib = entry->copied_kib;
      task.faulted_kib = above(task.faulted_kib, entry->unshared.faulted_kib);
      task.shared_most_kib =
          entry->unshared.anonymous_kib - entry->unshared.unshared_kib;
    }
    const Column& column = entry->columns[loss.slot];
    if (column.private_kib != kNotThere) {
      task.then = Holding{column.private_kib, column.shmem_kib};
    }
  }
}

}  // namespace badnessd
