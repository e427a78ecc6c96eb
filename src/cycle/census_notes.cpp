// SPDX-License-Identifier: GPL-2.0-only
// The notes of the census: when they are taken, and what processes copied.
#include <algorithm>
#include <utility>

#include "badnessd/cycle/census.h"
#include "badnessd/engine/kernel26.h"
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

bool Census::begin(const Sources& sources, const PressureReading& reading) {
  if (!list(sources, reading.time_us) || !sources.facts.read_system(table_)) {
    return false;
  }
  counters_ = sources.facts.read_vm_counters();
  pending_faulted_kib_ = counters_.faulted_kib;
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

std::optional<std::size_t> Census::step(const Sources& sources,
                                        std::size_t count) {
  const std::size_t stop = next_ - std::min(count, next_);
  std::size_t ahead = next_;  // the rows from here on are read ahead
  while (next_ != stop) {
    if (next_ == ahead) {
      ahead -= std::min(next_ - stop, FactSource::kAhead);
      read_ahead(sources, ahead, next_, false);
    }
    const auto index = static_cast<std::uint32_t>(--next_);
    if (read_memory(sources, index)) {
      const Task& task = table_.tasks[index];
      entries_[index].columns[slot_] =
          Column({task.private_kib() + task.copied_kib, task.rss_shmem_kib});
    }
  }
  if (busy()) {
    return std::nullopt;
  }
  link_children(table_);
  notes_[slot_] = pending_;
  faulted_kib_ = pending_faulted_kib_;
  latest_ = slot_;
  return slot_;
}

void Census::find_forked() {
  questions_.clear();
  for (const Task& task : table_.tasks) {
    const auto parent = (task.flags & kPfForkNoExec) != 0 &&
                                task.private_kib() >= kWorthUnsharing
                            ? find(task.ppid)
                            : std::nullopt;
    if (parent && table_.tasks[*parent].private_kib() >= kWorthUnsharing) {
      questions_.push_back({.pid = task.id.pid});
    }
  }
}

void Census::ask_unshared(const Sources& sources,
                          const PressureReading& reading) {
  std::erase_if(questions_, [&](const UnsharedReader::Question& it) {
    return sources.unshared.left_to(it.pid);
  });
  if (asked_ || questions_.empty()) {
    return;
  }
  for (UnsharedReader::Question& question : questions_) {
    const auto index = find(question.pid);
    const Unshared last = index ? entries_[*index].unshared : Unshared();
    question.faulted_kib = last.faulted_kib + last.parent_faulted_kib;
  }
  asked_ = true;
  asked_us_ = reading.time_us;
  asked_free_kib_ = reading.free_kib();
  sources.unshared.ask(questions_);
}

void Census::take_unshared(const Sources& sources) {
  if (!asked_ || sources.unshared.busy_with() != 0) {
    return;
  }
  asked_ = false;
  asked_cost_us_ = 0;
  // In place: to free them takes a lock that another thread may hold.
  for (const Unshared& unshared : sources.unshared.answers()) {
    asked_cost_us_ += unshared.cost_us;
    const auto index = find(unshared.id.pid);
    if (index && table_.tasks[*index].id == unshared.id) {
      learn_unshared(*index, unshared);
    }
  }
}

// A process copied what it no longer shares, or its parent did: the death of
// the process gives it back in both cases. At most what the two faulted in:
// sharing also ends when another process exits.
void Census::learn_unshared(std::uint32_t index,
                            const Unshared& unshared) noexcept {
  Entry& entry = entries_[index];
  Task& task = table_.tasks[index];
  const Unshared& before = entry.unshared;
  const auto shared = [](const Unshared& it) {
    return it.anonymous_kib - it.unshared_kib;
  };
  const bool first = before.id.pid == 0;
  const auto parent = find(task.ppid);
  const Kib inherited = parent ? std::min(unshared.anonymous_kib,
                                          table_.tasks[*parent].rss_anon_kib +
                                              table_.tasks[*parent].swap_kib)
                               : 0;
  const Kib shared_before = first ? inherited : shared(before);
  const Kib copied = std::min(
      above(shared_before, shared(unshared)),
      above(unshared.faulted_kib, before.faulted_kib) +
          above(unshared.parent_faulted_kib, before.parent_faulted_kib));
  task.copied_kib += copied;
  task.shared_kib = shared(unshared);
  for (Column& column : entry.columns) {
    // Copies from before the first measurement may be older than the notes.
    if (first) {
      column.add_private(copied);
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
  // smaps_rollup is linear in the size of a process: 1/50 of the time at most.
  const Micros ask_again = std::max(kSecond / 4, 50 * asked_cost_us_);
  const Micros before = sources.facts.now_us();
  asked_ = asked_ && !sources.unshared.leave_hung(reading.time_us);
  take_unshared(sources);
  if (busy() && reading.time_us - pending_.time_us > kStale) {
    abandon_note();  // stale: it would mix old and new amounts
  }
  if (!busy() && reading.time_us - asked_us_ >= ask_again &&
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

}  // namespace badnessd
