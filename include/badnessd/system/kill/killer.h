// SPDX-License-Identifier: GPL-2.0-only
// The port through which a decision takes effect. Signals are sent in
// killer.cpp and nowhere else.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "badnessd/engine/task.h"
#include "badnessd/system/proc/stat_reader.h"
#include "badnessd/system/sys.h"
#include "badnessd/system/worker.h"

namespace badnessd {

struct KillOutcome {
  enum class Kind : std::uint8_t {
    kSent,      // the signal is on its way
    kVanished,  // it exited earlier, or another process has its pid
    kNotSent,   // a dry run
    kRefused,   // a process that is never signalled
    kFailed     // `error` says what the system refused
  };
  Kind kind = Kind::kNotSent;
  Error error;  // kFailed
};

enum class Signal : std::uint8_t { kTerm, kKill };

class Killer : public Port {
 public:
  // Pins `victim` and signals it. Does not wait.
  [[nodiscard]] virtual KillOutcome send(const Task& victim, Signal signal) = 0;
  // Sends SIGKILL to one more process, as send() does, but does not pin it:
  // the victim stays pinned.
  [[nodiscard]] virtual KillOutcome kill_also(const Task& task) = 0;
  // Pins a process that an earlier daemon signalled.
  virtual void adopt(const TaskId& victim) = 0;
  // Sends SIGKILL to the pinned process.
  [[nodiscard]] virtual KillOutcome escalate() = 0;
  // Frees the memory of the pinned process, if it was killed. Separate from
  // send(), so that the measured time of the signal excludes this work.
  virtual void release_memory() = 0;
  // Whether the pinned process has exited.
  [[nodiscard]] virtual bool exited() = 0;
  // How many of these processes there are, by their pids.
  [[nodiscard]] virtual std::uint32_t count_alive(
      std::span<const TaskId> tasks) = 0;
  // Becomes readable when it exits; -1 if the caller must poll exited().
  [[nodiscard]] virtual int exit_fd() const noexcept = 0;
};

// A Worker's Reader of pidfds, which it closes. It answers nothing. Calls
// process_mrelease(2) on a killed process (Linux 5.15): this frees its memory
// before the process runs again. The call takes the victim's mmap lock and can
// last seconds for a huge process. Without it the process dies all the same.
struct MemoryReleaser {
  using Question = int;
  using Answer = std::string_view;
  // Whether the kernel has the call, and no seccomp filter forbids it.
  [[nodiscard]] static bool available();
  [[nodiscard]] static Answer read(int pidfd);
  [[nodiscard]] static Answer unknown(int pidfd);
};

// Signals exactly the selected process: pins it by a pidfd (Linux 5.3), then
// compares the inode of its directory in /proc, and if the kernel has dropped
// that inode its start time, so that a process that reuses the pid is never
// hit. Without pidfds (old kernel, seccomp) it uses kill(2). Always refuses
// init, kernel threads, badnessd and the parent of badnessd.
class PidfdKiller final : public Killer {
 public:
  // `proc_root` is a descriptor of the live /proc. It and `stats` outlive the
  // killer.
  PidfdKiller(int proc_root, StatReader& stats, std::int32_t self_pid,
              std::int32_t parent_pid);

  // Whether the kernel has pidfd_open(2) and pidfd_send_signal(2), and no
  // seccomp filter forbids them.
  [[nodiscard]] static bool available();

  [[nodiscard]] KillOutcome send(const Task& victim, Signal signal) override;
  [[nodiscard]] KillOutcome kill_also(const Task& task) override;
  void adopt(const TaskId& victim) override;
  [[nodiscard]] KillOutcome escalate() override;
  void release_memory() override;
  [[nodiscard]] bool exited() override;
  [[nodiscard]] std::uint32_t count_alive(
      std::span<const TaskId> tasks) override;
  [[nodiscard]] int exit_fd() const noexcept override { return pidfd_.get(); }

 private:
  [[nodiscard]] bool refused(const Task& task) const noexcept;
  // A pidfd of exactly this process, which `inode` or `id` tells; an invalid
  // one on systems without pidfds. Fails with ESRCH if the process is gone.
  [[nodiscard]] Expected<UniqueFd> pin(const TaskId& id, std::uint64_t inode);

  int proc_root_;
  std::int32_t self_pid_;
  std::int32_t parent_pid_;
  Worker<MemoryReleaser> releaser_;
  TaskId victim_;
  UniqueFd pidfd_;
  bool killed_ = false;
  StatReader& stats_;
  PidPath path_;
};

// Sends nothing.
class DryRunKiller final : public Killer {
 public:
  [[nodiscard]] KillOutcome send(const Task& /*victim*/, Signal) override {
    return {};
  }
  [[nodiscard]] KillOutcome kill_also(const Task& /*task*/) override {
    return {};
  }
  void adopt(const TaskId& /*victim*/) override {}
  [[nodiscard]] KillOutcome escalate() override { return {}; }
  void release_memory() override {}
  [[nodiscard]] bool exited() override { return true; }
  [[nodiscard]] std::uint32_t count_alive(
      std::span<const TaskId> /*tasks*/) override {
    return 0;
  }
  [[nodiscard]] int exit_fd() const noexcept override { return -1; }
};

}  // namespace badnessd
