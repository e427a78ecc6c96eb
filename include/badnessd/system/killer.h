// SPDX-License-Identifier: GPL-2.0-only
// The port through which a decision takes effect. Signals are sent in
// killer.cpp and nowhere else.
#pragma once

#include <chrono>
#include <cstdint>

#include "badnessd/engine/task.h"
#include "badnessd/system/sys.h"

namespace badnessd {

struct KillOutcome {
  enum class Kind : std::uint8_t {
    kExited,      // SIGKILL was sent and the process is gone
    kStillAlive,  // SIGKILL was sent; it had not exited when the wait was over
    kVanished,  // it had exited before the signal, or its pid is another's now
    kNotSent,   // a dry run
    kRefused,   // init, a kernel thread or badnessd itself: never signalled
    kFailed     // `error` says what the system refused
  };
  Kind kind = Kind::kNotSent;
  Error error;                         // kFailed
  std::chrono::milliseconds waited{};  // kExited, kStillAlive: since the signal
};

class Killer {
 public:
  Killer() = default;
  Killer(const Killer&) = delete;
  Killer& operator=(const Killer&) = delete;
  Killer(Killer&&) = delete;
  Killer& operator=(Killer&&) = delete;
  virtual ~Killer() = default;

  [[nodiscard]] virtual KillOutcome kill(const Task& victim) = 0;
};

// Sends SIGKILL to exactly the process that was judged: it is pinned by a pidfd
// (Linux 5.3), and its start time is compared after that, so that a reused pid
// is never hit. Then waits for its exit.
class PidfdKiller final : public Killer {
 public:
  // `proc_root` is a descriptor of the live /proc and must stay open.
  PidfdKiller(int proc_root, std::int32_t self_pid,
              std::chrono::milliseconds exit_timeout);

  [[nodiscard]] KillOutcome kill(const Task& victim) override;

 private:
  [[nodiscard]] Expected<bool> same_process(const Task& victim);

  int proc_root_;
  std::int32_t self_pid_;
  std::chrono::milliseconds exit_timeout_;
  FileReader reader_;
  PidPath path_;
};

// Sends nothing.
class DryRunKiller final : public Killer {
 public:
  [[nodiscard]] KillOutcome kill(const Task& victim) override;
};

}  // namespace badnessd
