// SPDX-License-Identifier: GPL-2.0-only
#include "proc_tree.h"

#include <iomanip>
#include <iterator>
#include <sstream>
#include <utility>

namespace badnessd::test {

std::string stat_text(const Proc& proc) {
  std::ostringstream out;
  out << proc.pid << " (" << proc.comm << ") " << proc.state << ' ' << proc.ppid
      << " 7 7 0 -1 " << proc.flags << ' ' << proc.minor_faults << " 12 13 14 "
      << proc.utime << ' ' << proc.stime << " 15 16 " << 20 + proc.nice << ' '
      << proc.nice << ' ' << proc.threads << " 0 " << proc.start_time << ' '
      << proc.size * proc.page_size << ' ' << proc.resident
      << " 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0\n";
  return out.str();
}

std::string statm_text(const Proc& proc) {
  std::ostringstream out;
  out << proc.size << ' ' << proc.resident << ' ' << proc.shared
      << " 1 0 2 0\n";
  return out.str();
}

std::string status_text(const Proc& proc) {
  std::ostringstream out;
  out << "Name:\t" << proc.comm << "\nState:\t" << proc.state
      << " (somehow)\nTgid:\t" << proc.pid << "\nPid:\t" << proc.pid
      << "\nPPid:\t" << proc.ppid << "\nUid:\t" << proc.uid << "\t0\t0\t0\n";
  const auto kib = [&out](const char* key,
                          const std::optional<std::uint64_t>& value) {
    if (value) {
      out << key << ":\t" << std::setw(8) << *value << " kB\n";
    }
  };
  if (proc.size != 0) {
    kib("VmSize", proc.size * proc.page_size / 1024);
    kib("RssAnon", proc.rss_anon_kib);
    kib("RssShmem", proc.rss_shmem_kib);
    kib("VmPTE", proc.page_tables_kib);
    kib("VmSwap", proc.swap_kib);
  }
  out << "Threads:\t" << proc.threads << "\nCapEff:\t" << std::hex
      << std::setw(16) << std::setfill('0') << proc.caps << '\n';
  if (!proc.mems.empty()) {
    out << "Mems_allowed:\t" << proc.mems << '\n';
  }
  return out.str();
}

Entry process(const Proc& proc, std::vector<Entry> more) {
  return dir(
      std::to_string(proc.pid),
      together({file("stat", stat_text(proc)), file("statm", statm_text(proc)),
                file("status", status_text(proc))},
               std::move(more)));
}

std::vector<Entry> oom_files(int oom_adj, int oom_score_adj) {
  return {file("oom_adj", std::to_string(oom_adj) + "\n"),
          file("oom_score_adj", std::to_string(oom_score_adj) + "\n")};
}

std::vector<Entry> together(std::vector<Entry> first,
                            std::vector<Entry> second) {
  first.insert(first.end(), std::make_move_iterator(second.begin()),
               std::make_move_iterator(second.end()));
  return first;
}

std::vector<Entry> system_files(const std::string& version) {
  return {file("uptime", "1000.50 1900.00\n"), file("version", version),
          file("meminfo",
               "MemTotal:        1000000 kB\nMemFree:          100000 kB\n"
               "MemAvailable:     200000 kB\nSwapTotal:             0 kB\n"
               "SwapFree:              0 kB\n")};
}

}  // namespace badnessd::test
