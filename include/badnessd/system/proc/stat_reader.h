// SPDX-License-Identifier: GPL-2.0-only
// Reads with a deadline what waits for an exec of another process. The kernel
// holds the exec_update_lock of a process while it executes another program,
// and a process can make that last for ever (tests/vm/README.md: "Which reads
// can block"). kcmp(2) waits for this lock on all kernels, stat and ns/user do
// on newer ones.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "badnessd/system/proc/proc_text.h"
#include "badnessd/system/sys.h"
#include "badnessd/system/worker.h"

namespace badnessd {

// A Worker's Reader. A decision waits for it, so it keeps the loop's priority.
class ExecLockReader {
 public:
  static constexpr bool kUrgent = true;
  enum class What : std::uint8_t { kStat, kUserNs, kCompareMm };
  struct Question {
    What what = What::kStat;
    std::int32_t pid = 0;
    std::int32_t other = 0;  // kStat: a thread, 0: none; kCompareMm: a process
  };
  struct Answer {
    int error = 0;                  // an errno; 0: none
    long result = 0;                // the length of `text`, or that of kcmp(2)
    std::array<char, 1024> text{};  // the beginning: all that is parsed

    [[nodiscard]] static constexpr std::size_t size() noexcept { return 0; }
    [[nodiscard]] std::string_view view() const noexcept {
      return {text.data(), static_cast<std::size_t>(result)};
    }
  };

  // Uses a copy of `proc_root`, a descriptor of /proc.
  explicit ExecLockReader(int proc_root) : proc_root_(copy_of(proc_root)) {}
  [[nodiscard]] Answer read(const Question& question);
  [[nodiscard]] static Answer unknown(const Question& question);

 private:
  UniqueFd proc_root_;
  FileReader reader_{std::size_t{4096}};
  PidPath path_;
};

class StatReader {
 public:
  // Whether stat and ns/user wait for an exec on the running kernel.
  [[nodiscard]] static bool kernel_waits();

  // `waits`: stat and ns/user are read by a thread, as they can hang.
  // `proc_root` outlives this object.
  StatReader(int proc_root, bool waits)
      : proc_root_(proc_root), waits_(waits), direct_(proc_root) {}
  void set_waits(bool waits) noexcept { waits_ = waits; }

  // All fail with ETIMEDOUT if the read takes longer than kMostUs. Its thread
  // is left alone, and until it comes back no further question is asked about
  // the process. At most kThreads are left so: then all fail. Views are valid
  // until the next call. `tid`: of a thread of `pid`; 0: the process.
  static constexpr std::uint64_t kMostUs = 100'000;
  static constexpr std::size_t kThreads = 8;
  [[nodiscard]] Expected<StatFields> stat(std::int32_t pid,
                                          std::int32_t tid = 0);
  [[nodiscard]] Expected<std::string_view> user_ns(std::int32_t pid);
  [[nodiscard]] Expected<bool> same_mm(std::int32_t a, std::int32_t b);

  // A process whose read hangs; 0: none.
  [[nodiscard]] std::int32_t hangs_at() const noexcept;

 private:
  using Question = ExecLockReader::Question;
  struct Thread {
    std::optional<Worker<ExecLockReader>> worker;  // started when needed
    Question hangs{};                              // pid 0: it does not
  };
  [[nodiscard]] const ExecLockReader::Answer& ask(const Question& question,
                                                  bool waits);
  // Sets answer_. False: the answer does not come in time.
  [[nodiscard]] bool ask_a_thread(const Question& question);

  int proc_root_;
  bool waits_;
  ExecLockReader direct_;
  std::array<Thread, kThreads> threads_;
  ExecLockReader::Answer answer_;
};

}  // namespace badnessd
