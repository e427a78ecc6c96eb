// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/proc/unshared.h"

#include <unistd.h>

#include <algorithm>

#include "badnessd/engine/kernel26.h"
#include "badnessd/system/proc/proc_text.h"

namespace badnessd {

Unshared UnsharedReader::read(const Question& question) {
  const int proc_root = proc_root_.get();
  constexpr Kib kFewFaults = Kib{2} << 10;
  static const Kib page_kib = static_cast<Kib>(::sysconf(_SC_PAGESIZE)) / 1024;
  const auto stat_of = [&](std::int32_t pid) {
    return reader_.read(proc_root, path_.of(pid, "stat")).and_then(parse_stat);
  };
  const auto stat = stat_of(question.pid);
  if (!stat) {
    return {};
  }
  const TaskId id{question.pid, stat->start_time_ticks};
  const Kib faulted_kib = stat->minor_faults * page_kib;
  Kib parent_faulted_kib = 0;
  if (stat->ppid > kInitPid) {
    const auto parent = stat_of(stat->ppid);
    parent_faulted_kib = parent ? parent->minor_faults * page_kib : 0;
  }
  if (faulted_kib + parent_faulted_kib < question.faulted_kib + kFewFaults &&
      question.faulted_kib != 0) {
    return {};
  }
  const std::uint64_t before_us = monotonic_us();
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
      .faulted_kib = faulted_kib,
      .parent_faulted_kib = parent_faulted_kib,
      .cost_us = monotonic_us() - before_us};
}

}  // namespace badnessd
