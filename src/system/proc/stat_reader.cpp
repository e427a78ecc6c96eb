// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/proc/stat_reader.h"

#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

namespace badnessd {

ExecLockReader::Answer ExecLockReader::read(const Question& question) {
  const auto [what, pid, other] = question;
  Answer answer;
  if (what == What::kCompareMm) {
    answer.result = ::syscall(SYS_kcmp, pid, other, KCMP_VM, 0, 0);
  } else if (what == What::kUserNs) {
    answer.result = ::readlinkat(proc_root_.get(), path_.of(pid, "ns/user"),
                                 answer.text.data(), answer.text.size());
  } else {
    const char* path = other == 0 ? path_.of(pid, "stat")
                                  : path_.of_thread(pid, other, "stat");
    const auto text =
        reader_.read_first(proc_root_.get(), path, answer.text.size());
    answer.result = text ? static_cast<long>(text->copy(answer.text.data(),
                                                        answer.text.size()))
                         : -1;
    errno = text ? 0 : text.error().code;
  }
  answer.error = answer.result < 0 ? errno : 0;
  return answer;
}

ExecLockReader::Answer ExecLockReader::unknown(const Question& /*question*/) {
  return {.error = EAGAIN};  // no thread
}

// Seen on 6.18.44, not on 6.1. The change came between 6.12 and 6.18.
bool StatReader::kernel_waits() {
  constexpr std::pair kFirst{6, 13};
  utsname name{};
  ::uname(&name);
  const std::string_view release(name.release);
  const char* const end = release.data() + release.size();
  std::pair<int, int> version{};
  const auto major = std::from_chars(release.data(), end, version.first);
  if (major.ptr != end) {
    std::from_chars(major.ptr + 1, end, version.second);
  }
  return version >= kFirst;
}

bool StatReader::ask_a_thread(const Question& question) {
  Thread* idle = nullptr;
  for (Thread& thread : threads_) {
    if (thread.hangs.pid != 0 && thread.worker->busy_with() == 0) {
      thread.hangs = {};
    }
    const Question& at = thread.hangs;
    if (at.pid == 0) {
      idle = idle == nullptr ? &thread : idle;
      continue;
    }
    const auto about = [&at](std::int32_t pid) {
      return pid == at.pid ||
             (at.what == ExecLockReader::What::kCompareMm && pid == at.other);
    };
    if (about(question.pid) ||
        (question.what == ExecLockReader::What::kCompareMm &&
         about(question.other))) {
      return false;
    }
  }
  if (idle == nullptr) {
    return false;
  }
  if (!idle->worker) {
    idle->worker.emplace(proc_root_);
  }
  idle->worker->ask({&question, 1});
  if (!idle->worker->wait(kMostUs)) {
    idle->hangs = question;
    return false;
  }
  answer_ = idle->worker->answers().front();
  return true;
}

const ExecLockReader::Answer& StatReader::ask(const Question& question,
                                              bool waits) {
  if (!waits) {
    answer_ = direct_.read(question);
  } else if (!ask_a_thread(question)) {
    answer_.error = ETIMEDOUT;
  }
  return answer_;
}

Expected<StatFields> StatReader::stat(std::int32_t pid, std::int32_t tid) {
  const auto& answer = ask({ExecLockReader::What::kStat, pid, tid}, waits_);
  if (answer.error != 0) {
    return tl::unexpected(Error{answer.error, "stat"});
  }
  return parse_stat(answer.view());
}

Expected<std::string_view> StatReader::user_ns(std::int32_t pid) {
  const auto& answer = ask({ExecLockReader::What::kUserNs, pid}, waits_);
  if (answer.error != 0) {
    return tl::unexpected(Error{answer.error, "ns/user"});
  }
  return answer.view();
}

Expected<bool> StatReader::same_mm(std::int32_t a, std::int32_t b) {
  const auto& answer = ask({ExecLockReader::What::kCompareMm, a, b}, true);
  if (answer.error != 0) {
    return tl::unexpected(Error{answer.error, "kcmp"});
  }
  return answer.result == 0;
}

std::int32_t StatReader::hangs_at() const noexcept {
  const auto hanging = std::ranges::find_if(threads_, [](const Thread& it) {
    return it.hangs.pid != 0 && it.worker->busy_with() != 0;
  });
  return hanging == threads_.end() ? 0 : hanging->hangs.pid;
}

}  // namespace badnessd
