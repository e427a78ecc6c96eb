// SPDX-License-Identifier: GPL-2.0-only
// badness() of Linux 2.6.32 (mm/oom_kill.c) as a ledger: each step records one
// arithmetic operation. The score is the result of the last step.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "badnessd/engine/task.h"

namespace badnessd {

// The factors stand in the order in which 2.6.32 applies them.
enum class Factor : std::uint8_t {
  kExempt,       // oom_adj is -17
  kNoMm,         // kernel thread, zombie, dead leader
  kTotalVm,      // the base in 2.6.32
  kHeld,         // the base of held_points(): what a death gives back
  kOomOrigin,    // PF_OOM_ORIGIN: swapoff, KSM
  kChildren,     // half of each child with an mm of its own, plus one
  kCpuTime,      // square root of CPU time in units of 8 to 10 s
  kRunTime,      // fourth root of age in units of 1024 s
  kNice,         // the leader's nice is positive
  kSysAdmin,     // CAP_SYS_ADMIN or CAP_SYS_RESOURCE
  kSysRawio,     // CAP_SYS_RAWIO
  kMemsAllowed,  // no memory node in common with the allocating task
  kOomAdj,
};

enum class Op : std::uint8_t {
  kSet,
  kAdd,
  kMultiply,
  kDivide,
  kAtLeast,
  kShiftLeft,
  kShiftRight
};

struct Step {
  Factor factor = Factor::kNoMm;
  Op op = Op::kSet;
  Points operand = 0;
  Points before = 0;
  Points after = 0;
};

// The ledger of one score. It allocates no memory.
class Score {
 public:
  // Applies `op` to the points and records the step. The arithmetic wraps at 64
  // bits, as the kernel's unsigned long does. The operand of a shift must be
  // below 64. A division by 0 divides by 1.
  void apply(Factor factor, Op op, Points operand) noexcept;

  [[nodiscard]] std::span<const Step> steps() const noexcept {
    return {steps_.data(), count_};
  }
  [[nodiscard]] Points points() const noexcept {
    return count_ == 0 ? 0 : steps_[count_ - 1].after;
  }

 private:
  // Room for every factor once, and for the kAtLeast of kOomAdj.
  std::array<Step, 13> steps_{};
  std::uint32_t count_ = 0;
};

struct ScoreModel {
  std::uint32_t hz = 250;  // CONFIG_HZ of the kernel to reproduce: kernel.hz
};

// The points that `child` adds to its parent: (total_vm / 2 + 1) for each of
// its live threads, since the list of children holds every thread; 0 if the
// child shares the parent's mm.
[[nodiscard]] Points child_points(const Snapshot& snapshot,
                                  const Child& child) noexcept;

// mm/oom_kill.c: badness(task, snapshot.uptime_s). Any facts give a score.
[[nodiscard]] Score badness(const Snapshot& snapshot, Judged judged,
                            const ScoreModel& model) noexcept;

// The score of 2.6.32 with `held_kib`, what the death of the task gives back,
// as its base, and without the children.
[[nodiscard]] Points held_points(const Snapshot& snapshot, Judged judged,
                                 Kib held_kib,
                                 const ScoreModel& model) noexcept;

// Sets `points` of all tasks.
void score_all(Snapshot& snapshot, const ScoreModel& model) noexcept;

}  // namespace badnessd
