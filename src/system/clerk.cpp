// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/clerk.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <utility>

#include "badnessd/system/cgroup.h"
#include "badnessd/system/proc_text.h"
#include "badnessd/system/thread.h"

namespace badnessd {
namespace {

// What the thread is told.
constexpr char kWork = 'w';
constexpr char kEnd = 'e';

void say(const UniqueFd& pipe, char what) {
  while (::write(pipe.get(), &what, 1) < 0 && errno == EINTR) {
  }
}

}  // namespace

IdentityTexts IdentityReader::read(int proc_root,
                                   const ListedProcess& process) {
  constexpr std::size_t kMostCmdline = 64UL * 1024;
  IdentityTexts texts{.process = process};
  const auto stat = reader_.read(proc_root, path_.of(process.pid, "stat"))
                        .and_then(parse_stat);
  if (!stat) {
    return texts;
  }
  texts.id = {process.pid, stat->start_time_ticks};
  stat->comm.copy(texts.comm.data(), texts.comm.size() - 1);
  texts.cgroup = reader_.read(proc_root, path_.of(process.pid, "cgroup"))
                     .map(parse_cgroup)
                     .value_or(std::string_view());
  texts.cmdline =
      reader_
          .read_first(proc_root, path_.of(process.pid, "cmdline"), kMostCmdline)
          .value_or(std::string_view());
  while (!texts.cmdline.empty() && texts.cmdline.back() == '\0') {
    texts.cmdline.pop_back();
  }
  std::replace(texts.cmdline.begin(), texts.cmdline.end(), '\0', ' ');
  return texts;
}

// While `busy_with` is 0 all belongs to the loop, else to the thread.
struct Clerk::Desk {
  UniqueFd proc_root, read_end, write_end;
  std::atomic<std::int32_t> busy_with{0};
  std::vector<ListedProcess> asked;
  std::vector<IdentityTexts> answers;
};

Expected<std::unique_ptr<Clerk>> Clerk::start(int proc_root) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return tl::unexpected(Error{errno, "pipe for the clerk"});
  }
  auto desk = std::make_shared<Desk>();
  desk->proc_root = UniqueFd(::fcntl(proc_root, F_DUPFD_CLOEXEC, 3));
  desk->read_end = UniqueFd(ends[0]);
  desk->write_end = UniqueFd(ends[1]);
  // The thread's own share of it.
  auto share = std::make_unique<std::shared_ptr<Desk>>(desk);
  const auto thread = start_thread(&Clerk::run, share.get());
  if (!thread) {
    return tl::unexpected(thread.error());
  }
  static_cast<void>(share.release());
  ::pthread_detach(*thread);
  return std::unique_ptr<Clerk>(new Clerk(std::move(desk)));
}

// The end of its pipe ends the thread, when it comes to look.
Clerk::~Clerk() {
  say(desk_->write_end, kEnd);
}

std::int32_t Clerk::busy_with() const noexcept {
  return desk_->busy_with.load(std::memory_order_acquire);
}

void Clerk::ask(std::span<const ListedProcess> processes) {
  if (processes.empty()) {
    return;
  }
  desk_->asked.assign(processes.begin(), processes.end());
  desk_->answers.clear();
  desk_->busy_with.store(processes.front().pid, std::memory_order_release);
  say(desk_->write_end, kWork);
}

std::vector<IdentityTexts> Clerk::take_answers() {
  return std::exchange(desk_->answers, {});
}

void* Clerk::run(void* share) {
  const std::unique_ptr<std::shared_ptr<Desk>> owned(
      static_cast<std::shared_ptr<Desk>*>(share));
  Desk& desk = **owned;
  take_ordinary_priority();
  IdentityReader reader;
  char what = 0;
  while (::read(desk.read_end.get(), &what, 1) == 1 && what == kWork) {
    std::size_t size = 0;
    for (const ListedProcess& process : desk.asked) {
      if (size >= kMostText) {
        break;
      }
      desk.busy_with.store(process.pid, std::memory_order_release);
      desk.answers.push_back(reader.read(desk.proc_root.get(), process));
      size += desk.answers.back().cmdline.size();
    }
    desk.busy_with.store(0, std::memory_order_release);
  }
  return nullptr;
}

}  // namespace badnessd
