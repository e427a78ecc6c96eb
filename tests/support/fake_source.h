// SPDX-License-Identifier: GPL-2.0-only
// A FactSource for tests: hands out given facts in the two steps in which a
// real source reads them.
#pragma once

#include <cstdint>
#include <optional>

#include "badnessd/system/source.h"

namespace badnessd::test {

class FakeSource final : public FactSource {
 public:
  // `full` is what refining every task shall give: tasks by pid, and as the
  // children of each the leader's own list, a part of those that name it as
  // their ppid. With `swap_in_scan` swap counts among the cheap facts.
  explicit FakeSource(Snapshot full, bool swap_in_scan = false);

  [[nodiscard]] Expected<PressureReading> read_pressure() override;
  [[nodiscard]] std::optional<std::uint64_t> read_oom_kills() override {
    return oom_kills_;
  }
  // The clock is that of the last reading.
  [[nodiscard]] Micros now_us() override { return now_us_; }
  [[nodiscard]] Expected<void> scan(Snapshot& snapshot) override;
  void refine(Snapshot& snapshot, std::uint32_t index) override;

  // What read_pressure() shall say.
  void set_pressure(const Expected<PressureReading>& pressure) {
    pressure_ = pressure;
  }
  // Each reading comes this much after the one before.
  void set_step(Micros step_us) { step_us_ = step_us; }
  void set_oom_kills(std::uint64_t kills) { oom_kills_ = kills; }
  // The process exits between the next scan and its refinement.
  void set_vanishing(std::int32_t pid) { vanishing_ = pid; }

  [[nodiscard]] std::uint32_t scans() const noexcept { return scans_; }
  [[nodiscard]] std::uint32_t refines() const noexcept { return refines_; }

 private:
  Snapshot full_;
  bool swap_in_scan_;
  Expected<PressureReading> pressure_;
  std::int32_t vanishing_ = 0;
  std::uint64_t oom_kills_ = 0;
  Micros now_us_ = 1'000'000;
  Micros step_us_ = 10'000;
  std::uint32_t scans_ = 0;
  std::uint32_t refines_ = 0;
};

}  // namespace badnessd::test
