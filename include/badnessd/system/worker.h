// SPDX-License-Identifier: GPL-2.0-only
// Does in a thread what may hang: reads of files of processes, and writes to a
// disk. The kernel reads cmdline and smaps_rollup under the mmap lock of the
// process. A thread that faults on a dead file server or on a user's FUSE keeps
// that lock (ps(1) hangs there too). Before Linux 6.7 the kernel reads cgroup
// under a mutex of all cgroups. The loop continues with the data it has.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "badnessd/system/sys.h"
#include "badnessd/system/thread.h"

namespace badnessd {

// A read that does not end.
struct HungRead {
  std::int32_t pid = 0;     // 0: there is none
  std::string_view file{};  // of the process; a literal

  friend bool operator==(const HungRead&, const HungRead&) = default;
};

// A Reader with kUrgent keeps the priority of the loop, which waits for it.
template <class Reader>
class Worker {
 public:
  using Question = typename Reader::Question;
  using Answer = typename Reader::Answer;

  // The thread uses Reader(args...). The first question starts it.
  template <class... Args>
  explicit Worker(const Args&... args)
      : make_([=] { return std::make_shared<Desk>(Reader(args...)); }),
        desk_(make_()) {}

  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  Worker(Worker&&) = delete;
  Worker& operator=(Worker&&) = delete;
  // Does not wait for the thread: the thread ends at its next read of the pipe.
  ~Worker() {
    if (desk_->write_end.valid()) {
      say(desk_->write_end, kEnd);
    }
  }

  // The question that the thread answers now: its place, from 1; 0 if idle.
  [[nodiscard]] std::size_t busy_with() const noexcept {
    return desk_->busy_with.load(std::memory_order_acquire);
  }
  static constexpr std::uint64_t kTooLongUs = 10'000'000;
  // A question that takes 10 seconds or more: one that a thread was left to,
  // else the current one, as the calls of this function can tell. `now_us` is
  // on any monotonic clock.
  [[nodiscard]] std::optional<Question> hangs(std::uint64_t now_us) noexcept {
    for (const std::weak_ptr<Desk>& desk : left_) {
      if (const auto question = question_at(desk.lock().get())) {
        return question;
      }
    }
    return current_hangs(now_us) ? current() : std::nullopt;
  }
  // Leaves the thread to a question that hangs, and takes another one: the
  // worker is idle, and the answers that were not taken are lost. No more than
  // kMostLeft threads are left at a time. Returns whether it did. Allocates.
  static constexpr std::size_t kMostLeft = 8;
  bool leave_hung(std::uint64_t now_us) {
    std::erase_if(left_, [](const auto& desk) { return desk.expired(); });
    if (left_.size() == kMostLeft || !current_hangs(now_us)) {
      return false;
    }
    say(desk_->write_end, kEnd);
    left_.push_back(desk_);
    desk_ = make_();
    seen_at_ = 0;
    return true;
  }
  // Whether a thread was left to a question about `pid`: do not ask it again.
  [[nodiscard]] bool left_to(std::int32_t pid) const noexcept {
    return std::ranges::any_of(left_, [pid](const std::weak_ptr<Desk>& desk) {
      const auto question = question_at(desk.lock().get());
      return question && question->pid == pid;
    });
  }
  // The question that the thread answers now; none if idle.
  [[nodiscard]] std::optional<Question> current() const noexcept {
    return question_at(desk_.get());
  }
  // Makes room for `most` questions and starts the thread: from here on nothing
  // is allocated. False: no thread can be started.
  [[nodiscard]] bool reserve(std::size_t most) {
    desk_->asked.reserve(most);
    desk_->answers.reserve(most);
    return desk_->write_end.valid() || start();
  }
  // Starts to answer `questions`. Does not block; the answers can take any
  // time. Requires an idle worker. After the first question this allocates
  // nothing for as many questions as once before. If no thread can be started,
  // the answers are those of Reader::unknown().
  void ask(std::span<const Question> questions) {
    seen_at_ = 0;
    if (questions.empty()) {
      desk_->answers.clear();
      return;
    }
    if (!desk_->write_end.valid() && !start()) {
      desk_->answers.clear();
      std::transform(questions.begin(), questions.end(),
                     std::back_inserter(desk_->answers), &Reader::unknown);
      return;
    }
    hear();
    desk_->asked.assign(questions.begin(), questions.end());
    desk_->answers.reserve(questions.size());  // so that they stay in place
    desk_->first = desk_->answers.data();
    desk_->busy_with.store(1, std::memory_order_release);
    say(desk_->write_end, kWork);
  }
  // Waits until the thread is idle, at most `most_us`. Returns whether it is.
  [[nodiscard]] bool wait(std::uint64_t most_us) {
    pollfd done{.fd = desk_->done.get(), .events = POLLIN, .revents = 0};
    const timespec most{
        .tv_sec = static_cast<time_t>(most_us / 1'000'000),
        .tv_nsec = static_cast<long>(most_us % 1'000'000) * 1000};
    while (busy_with() != 0 && ::ppoll(&done, 1, &most, nullptr) == 1) {
      hear();  // of the question before, perhaps
    }
    return busy_with() == 0;
  }
  // The answers so far in place, until the next question.
  [[nodiscard]] std::span<const Answer> answers() const noexcept {
    const std::size_t at = busy_with();
    return at == 0 ? std::span<const Answer>(desk_->answers)
                   : std::span<const Answer>(desk_->first, at - 1);
  }
  // Returns each answer once, in the order of the questions; none while the
  // worker is busy. Answers are missing beyond kMostText: any user can start
  // processes with huge command lines.
  static constexpr std::size_t kMostText = std::size_t{1} << 20;
  [[nodiscard]] std::vector<Answer> take_answers() {
    return busy_with() == 0 ? std::exchange(desk_->answers, {})
                            : std::vector<Answer>();
  }

 private:
  // Messages to the thread.
  static constexpr char kWork = 'w';
  static constexpr char kEnd = 'e';

  // The data that the loop and the thread share; the last of them frees it.
  // The loop owns it while `busy_with` is 0, else the thread; the answers to
  // the questions before that one do not change any more.
  struct Desk {
    explicit Desk(Reader its_reader) : reader(std::move(its_reader)) {}

    Reader reader;
    UniqueFd read_end, write_end;
    UniqueFd done;  // an eventfd
    std::atomic<std::size_t> busy_with{0};
    std::vector<Question> asked;
    std::vector<Answer> answers;
    const Answer* first = nullptr;  // of them
  };

  [[nodiscard]] bool current_hangs(std::uint64_t now_us) noexcept {
    const std::size_t at = busy_with();
    if (at != seen_at_) {
      seen_at_ = at;
      seen_us_ = now_us;
    }
    return at != 0 && now_us - seen_us_ >= kTooLongUs;
  }

  // What is asked at the desk now; null: there is no desk any more.
  [[nodiscard]] static std::optional<Question> question_at(
      const Desk* desk) noexcept {
    const std::size_t at =
        desk == nullptr ? 0 : desk->busy_with.load(std::memory_order_acquire);
    return at == 0 ? std::nullopt : std::optional(desk->asked[at - 1]);
  }

  [[nodiscard]] bool start() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
      return false;
    }
    desk_->done = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    desk_->read_end = UniqueFd(ends[0]);
    desk_->write_end = UniqueFd(ends[1]);
    // The thread's reference to the desk.
    auto share = std::make_unique<std::shared_ptr<Desk>>(desk_);
    const auto thread = start_thread(&Worker::run, share.get());
    if (!thread) {
      desk_->write_end = UniqueFd();
      return false;
    }
    static_cast<void>(share.release());
    ::pthread_detach(*thread);
    return true;
  }

  void hear() {
    std::uint64_t times = 0;
    while (::read(desk_->done.get(), &times, sizeof times) < 0 &&
           errno == EINTR) {
    }
  }

  static void say(const UniqueFd& pipe, char what) {
    while (::write(pipe.get(), &what, 1) < 0 && errno == EINTR) {
    }
  }

  static void* run(void* share) {
    const std::unique_ptr<std::shared_ptr<Desk>> owned(
        static_cast<std::shared_ptr<Desk>*>(share));
    Desk& desk = **owned;
    if constexpr (!requires { Reader::kUrgent; }) {
      take_ordinary_priority();
    }
    char what = 0;
    while (::read(desk.read_end.get(), &what, 1) == 1 && what == kWork) {
      std::size_t size = 0;
      desk.answers.clear();
      for (std::size_t i = 0; i < desk.asked.size() && size < kMostText; ++i) {
        desk.busy_with.store(i + 1, std::memory_order_release);
        desk.answers.push_back(desk.reader.read(desk.asked[i]));
        size += desk.answers.back().size();
      }
      desk.busy_with.store(0, std::memory_order_release);
      const std::uint64_t one = 1;
      while (::write(desk.done.get(), &one, sizeof one) < 0 && errno == EINTR) {
      }
    }
    return nullptr;
  }

  std::function<std::shared_ptr<Desk>()> make_;
  std::shared_ptr<Desk> desk_;
  std::vector<std::weak_ptr<Desk>> left_;  // those of threads that were left
  // Where hangs() has seen the thread, and since when.
  std::size_t seen_at_ = 0;
  std::uint64_t seen_us_ = 0;
};

}  // namespace badnessd
