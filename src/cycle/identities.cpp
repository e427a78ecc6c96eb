// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/identities.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <thread>
#include <tuple>

#include "badnessd/engine/kernel26.h"

namespace badnessd {
namespace {

constexpr std::array kParts{IdentityPart::kPlace, IdentityPart::kArguments};

std::size_t place_of(IdentityPart part) noexcept {
  return static_cast<std::size_t>(part);
}

// Its own; null: nothing is known.
const Census::Identity* own_identity(const Census& census,
                                     std::uint32_t index) noexcept {
  const Census::Identity& identity = census.entries()[index].identity;
  const TaskId& id = census.table().tasks[index].id;
  return identity.start_time == id.start_time ? &identity : nullptr;
}

// That of its parent, if the task forked without exec; null: nothing is known.
const Census::Identity* inherited(const Census& census,
                                  std::uint32_t index) noexcept {
  const Task& task = census.table().tasks[index];
  const auto parent = (task.flags & kPfForkNoExec) != 0 && task.ppid != kInitPid
                          ? census.find(task.ppid)
                          : std::nullopt;
  return parent ? own_identity(census, *parent) : nullptr;
}

CalmBits calm_of(const Census& census, std::uint32_t index) noexcept {
  CalmBits calm{};
  const Task& task = census.table().tasks[index];
  if (const Census::Identity* own = own_identity(census, index)) {
    calm = own->calm;
    // A task with a new name may run another program, in the same cgroup.
    if (task.name().substr(0, own->comm.size() - 1) !=
        std::string_view(own->comm.data())) {
      calm[place_of(Known::kExe)].reset();
      calm[place_of(Known::kCmdline)].reset();
      return calm;
    }
  }
  if (const Census::Identity* parent = inherited(census, index)) {
    for (std::size_t i = 0; i < calm.size(); ++i) {
      calm[i] = calm[i] ? calm[i] : parent->calm[i];
    }
  }
  return calm;
}

// Judges by the texts that are kept.
void judge(const Policy& policy, Census::Identity& identity) {
  const auto bits = [&](Known known, const std::string* text,
                        std::optional<std::string_view> Identity::*fact) {
    Identity its;
    if (text != nullptr) {
      its.*fact = *text;
    }
    return text == nullptr
               ? std::nullopt
               : std::optional(calm_conditions(policy.rules, known, its));
  };
  identity.calm[place_of(Known::kCgroup)] =
      bits(Known::kCgroup, identity.cgroup, &Identity::cgroup);
  identity.calm[place_of(Known::kExe)] =
      bits(Known::kExe, identity.exe, &Identity::exe);
}

}  // namespace

bool Identities::needed(const Policy& policy, IdentityPart part) noexcept {
  const bool arguments = asks_for(policy.rules, Known::kCmdline);
  return arguments ||
         (part == IdentityPart::kPlace &&
          (policy.oom_group || policy.victim == VictimOrder::kCgroup ||
           asks_for(policy.rules, Known::kCgroup) ||
           asks_for(policy.rules, Known::kExe)));
}

void Identities::judge_anew(const Policy& policy, Census& census) {
  for (Census::Entry& entry : census.entries()) {
    judge(policy, entry.identity);
    entry.identity.calm[place_of(Known::kCmdline)].reset();
    entry.identity.read_us = {};
  }
  for (Look& look : looks_) {
    look.more = true;
  }
}

void Identities::look(const Sources& sources, const Policy& policy,
                      Census& census, Micros now_us) {
  constexpr Micros kInterval = 10 * kSecond;
  bool listed = false;
  for (const IdentityPart part : kParts) {
    Look& look = looks_[place_of(part)];
    if (!needed(policy, part) ||
        !take_answers(sources, policy, part, census, now_us) ||
        (!look.more && now_us - look.listed_us < kInterval) ||
        (!listed && !census.list(sources, now_us))) {
      continue;
    }
    listed = true;
    look.listed_us = now_us;
    keep_used(census);
    ask(sources, part, census, now_us);
    static_cast<void>(take_answers(sources, policy, part, census, now_us));
  }
}

void Identities::look_at_all(const Sources& sources, const Policy& policy,
                             Census& census) {
  constexpr std::chrono::milliseconds kLook{1};
  constexpr int kLooks = 5'000;
  const auto open = [&](IdentityPart part) {
    const Look& look = looks_[place_of(part)];
    return needed(policy, part) && (look.more || look.asked);
  };
  for (int i = 0; i < kLooks && std::ranges::any_of(kParts, open); ++i) {
    look(sources, policy, census, sources.facts.now_us());
    std::this_thread::sleep_for(kLook);
  }
}

// Cgroups and programs come and go.
void Identities::keep_used(const Census& census) {
  constexpr std::size_t kFew = 256;
  if (texts_.size() <= kFew + 4 * census.entries().size()) {
    return;
  }
  std::set<const std::string*> used;
  for (const Census::Entry& entry : census.entries()) {
    used.insert({entry.identity.cgroup, entry.identity.exe});
  }
  std::erase_if(texts_,
                [&](const std::string& it) { return !used.contains(&it); });
}

bool Identities::take_answers(const Sources& sources, const Policy& policy,
                              IdentityPart part, Census& census,
                              Micros now_us) {
  Look& look = looks_[place_of(part)];
  auto& worker = sources.identities.worker(part);
  if (look.asked && worker.leave_hung(now_us)) {
    look.asked = false;
    look.more = true;
  }
  const std::size_t at = worker.busy_with();
  const auto answers = worker.answers();
  for (; look.asked && look.learned < answers.size(); ++look.learned) {
    learn(policy, part, answers[look.learned], census, now_us);
  }
  if (at == 0 && look.asked) {
    look.asked = false;
    look.more = look.more || look.learned < look.wanted.size();
  }
  return at == 0;
}

// Asks for new and old ones. The users take turns, so that one with thousands
// of processes delays no other; of each the process comes first that was read
// the longest time ago. Users with low numbers, as those of services, come
// first among equals: a user can have 65,536 others.
void Identities::ask(const Sources& sources, IdentityPart part,
                     const Census& census, Micros now_us) {
  constexpr Micros kOld = 300 * kSecond;
  constexpr std::size_t kAtATime = 256;
  constexpr std::uint32_t kNotKnown = ~std::uint32_t{0};
  struct Due {
    std::uint32_t turn, uid;
    Micros read_us;
    std::uint32_t index;
  };
  auto& worker = sources.identities.worker(part);
  std::vector<Due> due;
  for (std::uint32_t i = 0; i < census.entries().size(); ++i) {
    const Census::Entry& entry = census.entries()[i];
    const Micros read_us = entry.identity.read_us[place_of(part)];
    if ((read_us == 0 || now_us - read_us >= kOld) &&
        !worker.left_to(entry.process.pid)) {
      const Task& task = census.table().tasks[i];
      due.push_back(Due{0, task.uid.value_or(kNotKnown), read_us, i});
    }
  }
  std::ranges::sort(due, {}, [](const Due& it) {
    return std::tuple(it.uid, it.read_us, it.index);
  });
  for (std::size_t i = 1; i < due.size(); ++i) {
    due[i].turn = due[i].uid == due[i - 1].uid ? due[i - 1].turn + 1 : 0;
  }
  std::ranges::sort(due, {}, [](const Due& it) {
    return std::tuple(it.turn, it.read_us, it.uid);
  });
  Look& look = looks_[place_of(part)];
  look.more = due.size() > kAtATime;
  look.wanted.clear();
  for (std::size_t i = 0; i < std::min(due.size(), kAtATime); ++i) {
    look.wanted.push_back(census.entries()[due[i].index].process);
  }
  look.asked = !look.wanted.empty();
  look.learned = 0;
  worker.ask(look.wanted);
}

// A process that could not be read is read again when the entry is old.
void Identities::learn(const Policy& policy, IdentityPart part,
                       const IdentityTexts& texts, Census& census,
                       Micros now_us) {
  const auto index = census.find(texts.process.pid);
  if (!index || !(census.entries()[*index].process == texts.process)) {
    return;
  }
  Census::Identity& identity = census.entries()[*index].identity;
  if (texts.id.pid != 0) {
    std::array<char, 16> comm{};
    std::copy_n(texts.comm.begin(), comm.size() - 1, comm.begin());
    if (identity.start_time != texts.id.start_time) {
      identity = {.start_time = texts.id.start_time, .comm = comm};
    } else if (identity.comm != comm) {
      identity.comm = comm;
      identity.exe = nullptr;
      identity.calm[place_of(Known::kExe)].reset();
      identity.calm[place_of(Known::kCmdline)].reset();
      identity.read_us = {};
    }
    if (part == IdentityPart::kPlace) {
      identity.cgroup = &*texts_.insert(texts.cgroup).first;
      identity.exe = texts.exe ? &*texts_.insert(*texts.exe).first : nullptr;
      judge(policy, identity);
    } else {
      identity.calm[place_of(Known::kCmdline)] = calm_conditions(
          policy.rules, Known::kCmdline, {.cmdline = texts.cmdline});
    }
  }
  identity.read_us[place_of(part)] = now_us;
}

RuleVerdict rules_for(const Policy& policy, const Census& census,
                      std::uint32_t index) noexcept {
  const Task& task = census.table().tasks[index];
  return apply_rules(
      policy.rules,
      {.comm = task.name(), .uid = task.uid, .calm = calm_of(census, index)},
      task.oom_adj);
}

void apply_rules_to(const Policy& policy, Census& census) noexcept {
  Snapshot& table = census.table();
  for (std::uint32_t i = 0; !policy.rules.empty() && i < table.tasks.size();
       ++i) {
    Verdict& verdict = table.verdicts[i];
    if (!verdict.has_mm) {
      continue;
    }
    const RuleVerdict rules = rules_for(policy, census, i);
    verdict.oom_adj = static_cast<std::int16_t>(rules.oom_adj);
    verdict.rules_open = !rules.known;
    verdict.rules = rules.matched;
  }
}

std::string_view cgroup_of(const Census& census, std::uint32_t index) noexcept {
  const Census::Identity* identity = own_identity(census, index);
  if (identity == nullptr || identity->cgroup == nullptr) {
    identity = inherited(census, index);
  }
  return identity == nullptr || identity->cgroup == nullptr ? std::string_view()
                                                            : *identity->cgroup;
}

}  // namespace badnessd
