// SPDX-License-Identifier: GPL-2.0-only
// A Killer for tests: writes down whom it was given and answers as told.
#pragma once

#include <cstdint>
#include <vector>

#include "badnessd/system/killer.h"

namespace badnessd::test {

class RecordingKiller final : public Killer {
 public:
  explicit RecordingKiller(
      KillOutcome::Kind answer = KillOutcome::Kind::kExited)
      : answer_(answer) {}

  [[nodiscard]] KillOutcome kill(const Task& victim) override {
    pids_.push_back(victim.id.pid);
    return {answer_, {}, {}};
  }

  [[nodiscard]] const std::vector<std::int32_t>& pids() const noexcept {
    return pids_;
  }

 private:
  KillOutcome::Kind answer_;
  std::vector<std::int32_t> pids_;
};

}  // namespace badnessd::test
