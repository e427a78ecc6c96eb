// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/proc/account_reader.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <utility>

#include "badnessd/system/proc/fields.h"

namespace badnessd {
namespace {

// What memory.stat says, in KiB.
struct Stat {
  Kib anon = 0, shmem = 0, tables = 0, sockets = 0;
  Kib kernel = 0;       // all of it: 5.18 and later
  Kib reclaimable = 0;  // a part of it
  Kib parts = 0;        // the other parts, but for page tables
};

// Documentation/admin-guide/cgroup-v2.rst, memory.stat: which field counts
// where.
struct StatField {
  std::string_view name;
  Kib Stat::*kib;
};
constexpr std::array<StatField, 10> kStatFields{
    {{"anon", &Stat::anon},
     {"shmem", &Stat::shmem},
     {"pagetables", &Stat::tables},
     {"sock", &Stat::sockets},
     {"kernel", &Stat::kernel},
     {"slab_reclaimable", &Stat::reclaimable},
     {"kernel_stack", &Stat::parts},
     {"percpu", &Stat::parts},
     {"vmalloc", &Stat::parts},
     {"slab_unreclaimable", &Stat::parts}}};

}  // namespace

Account parse_memory_stat(std::string_view text) noexcept {
  constexpr std::uint64_t kAbsurd = std::uint64_t{1} << 60;
  Stat stat;
  std::string_view name;
  std::uint64_t bytes = 0;
  while (take_counter(text, name, bytes)) {
    const auto* const field =
        std::ranges::find(kStatFields, name, &StatField::name);
    if (field != kStatFields.end() && bytes < kAbsurd) {
      stat.*(field->kib) += bytes / 1024;
    }
  }
  Account account;
  account[Charge::kAnonymous] = stat.anon;
  account[Charge::kShmem] = stat.shmem;
  account[Charge::kPageTables] = stat.tables;
  account[Charge::kSockets] = stat.sockets;
  account[Charge::kKernel] =
      stat.kernel != 0 ? above(stat.kernel, stat.reclaimable + stat.tables)
                       : stat.parts;
  return account;
}

AccountReader::Answer AccountReader::read(const Question& question) {
  Answer answer{.top = question.top};
  looks_ = 0;
  answer.complete = read_children(std::string(question.top.view()),
                                  question.least_kib, answer);
  const auto depth = [](const std::string& path) {
    return static_cast<std::size_t>(std::count(path.begin(), path.end(), '/'));
  };
  const std::uint32_t children = answer.children;
  for (std::size_t i = 0; question.deep && i < answer.cgroups.size(); ++i) {
    const std::string path = answer.cgroups[i].path;
    const bool read = depth(path) < kDeepest &&
                      read_children(path, question.least_kib, answer);
    answer.cgroups[i].leaf = !read;
  }
  answer.children = children;
  return answer;
}

ReclaimableReader::Answer ReclaimableReader::read(const Question& cgroup) {
  // Documentation/admin-guide/cgroup-v2.rst
  constexpr std::array<std::string_view, 3> kReclaimable{
      "inactive_file", "active_file", "slab_reclaimable"};
  const std::string path =
      std::string(root_).append(cgroup.view()).append("/memory.stat");
  const auto text = reader_.read(AT_FDCWD, path.c_str());
  return {sum_of_counters(text.value_or(std::string_view()), kReclaimable) /
          1024};
}

bool AccountReader::read_children(const std::string& top, Kib least_kib,
                                  Answer& answer) {
  answer.children = 0;
  const auto directory = open_directory(AT_FDCWD, (root_ + top + "/").c_str());
  if (!directory) {
    return true;
  }
  std::vector<CgroupAccount> found;
  const auto listed = directory_.for_each(
      directory->get(), [&](const DirectoryReader::Entry& entry) {
        if (entry.directory && !entry.name.starts_with('.') &&
            found.size() <= kMostChildren) {
          found.push_back({.path = (top + "/").append(entry.name),
                           .inode = entry.inode,
                           .account = {}});
        }
      });
  if (!listed || found.size() > kMostChildren ||
      looks_ + found.size() > kMostLooks) {
    return false;
  }
  looks_ += found.size();
  for (CgroupAccount& child : found) {
    const auto path_of = [&](const char* file) {
      return (root_ + child.path + "/").append(file);
    };
    const auto bytes_in = [&](const char* file) {
      return read_number(reader_, AT_FDCWD, path_of(file).c_str());
    };
    const auto used = bytes_in("memory.current");
    if (!used) {
      continue;  // it has no account of its own, or is gone
    }
    ++answer.children;
    const Kib swap = bytes_in("memory.swap.current").value_or(0) / 1024;
    if (*used / 1024 + swap < least_kib) {
      continue;
    }
    if (const auto text =
            reader_.read(AT_FDCWD, path_of("memory.stat").c_str())) {
      child.account = parse_memory_stat(*text);
      child.account[Charge::kSwap] = swap;
      answer.cgroups.push_back(std::move(child));
    }
  }
  return true;
}

}  // namespace badnessd
