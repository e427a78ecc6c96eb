// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/proc/worker.h"

#include <algorithm>
#include <string_view>

#include "badnessd/system/proc/cgroup.h"
#include "badnessd/system/proc/proc_text.h"

namespace badnessd {

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

Unshared UnsharedReader::read(int proc_root, const Question& question) {
  constexpr Kib kFewFaults = Kib{2} << 10;
  static const Kib page_kib = static_cast<Kib>(::sysconf(_SC_PAGESIZE)) / 1024;
  const auto stat = reader_.read(proc_root, path_.of(question.pid, "stat"))
                        .and_then(parse_stat);
  if (!stat) {
    return {};
  }
  const TaskId id{question.pid, stat->start_time_ticks};
  const Kib faulted_kib = stat->minor_faults * page_kib;
  if (faulted_kib < question.faulted_kib + kFewFaults &&
      question.faulted_kib != 0) {
    return {};
  }
  const auto smaps =
      reader_.read(proc_root, path_.of(question.pid, "smaps_rollup"))
          .and_then(parse_smaps_rollup);
  if (!smaps) {
    return {};
  }
  // Private_Dirty includes private pages of shared memory and of files.
  return {
      .id = id,
      .anonymous_kib = smaps->anonymous_kib,
      .unshared_kib = std::min(smaps->anonymous_kib, smaps->private_dirty_kib),
      .faulted_kib = faulted_kib};
}

}  // namespace badnessd
