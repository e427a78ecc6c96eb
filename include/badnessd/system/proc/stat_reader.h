// SPDX-License-Identifier: GPL-2.0-only
// Reads with a deadline what waits for an exec of another process. The kernel
// holds the exec_update_lock of a process while it executes another program,
// and a process can make that last for ever (tests/vm/README.md: "Which reads
// may block"). kcmp(2) waits for this lock on all kernels, stat and ns/user do
// on newer ones.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "badnessd/system/proc/proc_text.h"
#include "badnessd/system/sys.h"
#include "badnessd/system/worker.h"

namespace badnessd {

// A Worker's Reader. Allocates nothing.
class ExecLockReader {
 public:
  static constexpr bool kUrgent = true;  // a decision waits for it
  struct Question {
    // Of a process, of its thread `other`, or of two processes.
    enum class What : std::uint8_t { kProcess, kThread, kSameMm };
    What what = What::kProcess;
    std::int32_t pid = 0;
    std::int32_t other = 0;
  };
  struct Answer {
    std::int32_t pid = 0;
    int error = 0;  // an errno; 0: none
    bool same_mm = false;
    std::size_t stat_size = 0;
    std::size_t user_ns_size = 0;  // 0: not readable
    std::array<char, 768> stat{};  // up to field 24 in any case: rss
    std::array<char, 32> user_ns{};

    [[nodiscard]] static constexpr std::size_t size() noexcept { return 0; }
  };

  // Uses a copy of `proc_root`, a descriptor of /proc.
  explicit ExecLockReader(int proc_root) : proc_root_(copy_of(proc_root)) {}
  [[nodiscard]] Answer read(const Question& question);
  [[nodiscard]] static Answer unknown(const Question& question) {
    return {.pid = question.pid, .error = EAGAIN};
  }

 private:
  UniqueFd proc_root_;
  FileReader reader_{std::size_t{1024}};
  PidPath path_;
};

class StatReader {
 public:
  // Uses a copy of `proc_root`, a descriptor of /proc.
  explicit StatReader(int proc_root);
  // Starts the threads: nothing is allocated later.
  [[nodiscard]] Expected<void> start();

  // All fail with ETIMEDOUT if the read takes longer than this. Its thread is
  // left alone, and until it comes back no question is asked about the process.
  // If all threads are left so, all fail.
  static constexpr std::uint64_t kMostUs = 100'000;
  static constexpr std::size_t kThreads = 3;

  // Of a process, or of its thread `tid`. Views are valid until the next call.
  [[nodiscard]] Expected<StatFields> stat(std::int32_t pid,
                                          std::int32_t tid = 0);
  // The link ns/user of what stat() has read last; empty: not readable.
  [[nodiscard]] std::string_view user_ns() const noexcept {
    return {last_.user_ns.data(), last_.user_ns_size};
  }
  // kcmp(2), KCMP_VM.
  [[nodiscard]] Expected<bool> same_mm(std::int32_t a, std::int32_t b);

  // See FactSource. They are read in one go: each turn of a thread costs 7 us.
  static constexpr std::size_t kAhead = 16;
  void read_ahead(std::span<const std::int32_t> pids);

  // The process and the file whose read hangs, see Worker::hangs().
  [[nodiscard]] HungRead hung(std::uint64_t now_us) noexcept;

 private:
  using Question = ExecLockReader::Question;
  using Answer = ExecLockReader::Answer;
  // The answers that came in time: the first ones.
  [[nodiscard]] std::span<const Answer> ask(
      std::span<const Question> questions);
  // Sets last_.
  void ask_one(const Question& question);
  [[nodiscard]] bool hangs(std::int32_t pid) const noexcept;

  // A worker that is busy is one that hangs: ask() waits for it.
  std::array<Worker<ExecLockReader>, kThreads> workers_;
  std::array<Answer, kAhead> ahead_{};  // pid 0: none
  Answer last_;
};

}  // namespace badnessd
