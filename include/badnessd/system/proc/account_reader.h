// SPDX-License-Identifier: GPL-2.0-only
// Reads the accounts of cgroups (version 2). memory.stat can take long: the
// kernel first adds up what all processors and all dying cgroups have counted
// (mm/memcontrol.c: mem_cgroup_flush_stats()). So a thread reads it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "badnessd/engine/account.h"
#include "badnessd/system/sys.h"

namespace badnessd {

// The account in a memory.stat. Absent fields count as 0, and numbers that are
// larger than any memory as well.
[[nodiscard]] Account parse_memory_stat(std::string_view text) noexcept;

// A cgroup below the one that was asked about.
struct CgroupAccount {
  std::string path;
  std::uint64_t inode = 0;  // of its directory: a new cgroup of the same name
                            // is another one
  Account account;
  bool leaf = false;  // deep: its children were not read, a limit was reached
};

class AccountReader {
 public:
  struct Question {
    CgroupPath top;     // the cgroup whose children to read; empty: the root
    Kib least_kib = 0;  // leaves out those that are charged with less
    bool deep = false;  // reads their children as well, and so on
  };
  struct Answer {
    CgroupPath top;
    std::vector<CgroupAccount> cgroups{};
    std::uint32_t children = 0;  // of `top`, the small ones as well
    bool complete = false;       // no: `top` has too many, and none was read

    [[nodiscard]] static constexpr std::size_t size() noexcept { return 0; }
  };

  // Where one has more children, where there are more in all, or deeper down,
  // none are read: the kernel charges them to the cgroup above them as well.
  static constexpr std::size_t kMostChildren = 1024;
  static constexpr std::size_t kMostLooks = 8192;
  static constexpr std::size_t kDeepest = 16;

  // `root` is the mount point of cgroups.
  explicit AccountReader(std::string root) : root_(std::move(root)) {}

  [[nodiscard]] Answer read(const Question& question);
  [[nodiscard]] static Answer unknown(const Question& question) {
    return {.top = question.top};
  }

 private:
  // Adds the children of `top`. False: none, as a limit was reached.
  [[nodiscard]] bool read_children(const std::string& top, Kib least_kib,
                                   Answer& answer);

  std::string root_;
  FileReader reader_{std::size_t{16} * 1024};
  DirectoryReader directory_;
  std::size_t looks_ = 0;
};

// Reads how much of the memory of a cgroup can go: page cache and slab.
class ReclaimableReader {
 public:
  static constexpr bool kUrgent = true;
  using Question = CgroupPath;
  struct Answer {
    Kib kib = 0;

    [[nodiscard]] static constexpr std::size_t size() noexcept { return 0; }
  };

  // `root` is the mount point of cgroups.
  explicit ReclaimableReader(std::string root) : root_(std::move(root)) {}

  [[nodiscard]] Answer read(const Question& cgroup);
  [[nodiscard]] static Answer unknown(const Question& /*cgroup*/) { return {}; }

 private:
  std::string root_;
  FileReader reader_{std::size_t{16} * 1024};
};

}  // namespace badnessd
