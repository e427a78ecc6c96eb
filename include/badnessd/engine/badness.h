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
  kRssSwap,      // the alternative base: resident memory and swap
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
  // A step has lost high bits: a larger input may give a smaller score.
  [[nodiscard]] bool wrapped() const noexcept { return wrapped_; }
  // Records that an operand wrapped before the call of apply().
  void set_wrapped() noexcept { wrapped_ = true; }

 private:
  // Room for every factor once, and for the kAtLeast of kOomAdj.
  std::array<Step, 13> steps_{};
  std::uint32_t count_ = 0;
  bool wrapped_ = false;
};

// The memory that is the base of the score, for the task and its children.
enum class MemoryBase : std::uint8_t { kTotalVm, kRssSwap };

struct ScoreRules {
  std::uint32_t hz = 250;  // CONFIG_HZ of the kernel to reproduce: kernel.hz
  MemoryBase memory = MemoryBase::kTotalVm;
};

// The base of `task`, in pages.
[[nodiscard]] Pages memory_pages(const Snapshot& snapshot, const Task& task,
                                 MemoryBase base) noexcept;

// The points that `child` adds to its parent: (base / 2 + 1) for each of its
// live threads, since the list of children holds every thread; 0 if the child
// shares the parent's mm. Sets `wrapped` if the product overflows.
[[nodiscard]] Points child_points(const Snapshot& snapshot, const Child& child,
                                  MemoryBase base, bool& wrapped) noexcept;

// mm/oom_kill.c: badness(task, snapshot.uptime_s). Any facts give a score. The
// score of a kCheap task is at least the true score, unless wrapped().
[[nodiscard]] Score badness(const Snapshot& snapshot, Judged judged,
                            const ScoreRules& rules) noexcept;

// badness() of a kFull task; an upper bound for a kCheap task (2^64-1 if the
// arithmetic wrapped).
[[nodiscard]] Points points_of(const Snapshot& snapshot, Judged judged,
                               const ScoreRules& rules) noexcept;
// Sets `points` of all tasks.
void score_all(Snapshot& snapshot, const ScoreRules& rules) noexcept;

}  // namespace badnessd
