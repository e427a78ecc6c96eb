// SPDX-License-Identifier: GPL-2.0-only
// badness() of Linux 2.6.32 (mm/oom_kill.c), as a ledger: every step performs
// its own arithmetic, and the score is what the last one leaves.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "badnessd/engine/task.h"

namespace badnessd {

// In the order in which 2.6.32 applies them.
enum class Factor : std::uint8_t {
  kExempt,       // oom_adj is -17
  kNoMm,         // kernel thread, zombie, dead leader
  kTotalVm,      // the base of the sum in 2.6.32,
  kRssSwap,      // or in its place what is resident or in swap
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

// The ledger of one score. Holds no memory of its own beyond itself.
class Score {
 public:
  // Performs `op` on the points so far, in 64 bits that wrap as the kernel's
  // unsigned long does, and writes it down. `operand` of a shift is below 64;
  // a division by 0 is one by 1.
  void apply(Factor factor, Op op, Points operand) noexcept;

  [[nodiscard]] std::span<const Step> steps() const noexcept {
    return {steps_.data(), count_};
  }
  [[nodiscard]] Points points() const noexcept {
    return count_ == 0 ? 0 : steps_[count_ - 1].after;
  }
  // Some step lost high bits: then a larger input may give a smaller score.
  [[nodiscard]] bool wrapped() const noexcept { return wrapped_; }
  // An operand had wrapped before it got here.
  void set_wrapped() noexcept { wrapped_ = true; }

 private:
  // Every rule once, and rule 12's "at least 1" before its shift.
  std::array<Step, 13> steps_{};
  std::uint32_t count_ = 0;
  bool wrapped_ = false;
};

// What the base of the sum is, of the task and of its children.
enum class MemoryBase : std::uint8_t { kTotalVm, kRssSwap };

struct ScoreRules {
  std::uint32_t hz = 250;  // of the kernel that is reproduced: kernel.hz
  MemoryBase memory = MemoryBase::kTotalVm;
};

// The base of `task`, in pages.
[[nodiscard]] Pages memory_pages(const Snapshot& snapshot, const Task& task,
                                 MemoryBase base) noexcept;

// What `child` adds to its parent: (base / 2 + 1) for each of its threads, as
// every thread stands on the list of children; 0 without an mm of its own. Sets
// `wrapped` where the product does not fit, and else leaves it.
[[nodiscard]] Points child_points(const Snapshot& snapshot, const Child& child,
                                  MemoryBase base, bool& wrapped) noexcept;

// mm/oom_kill.c: badness(task, snapshot.uptime_s). Total: any facts give a
// score. With the facts of a kCheap task it is not below the true score, unless
// it says wrapped().
[[nodiscard]] Score badness(const Snapshot& snapshot, const Task& task,
                            const ScoreRules& rules) noexcept;

// Sets `points` of `task`, one of the snapshot's: its score if it is kFull,
// else an upper bound (2^64-1 where the arithmetic wrapped).
void score_task(const Snapshot& snapshot, Task& task,
                const ScoreRules& rules) noexcept;
void score_all(Snapshot& snapshot, const ScoreRules& rules) noexcept;

}  // namespace badnessd
