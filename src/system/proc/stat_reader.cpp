// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/proc/stat_reader.h"

#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace badnessd {

using What = ExecLockReader::Question::What;

ExecLockReader::Answer ExecLockReader::read(const Question& question) {
  Answer answer{.pid = question.pid};
  if (question.what == What::kSameMm) {
    const long order =
        ::syscall(SYS_kcmp, question.pid, question.other, KCMP_VM, 0, 0);
    answer.error = order < 0 ? errno : 0;
    answer.same_mm = order == 0;
    return answer;
  }
  const auto path_of = [&](const char* file) {
    return question.what == What::kProcess
               ? path_.of(question.pid, file)
               : path_.of_thread(question.pid, question.other, file);
  };
  const auto stat =
      reader_.read_first(proc_root_.get(), path_of("stat"), answer.stat.size());
  if (!stat) {
    answer.error = stat.error().code;
    return answer;
  }
  answer.stat_size = stat->copy(answer.stat.data(), answer.stat.size());
  const ssize_t size =
      ::readlinkat(proc_root_.get(), path_of("ns/user"), answer.user_ns.data(),
                   answer.user_ns.size());
  answer.user_ns_size = static_cast<std::size_t>(std::max<ssize_t>(size, 0));
  return answer;
}

StatReader::StatReader(int proc_root)
    : workers_{Worker<ExecLockReader>(proc_root),
               Worker<ExecLockReader>(proc_root),
               Worker<ExecLockReader>(proc_root)} {}

Expected<void> StatReader::start() {
  const bool started = std::ranges::all_of(
      workers_, [](auto& worker) { return worker.reserve(kAhead); });
  return started ? Expected<void>()
                 : tl::unexpected(Error{EAGAIN, "start a thread"});
}

bool StatReader::hangs(std::int32_t pid) const noexcept {
  return std::ranges::any_of(workers_, [pid](const auto& worker) {
    const auto at = worker.current();
    return at &&
           (at->pid == pid || (at->what == What::kSameMm && at->other == pid));
  });
}

std::span<const StatReader::Answer> StatReader::ask(
    std::span<const Question> questions) {
  const auto idle = std::ranges::find_if(
      workers_, [](const auto& worker) { return worker.busy_with() == 0; });
  if (idle == workers_.end()) {
    return {};
  }
  idle->ask(questions);
  static_cast<void>(idle->wait(kMostUs));
  return idle->answers();
}

void StatReader::ask_one(const Question& question) {
  last_ = {.pid = question.pid, .error = ETIMEDOUT};
  if (!hangs(question.pid) &&
      (question.what != What::kSameMm || !hangs(question.other))) {
    for (const Answer& answer : ask({&question, 1})) {
      last_ = answer;
    }
  }
}

void StatReader::read_ahead(std::span<const std::int32_t> pids) {
  std::array<Question, kAhead> questions;
  std::size_t count = 0;
  for (const std::int32_t pid : pids.first(std::min(pids.size(), kAhead))) {
    if (!hangs(pid)) {
      questions[count++] = {What::kProcess, pid, 0};
    }
  }
  for (Answer& answer : ahead_) {
    answer.pid = 0;
  }
  if (count != 0) {
    std::ranges::copy(ask({questions.data(), count}), ahead_.begin());
  }
}

Expected<StatFields> StatReader::stat(std::int32_t pid, std::int32_t tid) {
  const auto ahead = std::ranges::find(ahead_, pid, &Answer::pid);
  if (tid != 0 || ahead == ahead_.end()) {
    ask_one({tid == 0 ? What::kProcess : What::kThread, pid, tid});
  } else {
    last_ = *ahead;
    ahead->pid = 0;
  }
  if (last_.error != 0) {
    return tl::unexpected(Error{last_.error, "stat"});
  }
  return parse_stat({last_.stat.data(), last_.stat_size});
}

Expected<bool> StatReader::same_mm(std::int32_t a, std::int32_t b) {
  ask_one({What::kSameMm, a, b});
  if (last_.error != 0) {
    return tl::unexpected(Error{last_.error, "kcmp"});
  }
  return last_.same_mm;
}

HungRead StatReader::hung(std::uint64_t now_us) noexcept {
  for (auto& worker : workers_) {
    if (const auto at = worker.hangs(now_us)) {
      return {at->pid, at->what == What::kSameMm ? "kcmp(2)" : "stat"};
    }
  }
  return {};
}

}  // namespace badnessd
