// SPDX-License-Identifier: GPL-2.0-only
// The port through which a decision takes effect. Signals are sent in
// killer.cpp and nowhere else.
#pragma once

#include <cstdint>
#include <memory>

#include "badnessd/engine/task.h"
#include "badnessd/system/kill/reaper.h"
#include "badnessd/system/proc/proc_text.h"
#include "badnessd/system/sys.h"

namespace badnessd {

struct KillOutcome {
  enum class Kind : std::uint8_t {
    kSent,      // the signal is on its way
    kVanished,  // it had exited before, or its pid is another's now
    kNotSent,   // a dry run
    kRefused,   // one that is never signalled
    kFailed     // `error` says what the system refused
  };
  Kind kind = Kind::kNotSent;
  Error error;  // kFailed
};

enum class Signal : std::uint8_t { kTerm, kKill };

class Killer {
 public:
  Killer() = default;
  Killer(const Killer&) = delete;
  Killer& operator=(const Killer&) = delete;
  Killer(Killer&&) = delete;
  Killer& operator=(Killer&&) = delete;
  virtual ~Killer() = default;

  // Pins `victim` and signals it. Does not wait.
  [[nodiscard]] virtual KillOutcome send(const Task& victim, Signal signal) = 0;
  // Sends SIGKILL to one more, in the way of send(), without pinning it:
  // whoever is pinned stays so.
  [[nodiscard]] virtual KillOutcome kill_also(const Task& task) = 0;
  // Pins one that an earlier daemon signalled.
  virtual void adopt(const TaskId& victim) = 0;
  // Sends SIGKILL to the one that is pinned.
  [[nodiscard]] virtual KillOutcome escalate() = 0;
  // Helps the one that is pinned to give its memory back, if it was killed.
  // Apart from send(), so that the time of the signal is not that of its
  // effect.
  virtual void release_memory() = 0;
  // Whether the one that is pinned has exited.
  [[nodiscard]] virtual bool exited() = 0;
  // Readable once it has; -1 where exited() has to be asked.
  [[nodiscard]] virtual int exit_fd() const noexcept = 0;
};

// Signals exactly the process that was judged: it is pinned by a pidfd (Linux
// 5.3), and its start time is compared after that, so that a reused pid is
// never hit. Where a pidfd is not to be had (old kernel, seccomp) kill(2)
// stands in. release_memory() hands its memory to the reaper. Init, kernel
// threads, badnessd itself and its parent are refused, whatever is asked.
class PidfdKiller final : public Killer {
 public:
  // `proc_root` is a descriptor of the live /proc that outlives the killer;
  // `reaper` may be null.
  PidfdKiller(int proc_root, std::int32_t self_pid, std::int32_t parent_pid,
              std::unique_ptr<Reaper> reaper);

  // Whether the kernel, and whatever filters calls, has pidfds and signals by
  // them.
  [[nodiscard]] static bool available();

  [[nodiscard]] KillOutcome send(const Task& victim, Signal signal) override;
  [[nodiscard]] KillOutcome kill_also(const Task& task) override;
  void adopt(const TaskId& victim) override;
  [[nodiscard]] KillOutcome escalate() override;
  void release_memory() override;
  [[nodiscard]] bool exited() override;
  [[nodiscard]] int exit_fd() const noexcept override { return pidfd_.get(); }

 private:
  [[nodiscard]] bool refused(const Task& task) const noexcept;
  // A pidfd of exactly `id`, or none where there are no pidfds; ESRCH if it is
  // gone.
  [[nodiscard]] Expected<UniqueFd> pin(const TaskId& id);

  int proc_root_;
  std::int32_t self_pid_;
  std::int32_t parent_pid_;
  std::unique_ptr<Reaper> reaper_;
  TaskId victim_;
  UniqueFd pidfd_;
  bool killed_ = false;
  FileReader reader_;
  PidPath path_;
};

// Sends nothing.
class DryRunKiller final : public Killer {
 public:
  [[nodiscard]] KillOutcome send(const Task& victim, Signal signal) override;
  [[nodiscard]] KillOutcome kill_also(const Task& task) override;
  void adopt(const TaskId& /*victim*/) override {}
  [[nodiscard]] KillOutcome escalate() override;
  void release_memory() override {}
  [[nodiscard]] bool exited() override { return true; }
  [[nodiscard]] int exit_fd() const noexcept override { return -1; }
};

}  // namespace badnessd
