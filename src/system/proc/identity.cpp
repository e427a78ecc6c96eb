// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/proc/identity.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "badnessd/system/proc/cgroup.h"
#include "badnessd/system/proc/fields.h"
#include "badnessd/system/proc/proc_text.h"

namespace badnessd {

namespace {

// The target of /proc/<pid>/exe. A replaced executable counts as the same
// program.
std::optional<std::string> read_exe(int proc_root, const char* path) {
  std::array<char, 4096> buffer{};
  const ssize_t size =
      ::readlinkat(proc_root, path, buffer.data(), buffer.size());
  if (size < 0) {
    return std::nullopt;
  }
  return std::string(
      without_deleted({buffer.data(), static_cast<std::size_t>(size)}));
}

}  // namespace

IdentityTexts IdentityReader::read(const ListedProcess& process) {
  constexpr std::size_t kMostCmdline = 64UL * 1024;
  const int proc_root = proc_root_.get();
  IdentityTexts texts{.process = process};
  const auto stat = reader_.read(proc_root, path_.of(process.pid, "stat"))
                        .and_then(parse_stat);
  if (!stat) {
    return texts;
  }
  texts.id = {process.pid, stat->start_time_ticks};
  stat->comm.copy(texts.comm.data(), texts.comm.size() - 1);
  if (part_ == IdentityPart::kPlace) {
    texts.cgroup = reader_.read(proc_root, path_.of(process.pid, "cgroup"))
                       .map(parse_cgroup)
                       .value_or(std::string_view());
    texts.exe = read_exe(proc_root, path_.of(process.pid, "exe"));
    return texts;
  }
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

Expected<std::string_view> IdentitySource::read_cgroup(std::int32_t pid) {
  return reader_.read(proc_root_, path_.of(pid, "cgroup")).map(parse_cgroup);
}

}  // namespace badnessd
