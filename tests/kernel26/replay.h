// SPDX-License-Identifier: GPL-2.0-only
// One out-of-memory kill of the log, judged again. What the log leaves open is
// the moment of the kill and the CPU time of the hogs, which are not in the
// capture: a kill is judged for all that they can have been.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "badnessd/engine/task.h"
#include "capture.h"
#include "console.h"

namespace badnessd::kernel26 {

// A process that filled the memory. Its score depends on its CPU time by a
// divisor alone, the square root of the units used; that can only grow.
struct Hog {
  std::int32_t pid = 0;
  Points least_divisor = 1;
  Points most_divisor = 1;
  std::uint64_t life_s = 0;
};

// Hog's pid to the divisor assumed.
using Divisors = std::map<std::int32_t, Points>;

struct Answer {
  std::int32_t chosen = 0;
  Points score = 0;
  std::int32_t killed = 0;  // the process
  bool waits = false;       // or no process: kNone, kWait
};

enum class Verdict : std::uint8_t {
  kDetermined,    // equal whatever is left open
  kUndetermined,  // equal for some of it only
  kMismatch,      // equal for none of it
};

class Replay {
 public:
  // `base` is the capture with all facts in place.
  Replay(const Capture& capture, Snapshot base, const Console& console);

  // Compares with the kernel's answer, in the order of the log: what a kill
  // tells about the hogs and about the time holds for those after it.
  [[nodiscard]] Verdict judge(const Kill& kill);

  // What the engine says with the hogs as `divisors` has them.
  [[nodiscard]] Answer answer(const Kill& kill, std::uint64_t uptime_s,
                              const Divisors& divisors) const;

  [[nodiscard]] const std::vector<Hog>& hogs() const noexcept { return hogs_; }
  [[nodiscard]] std::uint64_t first_moment() const noexcept { return from_s_; }
  // The seconds of CPU time from which on `divisor` is in effect.
  [[nodiscard]] double cpu_seconds(Points divisor) const noexcept;

 private:
  [[nodiscard]] Snapshot snapshot_at(const Kill& kill, std::uint64_t uptime_s,
                                     const Divisors& divisors) const;
  void add_tasks(const Kill& kill, const Divisors& divisors,
                 Snapshot& snapshot) const;
  void add_children(Snapshot& snapshot) const;
  [[nodiscard]] bool agrees(const Kill& kill, std::uint64_t uptime_s,
                            const Divisors& divisors) const;
  [[nodiscard]] std::vector<std::uint64_t> moments(const Kill& kill) const;
  [[nodiscard]] Divisors extreme(bool most) const;
  [[nodiscard]] bool possible(const Kill& kill, std::uint64_t uptime_s) const;
  [[nodiscard]] bool certain(const Kill& kill, std::uint64_t uptime_s) const;
  void learn(const Kill& kill, std::uint64_t uptime_s);
  [[nodiscard]] std::int32_t process_of(std::int32_t tid) const;

  const Capture& capture_;
  Snapshot base_;
  std::vector<Hog> hogs_;
  std::set<std::int32_t> killed_;
  std::uint64_t from_s_ = 0;
  std::uint64_t to_s_ = 0;
};

}  // namespace badnessd::kernel26
