// SPDX-License-Identifier: GPL-2.0-only
#include <array>
#include <span>

#include <fmt/core.h>

#include "badnessd/app/report/record.h"
#include "badnessd/app/report/report.h"

namespace badnessd {
namespace {

// "took 2.0 MiB of the 1.4 GiB that were lost in 15 s, holds 141 MiB and
// reserves 3.0 GiB".
std::string burden_text(const JudgedTask& of, const Decision& decision) {
  const auto [task, verdict] = of.view();
  const std::string holds =
      fmt::format("holds {} and reserves {}", size_text(task.held_kib()),
                  size_text(task.total_vm * decision.page_kib));
  return decision.loss
             ? fmt::format("took {} of the {} that were lost in {}, {}",
                           size_text(verdict.took_kib),
                           size_text(decision.loss->lost_kib),
                           duration_text(decision.loss->since_us / kSecond),
                           holds)
             : holds;
}

// By the kind of the outcome: what was done, and what stood in the way.
struct Deed {
  std::string_view verb;
  std::string_view obstacle{};
};
constexpr std::array<Deed, 5> kDeeds{{
    {"sent SIGKILL to"},
    {"did not kill", ", which had exited before the signal"},
    {"would kill"},
    {"did not kill",
     ", which is never signalled: init, badnessd or its parent; it is set "
     "aside"},
    {"did not kill", ": "},
}};

std::string deed_text(const Decision& decision) {
  const KillOutcome& outcome = decision.outcome;
  const Deed& deed = kDeeds[static_cast<std::size_t>(outcome.kind)];
  const bool gently = outcome.kind == KillOutcome::Kind::kSent &&
                      decision.signal == Signal::kTerm;
  return fmt::format(
      "{} {}, {}{}{}", gently ? "sent SIGTERM to" : deed.verb,
      task_text(decision.victim.task), owner_text(decision.victim.task),
      deed.obstacle,
      outcome.kind == KillOutcome::Kind::kFailed
          ? fmt::format("{} failed with error {}; it is set aside",
                        outcome.error.what, outcome.error.code)
          : "");
}

// The other processes that die.
std::string extent_text(const Decision& decision) {
  const std::string others = decision.outcome.kind == KillOutcome::Kind::kSent
                                 ? fmt::format("{} more", decision.swept)
                                 : "all others";
  switch (decision.kill_set) {
    case KillSet::kProcess:
      return {};
    case KillSet::kChild:
      return fmt::format(", the first child of {} which was chosen",
                         task_text(decision.chosen.task));
    case KillSet::kStorm:
      return fmt::format(" and {}", others);
    case KillSet::kSharedMm:
      return fmt::format(" and {} that share its address space", others);
    case KillSet::kCgroup:
      return fmt::format(" and {} in {}{}", others,
                         escaped(decision.group.view()),
                         decision.group.view() == decision.oom_group.view()
                             ? " (memory.oom.group)"
                             : "");
  }
  return {};
}

// The fork storm with the numbers that prove it.
std::string storm_text(const Decision& decision) {
  const Storm& storm = *decision.storm;
  const std::string below =
      storm.forker
          ? fmt::format(" below {}{}", task_text(decision.chosen.task),
                        storm.spare_forker
                            ? ", which is spared, for it is old, of another "
                              "user or holds others"
                            : "")
          : std::string();
  return fmt::format(
      "a fork storm{}: {} processes no older than {}, the largest called {}, "
      "took {} together",
      below, storm.members, duration_text(storm.age_s), escaped(storm.name()),
      size_text(storm.took_kib));
}

using Sentences = std::vector<std::string>;

// The points of the chosen process and the rule behind its oom_adj.
void add_points(const Decision& decision, const Policy& policy,
                Sentences& sentences) {
  const auto [task, verdict] = decision.chosen.view();
  sentences.push_back(
      fmt::format("{} points, first {} {} ({})", verdict.points,
                  decision.needed_kib == 0 ? "of" : "of those eligible of",
                  count_text(decision.candidates, "candidate", "candidates"),
                  ledger_text(decision.score)));
  if (verdict.rules != 0) {
    sentences.push_back(fmt::format("oom_adj {} is by rule {}, its own is {}",
                                    verdict.oom_adj, rule_name(verdict, policy),
                                    task.oom_adj));
  }
  if (verdict.rules_open) {
    sentences.emplace_back(
        "it was too new for rules that ask for more than its name, program "
        "and user");
  }
}

// What its death gives back, and what was asked for.
void add_reclaim(const Decision& decision, Sentences& sentences) {
  const auto [victim, verdict] = decision.victim.view();
  std::string text = fmt::format("its death gives back at least {}",
                                 size_text(verdict.death_kib()));
  if (victim.pid_ns_init) {
    text += fmt::format(", {} of it from its container, which dies with it",
                        size_text(verdict.with_it_kib));
  }
  if (decision.needed_kib == 0) {
    sentences.push_back(text + "; the order is the bare one of 2.6.32");
    return;
  }
  text += fmt::format("; {} are needed", size_text(decision.needed_kib));
  if (decision.required_kib != 0 &&
      decision.required_kib < decision.needed_kib) {
    text += fmt::format(", and no other gives back more than {}",
                        size_text(decision.required_kib));
  }
  sentences.push_back(text);
}

// In the order of Charge.
constexpr std::array<std::string_view, kCharges> kKinds{
    "anonymous memory", "swap",          "tmpfs and shared memory",
    "page tables",      "kernel memory", "socket buffers"};

// "/system.slice/leak.service took 1.6 GiB of the 1.6 GiB that were lost in
// 14 s: 1.5 GiB of tmpfs and shared memory, 90 MiB of kernel memory".
std::string cgroup_text(const CgroupTook& cgroup, const Loss& loss) {
  std::string text = fmt::format(
      "{} took {} of the {} that were lost in {}", escaped(cgroup.path.view()),
      size_text(cgroup.took_kib), size_text(loss.lost_kib),
      duration_text(loss.since_us / kSecond));
  std::string_view before = ": ";
  for (std::size_t i = 0; i < kCharges; ++i) {
    if (cgroup.grown.kib[i] >= cgroup.took_kib / 16 &&
        cgroup.grown.kib[i] != 0) {
      text += fmt::format("{}{} of {}", before, size_text(cgroup.grown.kib[i]),
                          kKinds[i]);
      before = ", ";
    }
  }
  return text;
}

void add_cgroups(const Decision& decision, Sentences& sentences) {
  for (const CgroupTook& it : decision.cgroups.culprits()) {
    sentences.push_back(cgroup_text(it, *decision.loss));
  }
  if (decision.cgroups.source == CgroupsTook::Source::kNote) {
    sentences.emplace_back(
        "its account could not be read in time: this is of the last note");
  }
}

// What of the loss no account of a process or cgroup shows.
std::string lost_text(const Loss& loss) {
  return fmt::format(
      "of the {} that were lost in {}, tmpfs and shared memory (Shmem) grew by "
      "{} and kernel memory (SUnreclaim) by {}",
      size_text(loss.lost_kib), duration_text(loss.since_us / kSecond),
      size_text(loss.shmem_kib), size_text(loss.slab_kib));
}

// Whose the memory is, where no process and no cgroup can be killed for it.
void add_nobody(const Decision& decision, Sentences& sentences) {
  if (decision.culprit.exempt) {
    sentences.push_back(fmt::format("{} took it, but must not be killed: it {}",
                                    task_text(decision.exempt.task),
                                    burden_text(decision.exempt, decision)));
  } else if (decision.cgroups.dead) {
    sentences.emplace_back(
        "it belongs to processes and cgroups that are gone: files in tmpfs "
        "stay until they are removed");
  } else if (decision.culprit.by_account) {
    sentences.emplace_back("no process is left in it that can be killed");
  } else {
    sentences.push_back(lost_text(*decision.loss) +
                        "; no process and no cgroup took half of it");
  }
}

// Who took it, if the sentence on the chosen process does not say so.
void add_culprit(const Decision& decision, Sentences& sentences) {
  const Culprit& culprit = decision.culprit;
  switch (culprit.kind) {
    case Culprit::Kind::kUnasked:
    case Culprit::Kind::kProcess:
      break;
    case Culprit::Kind::kOlder:
      sentences.emplace_back(
          "it is not known which process took the memory, so the greatest "
          "score for what a process holds decided");
      break;
    case Culprit::Kind::kGroup:
      add_cgroups(decision, sentences);
      sentences.push_back(
          culprit.min_took_kib == 0
              ? "what its processes hold does not explain that, so any of them "
                "could be chosen"
              : fmt::format("those that took at least {} could be chosen",
                            size_text(culprit.min_took_kib)));
      break;
    case Culprit::Kind::kNobody:
      add_cgroups(decision, sentences);
      add_nobody(decision, sentences);
      sentences.emplace_back(
          "memory is below half of the limit, so the greatest score for what a "
          "process holds decided");
      break;
  }
}

void add_unread(const Decision& decision, Sentences& sentences) {
  if (decision.unread != 0) {
    sentences.push_back(fmt::format(
        "{} not read for this choice: by their notes and the accounts, they "
        "cannot have taken as much",
        decision.unread == 1
            ? "1 other process was"
            : fmt::format("{} other processes were", decision.unread)));
  }
}

void add_passed_over(const Decision& decision, Sentences& sentences) {
  for (const JudgedTask& passed :
       std::span(decision.passed_over).first(decision.passed_over_count)) {
    sentences.push_back(fmt::format(
        "passed over: {} with {} points: it {}, and its death gives back at "
        "least {}",
        task_text(passed.task), passed.verdict.points,
        burden_text(passed, decision), size_text(passed.verdict.death_kib())));
  }
}

// The systemd unit of the victim, and the cgroup that the kernel would have
// killed.
void add_place(const Decision& decision, Sentences& sentences) {
  const std::string_view unit = unit_of(decision.cgroup.view());
  const std::string_view group = decision.oom_group.view();
  if (!unit.empty()) {
    sentences.push_back("it was in " + escaped(unit));
  }
  if (!group.empty() && decision.kill_set != KillSet::kCgroup) {
    sentences.push_back(fmt::format(
        "{} has memory.oom.group: the kernel would have killed all in it",
        escaped(group)));
  }
}

void add_trigger(const Decision& decision, const Policy& policy,
                 Sentences& sentences) {
  const Trigger& trigger = policy.triggers[decision.trigger];
  sentences.push_back(
      fmt::format("trigger {} {}", escaped(trigger.name),
                  trigger_text(trigger, decision.scope.view(), decision.reading,
                               decision.stalls)));
}

}  // namespace

std::vector<std::string> decision_sentences(const Decision& decision,
                                            const Policy& policy) {
  Sentences sentences{fmt::format(
      "{}{}: {}", deed_text(decision), extent_text(decision),
      decision.storm ? storm_text(decision)
                     : "it " + burden_text(decision.chosen, decision))};
  if (!decision.storm) {
    add_points(decision, policy, sentences);
    add_reclaim(decision, sentences);
    add_culprit(decision, sentences);
    add_passed_over(decision, sentences);
    add_unread(decision, sentences);
  } else if (decision.culprit.by_account) {
    add_cgroups(decision, sentences);
  }
  add_place(decision, sentences);
  add_trigger(decision, policy, sentences);
  return sentences;
}

std::vector<std::string> nobody_sentences(const Decision& decision,
                                          const Policy& policy) {
  Sentences sentences;
  add_cgroups(decision, sentences);
  add_nobody(decision, sentences);
  sentences.emplace_back(
      "no kill of another process brings that back, so none is killed before "
      "memory is below half of the limit");
  add_trigger(decision, policy, sentences);
  return sentences;
}

std::string no_candidate_text(const Decision& decision) {
  constexpr Kib kPart = 8;
  return decision.needed_kib == 0
             ? "nothing to kill: no process is a candidate"
             : fmt::format(
                   "nothing to kill: no candidate would give back {}, an "
                   "eighth of the {} that are needed",
                   size_text(decision.needed_kib / kPart),
                   size_text(decision.needed_kib));
}

std::vector<std::string> ending_sentences(const Decision& decision) {
  const auto ms = [](Micros from, Micros to) {
    return static_cast<double>(to - from) / 1000;
  };
  // Of a victim of an earlier daemon only the pid is known.
  const bool ours = decision.number != 0;
  const std::string victim =
      ours ? task_text(decision.victim.task)
           : fmt::format("process {}", decision.victim.task.id.pid);
  if (decision.end == Decision::End::kStillAlive) {
    return {victim + " has not exited after its signal: set aside"};
  }
  if (decision.end != Decision::End::kExited) {
    return {};
  }
  Sentences sentences{fmt::format(
      "{} is gone {:.1f} ms after the signal, and {} came back within {:.1f} "
      "ms",
      victim, ms(decision.signalled_us, decision.exited_us),
      size_text(decision.reclaimed_kib),
      ms(decision.signalled_us, decision.memory_back_us))};
  if (ours) {
    sentences.push_back(
        fmt::format("the signal went {:.1f} ms after the trigger fired",
                    ms(decision.seen_us, decision.signalled_us)));
  }
  return sentences;
}

}  // namespace badnessd
