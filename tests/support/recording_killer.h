// SPDX-License-Identifier: GPL-2.0-only
// A Killer for tests: records the given processes and answers as told.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "badnessd/system/kill/killer.h"

namespace badnessd::test {

class RecordingKiller final : public Killer {
 public:
  explicit RecordingKiller(KillOutcome::Kind answer = KillOutcome::Kind::kSent)
      : answer_(answer) {}

  [[nodiscard]] KillOutcome send(const Task& victim, Signal signal) override {
    pids_.push_back(victim.id.pid);
    signals_.push_back(signal);
    return {answer_, {}};
  }
  [[nodiscard]] KillOutcome kill_also(const Task& task) override {
    also_.push_back(task.id.pid);
    return {answer_, {}};
  }
  void adopt(const TaskId& victim) override { adopted_ = victim; }
  [[nodiscard]] KillOutcome escalate() override {
    signals_.push_back(Signal::kKill);
    return {answer_, {}};
  }
  void release_memory() override { ++releases_; }
  [[nodiscard]] bool exited() override { return exited_; }
  [[nodiscard]] std::uint32_t count_alive(
      std::span<const TaskId> tasks) override {
    return std::min(alive_, static_cast<std::uint32_t>(tasks.size()));
  }
  [[nodiscard]] int exit_fd() const noexcept override { return -1; }

  // Whether the victim has exited from now on.
  void set_exited(bool exited) { exited_ = exited; }
  // How many of those that were killed besides have not.
  void set_alive(std::uint32_t alive) { alive_ = alive; }
  void set_answer(KillOutcome::Kind answer) { answer_ = answer; }

  [[nodiscard]] const std::vector<std::int32_t>& pids() const noexcept {
    return pids_;
  }
  [[nodiscard]] const std::vector<Signal>& signals() const noexcept {
    return signals_;
  }
  // The processes that were killed besides.
  [[nodiscard]] const std::vector<std::int32_t>& also() const noexcept {
    return also_;
  }
  // How often the victim was helped to give its memory back.
  [[nodiscard]] int releases() const noexcept { return releases_; }
  [[nodiscard]] const TaskId& adopted() const noexcept { return adopted_; }

 private:
  KillOutcome::Kind answer_;
  bool exited_ = true;
  std::uint32_t alive_ = 0;
  int releases_ = 0;
  std::vector<std::int32_t> pids_;
  std::vector<Signal> signals_;
  std::vector<std::int32_t> also_;
  TaskId adopted_;
};

}  // namespace badnessd::test
