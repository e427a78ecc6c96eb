// SPDX-License-Identifier: GPL-2.0-only
// The texts of a /proc tree from the few fields that matter to a test.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tree.h"

namespace badnessd::test {

// A process (or a thread) that sleeps, has nothing special, and whose files
// agree with each other. Sizes are in pages of `page_size`.
struct Proc {
  std::int32_t pid = 100;
  std::string comm = "task";
  char state = 'S';
  std::int32_t ppid = 0;
  std::uint32_t flags = 0x400100;
  std::uint64_t minor_faults = 11;
  std::uint64_t utime = 0;
  std::uint64_t stime = 0;
  std::int32_t nice = 0;
  std::uint32_t threads = 1;
  std::uint64_t start_time = 100;
  std::uint64_t page_size = 4096;
  std::uint64_t size = 1000;  // 0: no mm
  std::uint64_t resident = 100;
  std::uint64_t shared = 20;
  std::uint32_t uid = 1000;
  std::uint64_t caps = 0;
  std::optional<std::uint64_t> rss_anon_kib{};
  std::optional<std::uint64_t> rss_shmem_kib{};
  std::optional<std::uint64_t> swap_kib{};
  std::optional<std::uint64_t> page_tables_kib{};
  std::string mems = "1";  // empty: no such line
};

[[nodiscard]] std::string stat_text(const Proc& proc);
[[nodiscard]] std::string statm_text(const Proc& proc);
[[nodiscard]] std::string status_text(const Proc& proc);

// <pid>/ with stat, statm, status and whatever else is given.
[[nodiscard]] Entry process(const Proc& proc, std::vector<Entry> more = {});

// oom_adj and oom_score_adj, as a kernel from 2.6.36 on has them.
[[nodiscard]] std::vector<Entry> oom_files(int oom_adj, int oom_score_adj);

// `first`, then `second`.
[[nodiscard]] std::vector<Entry> together(std::vector<Entry> first,
                                          std::vector<Entry> second);

// What stands beside the processes: uptime (1000 s), version, meminfo.
[[nodiscard]] std::vector<Entry> system_files(
    const std::string& version = "Linux version 6.1.0 (test)\n");

}  // namespace badnessd::test
