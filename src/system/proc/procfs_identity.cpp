// SPDX-License-Identifier: GPL-2.0-only
// The identity of a process: program, arguments, cgroup.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "badnessd/system/proc/procfs.h"

namespace badnessd {
namespace {

template <class Reader>
std::unique_ptr<Worker<Reader>> started(int proc_root) {
  auto clerk = Worker<Reader>::start(proc_root);
  return clerk ? std::move(*clerk) : nullptr;
}

}  // namespace

Expected<void> ProcfsSource::list(std::vector<ListedProcess>& listed) {
  listed.clear();
  auto done = processes_.for_each_number(
      root_.get(), [&](std::int32_t pid, std::uint64_t inode) {
        listed.push_back({pid, inode});
      });
  std::sort(listed.begin(), listed.end(),
            [](const ListedProcess& a, const ListedProcess& b) {
              return a.pid < b.pid;
            });
  return done;
}

void ProcfsSource::measure(
    std::span<const UnsharedReader::Question> questions) {
  if (unshared_worker_ == nullptr) {
    unshared_worker_ = started<UnsharedReader>(root_.get());
  }
  if (unshared_worker_ != nullptr) {
    unshared_worker_->ask(questions);
  }
}

std::vector<Unshared> ProcfsSource::measured() {
  const bool there =
      unshared_worker_ != nullptr && unshared_worker_->busy_with() == 0;
  return there ? unshared_worker_->take_answers() : std::vector<Unshared>();
}

// Without a worker all answers are empty, and rules match the other facts.
void ProcfsSource::identify(std::span<const ListedProcess> processes) {
  if (identity_worker_ == nullptr) {
    identity_worker_ = started<IdentityReader>(root_.get());
  }
  if (identity_worker_ != nullptr) {
    identity_worker_->ask(processes);
    return;
  }
  unanswered_.clear();
  for (const ListedProcess& process : processes) {
    unanswered_.push_back({.process = process});
  }
}

std::int32_t ProcfsSource::identifying() {
  return identity_worker_ == nullptr ? 0 : identity_worker_->busy_with();
}

std::vector<IdentityTexts> ProcfsSource::identified() {
  return identity_worker_ == nullptr ? std::exchange(unanswered_, {})
                                     : identity_worker_->take_answers();
}

// A replaced executable counts as the same program: strips " (deleted)".
Expected<std::string_view> ProcfsSource::read_exe(std::int32_t pid) {
  constexpr std::string_view kDeleted = " (deleted)";
  const ssize_t size =
      ::readlinkat(root_.get(), path_.of(pid, "exe"), exe_.data(), exe_.size());
  if (size < 0) {
    return tl::unexpected(Error{errno, "read exe"});
  }
  std::string_view path(exe_.data(), static_cast<std::size_t>(size));
  if (path.ends_with(kDeleted)) {
    path.remove_suffix(kDeleted.size());
  }
  return path;
}

Expected<std::string_view> ProcfsSource::read_cgroup_of(std::int32_t pid) {
  return cgroup_reader_.read(root_.get(), path_.of(pid, "cgroup"))
      .map(parse_cgroup);
}

std::vector<std::string> ProcfsSource::list_cgroups(const Glob& scope) {
  return cgroups_.list(scope);
}

Expected<PressureReading> ProcfsSource::read_cgroup(
    const std::string& cgroup, const PressureReading& system) {
  return cgroups_.read(cgroup, system);
}

std::string_view ProcfsSource::oom_group(std::string_view cgroup,
                                         std::string_view top) {
  return cgroups_.oom_group(cgroup, top);
}

void ProcfsSource::mark_cgroup(std::string_view cgroup, Snapshot& snapshot) {
  for (Task& task : snapshot.tasks) {
    task.in_scope = false;
  }
  const auto listed =
      cgroups_.for_each_process(cgroup, [&snapshot](std::int32_t pid) {
        const std::size_t index = find_task(snapshot, pid);
        if (index < snapshot.tasks.size()) {
          snapshot.tasks[index].in_scope = true;
        }
      });
  static_cast<void>(listed);  // the cgroup is gone: no process is in it
}

}  // namespace badnessd
