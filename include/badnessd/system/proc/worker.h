// SPDX-License-Identifier: GPL-2.0-only
// Reads those files of a process that can hang. The kernel reads cmdline and
// smaps_rollup under the mmap lock of the process. A thread that faults on a
// dead file server or on a user's FUSE keeps that lock (ps(1) hangs there too).
// Before Linux 6.7 the kernel reads cgroup under a mutex of all cgroups. The
// worker thread may hang; the loop continues with the data it has.
#pragma once

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "badnessd/engine/task.h"
#include "badnessd/system/sys.h"
#include "badnessd/system/thread.h"

namespace badnessd {

// A process as a listing of /proc shows it. `inode` is that of its directory:
// it differs for another process with the same pid, and for the same process
// after the kernel dropped the inode from its cache.
struct ListedProcess {
  std::int32_t pid = 0;
  std::uint64_t inode = 0;

  friend bool operator==(const ListedProcess&, const ListedProcess&) = default;
};

// The texts that rules match. All are empty if the process is gone.
struct IdentityTexts {
  ListedProcess process;
  TaskId id{};
  std::array<char, 64> comm{};
  std::string cmdline{};  // arguments joined by blanks, the first 64 KiB
  std::string cgroup{};   // its path; empty if unknown

  [[nodiscard]] std::size_t size() const noexcept { return cmdline.size(); }
};

// Reads one process; can block.
class IdentityReader {
 public:
  using Question = ListedProcess;
  using Answer = IdentityTexts;
  [[nodiscard]] Answer read(int proc_root, const Question& process);

 private:
  FileReader reader_;
  PidPath path_;
};

// The anonymous memory that a process shares with no other process. Valid until
// the process forks.
struct Unshared {
  TaskId id{};  // pid 0: unknown, or little has changed
  Kib anonymous_kib = 0;
  Kib unshared_kib = 0;  // a part of it
  Kib faulted_kib = 0;   // minor faults since its start, times the page size

  [[nodiscard]] static constexpr std::size_t size() noexcept { return 0; }
};

class UnsharedReader {
 public:
  struct Question {
    std::int32_t pid = 0;
    Kib faulted_kib = 0;  // at the last read
  };
  using Answer = Unshared;
  // Each copied page costs a fault. smaps_rollup walks all pages, so it is read
  // only after 2 MiB of new faults.
  [[nodiscard]] Answer read(int proc_root, const Question& question);

 private:
  FileReader reader_;
  PidPath path_;
};

template <class Reader>
class Worker {
 public:
  using Question = typename Reader::Question;
  using Answer = typename Reader::Answer;

  // Starts the thread. `proc_root` is a descriptor of /proc; it is copied.
  [[nodiscard]] static Expected<std::unique_ptr<Worker>> start(int proc_root) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
      return tl::unexpected(Error{errno, "pipe for a worker thread"});
    }
    auto desk = std::make_shared<Desk>();
    desk->proc_root = UniqueFd(::fcntl(proc_root, F_DUPFD_CLOEXEC, 3));
    desk->read_end = UniqueFd(ends[0]);
    desk->write_end = UniqueFd(ends[1]);
    // The thread's reference to the desk.
    auto share = std::make_unique<std::shared_ptr<Desk>>(desk);
    const auto thread = start_thread(&Worker::run, share.get());
    if (!thread) {
      return tl::unexpected(thread.error());
    }
    static_cast<void>(share.release());
    ::pthread_detach(*thread);
    return std::unique_ptr<Worker>(new Worker(std::move(desk)));
  }

  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  Worker(Worker&&) = delete;
  Worker& operator=(Worker&&) = delete;
  // Does not wait for the thread: the thread ends at its next read of the pipe.
  ~Worker() { say(desk_->write_end, kEnd); }

  // The pid that the worker reads now; 0 if idle.
  [[nodiscard]] std::int32_t busy_with() const noexcept {
    return desk_->busy_with.load(std::memory_order_acquire);
  }
  // Starts to answer `questions`. Requires an idle worker.
  void ask(std::span<const Question> questions) {
    if (questions.empty()) {
      return;
    }
    desk_->asked.assign(questions.begin(), questions.end());
    desk_->answers.clear();
    desk_->busy_with.store(questions.front().pid, std::memory_order_release);
    say(desk_->write_end, kWork);
  }
  // The answers, in the order of the questions. Requires an idle worker. Stops
  // at kMostText: any user can start processes with huge command lines.
  static constexpr std::size_t kMostText = std::size_t{1} << 20;
  [[nodiscard]] std::vector<Answer> take_answers() {
    return std::exchange(desk_->answers, {});
  }

 private:
  // Messages to the thread.
  static constexpr char kWork = 'w';
  static constexpr char kEnd = 'e';

  // The data that the loop and the thread share; the last of them frees it.
  // The loop owns it while `busy_with` is 0, else the thread.
  struct Desk {
    UniqueFd proc_root, read_end, write_end;
    std::atomic<std::int32_t> busy_with{0};
    std::vector<Question> asked;
    std::vector<Answer> answers;
  };

  explicit Worker(std::shared_ptr<Desk> desk) : desk_(std::move(desk)) {}

  static void say(const UniqueFd& pipe, char what) {
    while (::write(pipe.get(), &what, 1) < 0 && errno == EINTR) {
    }
  }

  static void* run(void* share) {
    const std::unique_ptr<std::shared_ptr<Desk>> owned(
        static_cast<std::shared_ptr<Desk>*>(share));
    Desk& desk = **owned;
    take_ordinary_priority();
    Reader reader;
    char what = 0;
    while (::read(desk.read_end.get(), &what, 1) == 1 && what == kWork) {
      std::size_t size = 0;
      for (const Question& question : desk.asked) {
        if (size >= kMostText) {
          break;
        }
        desk.busy_with.store(question.pid, std::memory_order_release);
        desk.answers.push_back(reader.read(desk.proc_root.get(), question));
        size += desk.answers.back().size();
      }
      desk.busy_with.store(0, std::memory_order_release);
    }
    return nullptr;
  }

  std::shared_ptr<Desk> desk_;
};

}  // namespace badnessd
