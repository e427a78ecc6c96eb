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

// Its own; null: not known.
const Census::Identity* find(const Census& census, const Task& task) noexcept {
  const Census::Entry* entry = census.find(task.id.pid);
  const bool found = entry != nullptr &&
                     entry->identity.start_time == task.id.start_time &&
                     entry->identity.cgroup != nullptr;
  return found ? &entry->identity : nullptr;
}

// Its own, or its parent's if the task forked without exec; null: not known.
const Census::Identity* known(const Census& census, const Snapshot& snapshot,
                              const Task& task) noexcept {
  if (const Census::Identity* own = find(census, task)) {
    // A task with a new name may run another program.
    const bool same = task.name().substr(0, own->comm.size() - 1) ==
                      std::string_view(own->comm.data());
    return same ? own : nullptr;
  }
  const std::size_t parent = find_task(snapshot, task.ppid);
  const bool only_forked = (task.flags & kPfForkNoExec) != 0 &&
                           task.ppid != kInitPid &&
                           parent < snapshot.tasks.size();
  return only_forked ? find(census, snapshot.tasks[parent]) : nullptr;
}

void apply(const Policy& policy, const Census& census, Snapshot& snapshot,
           std::size_t index, const Identity& identity, bool settled) noexcept {
  const Task& task = snapshot.tasks[index];
  Verdict& verdict = snapshot.verdicts[index];
  Identity whole = identity;
  if (const Census::Identity* calm = known(census, snapshot, task)) {
    whole.calm = calm->calm;
  }
  const RuleVerdict rules = apply_rules(policy.rules, whole, task.oom_adj);
  verdict.oom_adj =
      static_cast<std::int16_t>(settled ? rules.oom_adj : rules.most);
  verdict.rules_open = !rules.known;
  verdict.rules = rules.matched;
}

}  // namespace

bool Identities::needed(const Policy& policy) noexcept {
  return policy.oom_group || policy.victim == VictimOrder::kCgroup ||
         asks_for(policy.rules, Known::kCalm);
}

void Identities::forget(Census& census) {
  for (Census::Entry& entry : census.entries()) {
    entry.identity = {};
  }
  cgroups_.clear();
  more_ = true;
}

void Identities::look(const Sources& sources, const Policy& policy,
                      Census& census, Micros now_us) {
  constexpr Micros kInterval = 10 * kSecond;
  if (!needed(policy) || !take_answers(sources, policy, census, now_us)) {
    return;
  }
  if (!more_ && now_us - looked_us_ < kInterval) {
    return;
  }
  if (cgroups_.size() > kMostCgroups) {
    forget(census);
  }
  if (census.list(sources, now_us)) {
    looked_us_ = now_us;
    ask(sources, census, now_us);
    static_cast<void>(take_answers(sources, policy, census, now_us));
  }
}

void Identities::look_at_all(const Sources& sources, const Policy& policy,
                             Census& census) {
  constexpr std::chrono::milliseconds kLook{1};
  constexpr int kLooks = 5'000;
  for (int i = 0; i < kLooks && needed(policy) && (more_ || asked_); ++i) {
    look(sources, policy, census, sources.facts.now_us());
    if (asked_) {
      std::this_thread::sleep_for(kLook);
    }
  }
}

bool Identities::take_answers(const Sources& sources, const Policy& policy,
                              Census& census, Micros now_us) {
  constexpr Micros kLong = 10 * kSecond;
  const std::size_t at = sources.identities.worker().busy_with();
  if (at != 0) {
    hangs_at_ = now_us - asked_us_ >= kLong ? wanted_[at - 1].pid : 0;
    return false;
  }
  hangs_at_ = 0;
  if (asked_) {
    asked_ = false;
    const auto answers = sources.identities.worker().take_answers();
    for (const IdentityTexts& texts : answers) {
      learn(policy, texts, census, now_us);
    }
    more_ = more_ || answers.size() < wanted_.size();
  }
  return true;
}

// Asks for new and old ones.
void Identities::ask(const Sources& sources, const Census& census,
                     Micros now_us) {
  constexpr Micros kOld = 300 * kSecond;
  constexpr std::size_t kAtATime = 256;
  more_ = false;
  wanted_.clear();
  for (const Census::Entry& entry : census.entries()) {
    const Micros read_us = entry.identity.read_us;
    if (read_us == 0 || now_us - read_us >= kOld) {
      more_ = more_ || wanted_.size() == kAtATime;
      if (wanted_.size() < kAtATime) {
        wanted_.push_back(entry.process);
      }
    }
  }
  if (!wanted_.empty()) {
    asked_ = true;
    asked_us_ = now_us;
    sources.identities.worker().ask(wanted_);
  }
}

// A process that could not be read is read again when the entry is old.
void Identities::learn(const Policy& policy, const IdentityTexts& texts,
                       Census& census, Micros now_us) {
  Census::Entry* entry = census.find(texts.process.pid);
  if (entry == nullptr || !(entry->process == texts.process)) {
    return;
  }
  Census::Identity& identity = entry->identity;
  identity = {.read_us = now_us};
  if (texts.id.pid != 0) {
    identity.start_time = texts.id.start_time;
    std::copy_n(texts.comm.begin(), identity.comm.size() - 1,
                identity.comm.begin());
    identity.calm = calm_conditions(
        policy.rules, {.cmdline = texts.cmdline, .cgroup = texts.cgroup});
    identity.cgroup = &*cgroups_.insert(texts.cgroup).first;
  }
}

void assume_rules(const Policy& policy, const Census& census,
                  Snapshot& snapshot) noexcept {
  for (std::size_t i = 0; i < snapshot.tasks.size(); ++i) {
    if (!policy.rules.empty() && snapshot.verdicts[i].has_mm) {
      apply(policy, census, snapshot, i, {.comm = snapshot.tasks[i].name()},
            false);
    }
  }
}

void settle_rules(const Sources& sources, const Policy& policy,
                  const Census& census, Snapshot& snapshot,
                  std::uint32_t index) {
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
  apply(policy, census, snapshot, index, identity, true);
}

std::string_view cgroup_of(const Census& census, const Snapshot& snapshot,
                           const Task& task) noexcept {
  const Census::Identity* identity = find(census, task);
  if (identity == nullptr) {
    identity = known(census, snapshot, task);
  }
  return identity == nullptr ? std::string_view() : *identity->cgroup;
}

}  // namespace badnessd
