// SPDX-License-Identifier: GPL-2.0-only
// Judges the processes of the census: rules, what each took and would give
// back, scores. Reads nothing but the lists of processes of cgroups.
#pragma once

#include <string_view>

#include "badnessd/cycle/census.h"
#include "badnessd/engine/policy.h"
#include "badnessd/engine/select.h"
#include "badnessd/system/source.h"

namespace badnessd {

// What all parts of a decision share.
struct Context {
  Sources sources;
  const Policy& policy;
  Census& census;

  [[nodiscard]] Snapshot& table() const noexcept { return census.table(); }
};

// Begins the verdicts on all tasks anew: rules, took_kib. Of the exiting ones
// it also sets what they give back. If the leader of a process has exited, its
// first live thread counts, as in later kernels (mm/oom_kill.c:
// find_lock_task_mm()), except in the bare order.
void judge_took(const Context& context);
// Sets what one gives back, and its points.
void judge_one(const Context& context, std::uint32_t index);
// The same of those that `bars` admit by what they took: to judge thousands
// before the signal would take too long.
void judge_admitted(const Context& context, const Bars& bars);
// Judges all tasks: rules, what each took and gives back, points.
void judge_all(const Context& context);

// Reads all facts of all processes, and judges them. Nothing is compared with a
// note.
[[nodiscard]] Expected<void> survey(const Context& context,
                                    const PressureReading& system);

// Sets `flag` of the verdicts on the processes in `cgroup` and below it.
void mark_processes(const Context& context, std::string_view cgroup,
                    bool Verdict::*flag);
// Sets in_scope of all: true in `cgroup` and below it.
void mark_scope(const Context& context, std::string_view cgroup);

}  // namespace badnessd
