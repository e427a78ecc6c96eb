// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/proc/account_reader.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "badnessd/system/proc/fields.h"

namespace badnessd {
namespace {

// Documentation/admin-guide/cgroup-v2.rst, memory.stat: which field counts
// where. `kernel` (5.18 and later) has the page tables and all slab in it.
struct StatField {
  std::string_view name;
  std::uint64_t bytes = 0;
};

}  // namespace

Account parse_memory_stat(std::string_view text) noexcept {
  enum Field : std::size_t {
    kAnon,
    kShmem,
    kTables,
    kKernel,
    kReclaimable,
    kStack,
    kPercpu,
    kVmalloc,
    kUnreclaimable,
    kSock,
    kFields
  };
  std::array<StatField, kFields> fields{{{"anon"},
                                         {"shmem"},
                                         {"pagetables"},
                                         {"kernel"},
                                         {"slab_reclaimable"},
                                         {"kernel_stack"},
                                         {"percpu"},
                                         {"vmalloc"},
                                         {"slab_unreclaimable"},
                                         {"sock"}}};
  constexpr std::uint64_t kAbsurd = std::uint64_t{1} << 60;
  while (!text.empty()) {
    std::string_view line = take_line(text);
    const std::string_view name = take_word(line);
    const auto field =
        std::find_if(fields.begin(), fields.end(),
                     [name](const StatField& it) { return it.name == name; });
    std::uint64_t bytes = 0;
    if (field != fields.end() && take_number(line, bytes) && bytes < kAbsurd) {
      field->bytes = bytes;
    }
  }
  const auto kib = [&](Field field) { return fields[field].bytes / 1024; };
  Account account;
  account[Charge::kAnonymous] = kib(kAnon);
  account[Charge::kShmem] = kib(kShmem);
  account[Charge::kPageTables] = kib(kTables);
  account[Charge::kSockets] = kib(kSock);
  account[Charge::kKernel] =
      kib(kKernel) != 0
          ? above(kib(kKernel), kib(kReclaimable) + kib(kTables))
          : kib(kStack) + kib(kPercpu) + kib(kVmalloc) + kib(kUnreclaimable);
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

bool AccountReader::read_children(const std::string& top, Kib least_kib,
                                  Answer& answer) {
  answer.children = 0;
  names_.clear();
  const auto directory = open_directory(AT_FDCWD, (root_ + top + "/").c_str());
  std::vector<std::uint64_t> inodes;
  if (!directory) {
    return true;
  }
  const auto listed = directory_.for_each(
      directory->get(), [&](const DirectoryReader::Entry& entry) {
        if (entry.directory && !entry.name.starts_with('.') &&
            names_.size() <= kMostChildren) {
          names_.emplace_back(entry.name);
          inodes.push_back(entry.inode);
        }
      });
  if (!listed || names_.size() > kMostChildren ||
      looks_ + names_.size() > kMostLooks) {
    return false;
  }
  looks_ += names_.size();
  for (std::size_t i = 0; i < names_.size(); ++i) {
    std::string path = top + "/" + names_[i];
    const auto used = read_kib(path, "memory.current");
    if (!used) {
      continue;  // it has no account of its own, or is gone
    }
    ++answer.children;
    const Kib swap = read_kib(path, "memory.swap.current").value_or(0);
    if (*used + swap < least_kib) {
      continue;
    }
    if (const auto text = read_file(path, "memory.stat")) {
      Account account = parse_memory_stat(*text);
      account[Charge::kSwap] = swap;
      answer.cgroups.push_back(
          {.path = std::move(path), .inode = inodes[i], .account = account});
    }
  }
  return true;
}

Expected<std::string_view> AccountReader::read_file(const std::string& cgroup,
                                                    const char* file) {
  return reader_.read(AT_FDCWD, (root_ + cgroup + "/" + file).c_str());
}

Expected<Kib> AccountReader::read_kib(const std::string& cgroup,
                                      const char* file) {
  return read_file(cgroup, file)
      .and_then([](std::string_view text) -> Expected<Kib> {
        std::uint64_t bytes = 0;
        if (!to_number(text.substr(0, text.find('\n')), bytes)) {
          return tl::unexpected(Error{EBADMSG, "read the charge of a cgroup"});
        }
        return bytes / 1024;
      });
}

}  // namespace badnessd
