// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/identities.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "badnessd/engine/kernel26.h"

namespace badnessd {
namespace {

// The cache is cleared above this size: cgroups come and go.
constexpr std::size_t kMostCgroups = 4096;

}  // namespace

bool Identities::needed(const Policy& policy) noexcept {
  return policy.oom_group || policy.victim == VictimOrder::kCgroup ||
         asks_for(policy.rules, Known::kCalm);
}

void Identities::forget() {
  entries_.clear();
  cgroups_.clear();
  more_ = true;
}

void Identities::look(const Sources& sources, const Policy& policy,
                      Micros now_us) {
  constexpr Micros kInterval = 10'000'000;
  if (!needed(policy) || !take_answers(sources, policy, now_us)) {
    return;
  }
  if (!more_ && now_us - looked_us_ < kInterval) {
    return;
  }
  if (cgroups_.size() > kMostCgroups) {
    forget();
  }
  listed_.clear();
  if (sources.facts.list(listed_, kAllPids)) {
    looked_us_ = now_us;
    ask(sources, now_us);
    static_cast<void>(take_answers(sources, policy, now_us));
  }
}

void Identities::look_at_all(const Sources& sources, const Policy& policy) {
  constexpr std::chrono::milliseconds kLook{1};
  constexpr int kLooks = 5'000;
  for (int i = 0; i < kLooks && needed(policy) && (more_ || asked_); ++i) {
    look(sources, policy, sources.facts.now_us());
    if (asked_) {
      std::this_thread::sleep_for(kLook);
    }
  }
}

bool Identities::take_answers(const Sources& sources, const Policy& policy,
                              Micros now_us) {
  constexpr Micros kLong = 10'000'000;
  const std::int32_t at = sources.identities.worker().busy_with();
  if (at != 0) {
    hangs_at_ = now_us - asked_us_ >= kLong ? at : 0;
    return false;
  }
  hangs_at_ = 0;
  if (asked_) {
    asked_ = false;
    const auto answers = sources.identities.worker().take_answers();
    for (const IdentityTexts& texts : answers) {
      learn(policy, texts, now_us);
    }
    more_ = more_ || answers.size() < wanted_.size();
  }
  return true;
}

// Keeps the entries of live processes, and asks for new and old ones.
void Identities::ask(const Sources& sources, Micros now_us) {
  constexpr Micros kOld = 300'000'000;
  constexpr std::size_t kAtATime = 256;
  more_ = false;
  next_.clear();
  wanted_.clear();
  auto old = entries_.begin();
  for (const ListedProcess& process : listed_) {
    old = std::find_if(old, entries_.end(), [&](const Entry& it) {
      return it.process.pid >= process.pid;
    });
    const bool same = old != entries_.end() && old->process == process;
    if (same) {
      next_.push_back(*old);
    }
    if (!same || now_us - old->read_us >= kOld) {
      more_ = more_ || wanted_.size() == kAtATime;
      if (wanted_.size() < kAtATime) {
        wanted_.push_back(process);
      }
    }
  }
  std::swap(entries_, next_);
  if (!wanted_.empty()) {
    asked_ = true;
    asked_us_ = now_us;
    sources.identities.worker().ask(wanted_);
  }
}

// A process that could not be read gets an empty entry, and is read again when
// the entry is old.
void Identities::learn(const Policy& policy, const IdentityTexts& texts,
                       Micros now_us) {
  Entry entry{.process = texts.process, .read_us = now_us};
  if (texts.id.pid != 0) {
    entry.start_time = texts.id.start_time;
    std::copy_n(texts.comm.begin(), entry.comm.size() - 1, entry.comm.begin());
    entry.calm = calm_conditions(
        policy.rules, {.cmdline = texts.cmdline, .cgroup = texts.cgroup});
    entry.cgroup = &*cgroups_.insert(texts.cgroup).first;
  }
  const auto place = std::lower_bound(
      entries_.begin(), entries_.end(), texts.process.pid,
      [](const Entry& it, std::int32_t pid) { return it.process.pid < pid; });
  if (place != entries_.end() && place->process.pid == texts.process.pid) {
    *place = entry;
  } else {
    entries_.insert(place, entry);
  }
}

const Identities::Entry* Identities::find(const Task& task) const noexcept {
  const auto it =
      std::lower_bound(entries_.begin(), entries_.end(), task.id.pid,
                       [](const Entry& entry, std::int32_t pid) {
                         return entry.process.pid < pid;
                       });
  const bool found = it != entries_.end() && it->process.pid == task.id.pid &&
                     it->start_time == task.id.start_time &&
                     it->cgroup != nullptr;
  return found ? &*it : nullptr;
}

const Identities::Entry* Identities::known(const Snapshot& snapshot,
                                           const Task& task) const noexcept {
  if (const Entry* own = find(task)) {
    // A task with a new name may run another program.
    const bool same = task.name().substr(0, own->comm.size() - 1) ==
                      std::string_view(own->comm.data());
    return same ? own : nullptr;
  }
  const std::size_t parent = find_task(snapshot, task.ppid);
  const bool only_forked = (task.flags & kPfForkNoExec) != 0 &&
                           task.ppid != kInitPid &&
                           parent < snapshot.tasks.size();
  return only_forked ? find(snapshot.tasks[parent]) : nullptr;
}

void Identities::apply(const Policy& policy, Snapshot& snapshot,
                       std::size_t index, const Identity& identity,
                       bool settled) const noexcept {
  const Task& task = snapshot.tasks[index];
  Verdict& verdict = snapshot.verdicts[index];
  Identity whole = identity;
  if (const Entry* entry = known(snapshot, task)) {
    whole.calm = entry->calm;
  }
  const RuleVerdict rules = apply_rules(policy.rules, whole, task.oom_adj);
  verdict.oom_adj =
      static_cast<std::int16_t>(settled ? rules.oom_adj : rules.most);
  verdict.rules_open = !rules.known;
  verdict.rules = rules.matched;
}

void Identities::assume(const Policy& policy,
                        Snapshot& snapshot) const noexcept {
  for (std::size_t i = 0; i < snapshot.tasks.size(); ++i) {
    if (!policy.rules.empty() && snapshot.verdicts[i].has_mm) {
      apply(policy, snapshot, i, {.comm = snapshot.tasks[i].name()}, false);
    }
  }
}

void Identities::settle(const Sources& sources, const Policy& policy,
                        Snapshot& snapshot, std::uint32_t index) const {
  const auto [task, verdict] = snapshot.judged(index);
  if (policy.rules.empty() || !verdict.has_mm) {
    return;
  }
  Identity identity{.comm = task.name(), .uid = task.uid};
  if (asks_for(policy.rules, Known::kRead)) {
    if (const auto exe = sources.identities.read_exe(task.id.pid)) {
      identity.exe = *exe;
    }
  }
  apply(policy, snapshot, index, identity, true);
}

std::string_view Identities::cgroup_of(const Snapshot& snapshot,
                                       const Task& task) const noexcept {
  const Entry* entry = find(task);
  if (entry == nullptr) {
    entry = known(snapshot, task);
  }
  return entry == nullptr ? std::string_view() : *entry->cgroup;
}

}  // namespace badnessd
