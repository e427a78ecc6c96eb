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
const Census::Identity* own_identity(const Census& census,
                                     std::uint32_t index) noexcept {
  const Census::Identity& identity = census.entries()[index].identity;
  const bool known =
      identity.start_time == census.table().tasks[index].id.start_time &&
      identity.cgroup != nullptr;
  return known ? &identity : nullptr;
}

// Its own, or its parent's if the task forked without exec; null: not known.
const Census::Identity* identity_of(const Census& census,
                                    std::uint32_t index) noexcept {
  const Task& task = census.table().tasks[index];
  if (const Census::Identity* own = own_identity(census, index)) {
    // A task with a new name may run another program.
    const bool same = task.name().substr(0, own->comm.size() - 1) ==
                      std::string_view(own->comm.data());
    return same ? own : nullptr;
  }
  const auto parent = (task.flags & kPfForkNoExec) != 0 && task.ppid != kInitPid
                          ? census.find(task.ppid)
                          : std::nullopt;
  return parent ? own_identity(census, *parent) : nullptr;
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
  const auto index = census.find(texts.process.pid);
  if (!index || !(census.entries()[*index].process == texts.process)) {
    return;
  }
  Census::Identity& identity = census.entries()[*index].identity;
  identity = {.read_us = now_us};
  if (texts.id.pid != 0) {
    identity.start_time = texts.id.start_time;
    std::copy_n(texts.comm.begin(), identity.comm.size() - 1,
                identity.comm.begin());
    const bool asks_for_exe = std::ranges::any_of(
        policy.rules, [](const Rule& rule) { return !rule.exe.empty(); });
    identity.calm_known = texts.exe || !asks_for_exe;
    identity.calm = calm_conditions(
        policy.rules,
        {.exe = texts.exe ? std::optional<std::string_view>(*texts.exe)
                          : std::nullopt,
         .cmdline = texts.cmdline,
         .cgroup = texts.cgroup});
    identity.cgroup = &*cgroups_.insert(texts.cgroup).first;
  }
}

void apply_rules_to(const Policy& policy, Census& census) noexcept {
  Snapshot& table = census.table();
  for (std::uint32_t i = 0; !policy.rules.empty() && i < table.tasks.size();
       ++i) {
    const Task& task = table.tasks[i];
    Verdict& verdict = table.verdicts[i];
    if (!verdict.has_mm) {
      continue;
    }
    Identity identity{.comm = task.name(), .uid = task.uid};
    if (const Census::Identity* known = identity_of(census, i);
        known != nullptr && known->calm_known) {
      identity.calm = known->calm;
    }
    const RuleVerdict rules = apply_rules(policy.rules, identity, task.oom_adj);
    verdict.oom_adj = static_cast<std::int16_t>(rules.oom_adj);
    verdict.rules_open = !rules.known;
    verdict.rules = rules.matched;
  }
}

std::string_view cgroup_of(const Census& census, std::uint32_t index) noexcept {
  const Census::Identity* identity = own_identity(census, index);
  if (identity == nullptr) {
    identity = identity_of(census, index);
  }
  return identity == nullptr ? std::string_view() : *identity->cgroup;
}

}  // namespace badnessd
