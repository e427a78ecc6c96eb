// SPDX-License-Identifier: GPL-2.0-only
// Who a process is, besides its facts: program, arguments, cgroup.
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "badnessd/system/procfs.h"

namespace badnessd {

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

Expected<IdentityTexts> ProcfsSource::identify(std::int32_t pid) {
  constexpr std::size_t kMostCmdline = 64UL * 1024;
  const auto stat = read(pid, "stat").and_then(parse_stat);
  if (!stat) {
    return tl::unexpected(stat.error());
  }
  IdentityTexts texts{.id = {pid, stat->start_time_ticks}};
  stat->comm.copy(texts.comm.data(), texts.comm.size() - 1);
  const auto cmdline =
      reader_.read_first(root_.get(), path_.of(pid, "cmdline"), kMostCmdline);
  if (!cmdline) {
    return tl::unexpected(cmdline.error());
  }
  cmdline_.assign(cmdline->begin(), cmdline->end());
  while (!cmdline_.empty() && cmdline_.back() == '\0') {
    cmdline_.pop_back();
  }
  std::replace(cmdline_.begin(), cmdline_.end(), '\0', ' ');
  texts.cmdline = {cmdline_.data(), cmdline_.size()};
  texts.cgroup = read_cgroup_of(pid).value_or(std::string_view());
  return texts;
}

// An executable that was replaced since is still the same program.
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
  static_cast<void>(listed);  // it is gone: nobody is in it
}

}  // namespace badnessd
