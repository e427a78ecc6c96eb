// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/badness.h"

#include <algorithm>
#include <limits>

#include "badnessd/engine/kernel26.h"

namespace badnessd {
namespace {

constexpr Points kMaxPoints = std::numeric_limits<Points>::max();

// mm/oom_kill.c: CPU time counts in units of 8 s (1 << kCpuShift, with HZ
// rounded to a power of two), run time in units of 1024 s.
constexpr unsigned kCpuShift = 3;
constexpr unsigned kRunShift = 10;

Points children_points(const Snapshot& snapshot, const Task& task) noexcept {
  Points sum = 0;
  for (std::uint32_t i = 0; i < task.child_count; ++i) {
    sum += child_points(snapshot, snapshot.children[task.first_child + i]);
  }
  return sum;
}

// Time only lowers a score: a long-running or much-used process is worth more.
void apply_times(const Snapshot& snapshot, const Task& task, std::uint32_t hz,
                 Score& score) noexcept {
  const std::uint64_t cpu_units =
      task.cpu_jiffies >> (shift_hz(hz) + kCpuShift);
  if (cpu_units != 0) {
    score.apply(Factor::kCpuTime, Op::kDivide, int_sqrt(cpu_units));
  }
  const std::uint64_t run_units = age_s(snapshot, task) >> kRunShift;
  if (run_units != 0) {
    score.apply(Factor::kRunTime, Op::kDivide, int_sqrt(int_sqrt(run_units)));
  }
}

void apply_oom_adj(int oom_adj, Score& score) noexcept {
  if (oom_adj > 0) {
    if (score.points() == 0) {
      score.apply(Factor::kOomAdj, Op::kAtLeast, 1);
    }
    score.apply(Factor::kOomAdj, Op::kShiftLeft, static_cast<Points>(oom_adj));
  } else if (oom_adj < 0) {
    score.apply(Factor::kOomAdj, Op::kShiftRight,
                static_cast<Points>(-oom_adj));
  }
}

// Applies the steps after the memory: times, nice, ..., and oom_adj.
void apply_credits(const Snapshot& snapshot, Judged judged, std::uint32_t hz,
                   Score& score) noexcept {
  const Task& task = judged.task;
  apply_times(snapshot, task, hz, score);
  if (task.nice > 0) {
    score.apply(Factor::kNice, Op::kMultiply, 2);
  }
  if ((task.cap_effective & (kCapSysAdmin | kCapSysResource)) != 0) {
    score.apply(Factor::kSysAdmin, Op::kDivide, 4);
  }
  if ((task.cap_effective & kCapSysRawio) != 0) {
    score.apply(Factor::kSysRawio, Op::kDivide, 4);
  }
  if (!task.mems_intersect) {
    score.apply(Factor::kMemsAllowed, Op::kDivide, 8);
  }
  apply_oom_adj(judged.verdict.oom_adj, score);
}

Points result_of(Op op, Points before, Points operand) noexcept {
  switch (op) {
    case Op::kSet:
      return operand;
    case Op::kAdd:
      return before + operand;
    case Op::kMultiply:
      return before * operand;
    case Op::kDivide:
      return before / std::max(operand, Points{1});
    case Op::kAtLeast:
      return std::max(before, operand);
    case Op::kShiftLeft:
      return before << operand;
    case Op::kShiftRight:
      return before >> operand;
  }
  return before;
}

}  // namespace

void Score::apply(Factor factor, Op op, Points operand) noexcept {
  const Points before = points();
  steps_[count_] = {factor, op, operand, before,
                    result_of(op, before, operand)};
  ++count_;
}

Points child_points(const Snapshot& snapshot, const Child& child) noexcept {
  if (child.shares_mm) {
    return 0;
  }
  const Task& task = snapshot.tasks[child.task];
  return (task.total_vm / 2 + 1) * task.mm_threads;
}

Score badness(const Snapshot& snapshot, Judged judged,
              const ScoreModel& model) noexcept {
  const auto& [task, verdict] = judged;
  Score score;
  if (verdict.oom_adj == kOomDisable) {
    score.apply(Factor::kExempt, Op::kSet, 0);
    return score;
  }
  if (!verdict.has_mm) {
    score.apply(Factor::kNoMm, Op::kSet, 0);
    return score;
  }
  score.apply(Factor::kTotalVm, Op::kSet, task.total_vm);
  if (task.pf_oom_origin) {
    score.apply(Factor::kOomOrigin, Op::kSet, kMaxPoints);
    return score;
  }
  if (const Points children = children_points(snapshot, task); children != 0) {
    score.apply(Factor::kChildren, Op::kAdd, children);
  }
  apply_credits(snapshot, judged, model.hz, score);
  return score;
}

Points held_points(const Snapshot& snapshot, Judged judged, Kib held_kib,
                   const ScoreModel& model) noexcept {
  if (judged.verdict.oom_adj == kOomDisable || !judged.verdict.has_mm) {
    return 0;
  }
  if (judged.task.pf_oom_origin) {
    return kMaxPoints;
  }
  Score score;
  score.apply(Factor::kHeld, Op::kSet, held_kib / (snapshot.page_size / 1024));
  apply_credits(snapshot, judged, model.hz, score);
  return score.points();
}

void score_all(Snapshot& snapshot, const ScoreModel& model) noexcept {
  for (std::size_t i = 0; i < snapshot.tasks.size(); ++i) {
    snapshot.verdicts[i].points =
        badness(snapshot, snapshot.judged(i), model).points();
  }
}

}  // namespace badnessd
