// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/proc/cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "badnessd/engine/rules.h"
#include "badnessd/system/proc/fields.h"
#include "badnessd/system/proc/pressure.h"

namespace badnessd {
namespace {

// Kubernetes and user slices have five levels; 12 are enough.
constexpr int kLevels = 12;

// Whether a cgroup at `path`, or a cgroup below it, can match.
bool on_the_way(std::string_view path, std::string_view fixed_prefix) {
  const std::size_t common = std::min(path.size(), fixed_prefix.size());
  return path.substr(0, common) == fixed_prefix.substr(0, common);
}

// Calls visit("/a"), visit("/a/b"), … down to `cgroup`, until one returns
// false, for kLevels at most: the depth is its user's choice.
template <class Visit>
void for_each_level(std::string_view cgroup, Visit visit) {
  std::size_t end = 0;
  for (int level = 0; level < kLevels && end < cgroup.size(); ++level) {
    end = std::min(cgroup.find('/', end + 1), cgroup.size());
    if (!visit(cgroup.substr(0, end))) {
      return;
    }
  }
}

}  // namespace

CgroupTree::CgroupTree(const char* root)
    : reclaimable_(std::string(root == nullptr ? "" : root)) {
  path_.reserve(kRoom / 2);
  queue_.reserve(kRoom);
  if (root == nullptr) {
    return;
  }
  root_ = root;
  const auto controllers =
      reader_.read(AT_FDCWD, (root_ + "/cgroup.controllers").c_str());
  mounted_ =
      controllers && controllers->find("memory") != std::string_view::npos;
}

bool CgroupTree::has_accounts() {
  return mounted_ && !reader_.read(AT_FDCWD, path_of("", "memory.current"));
}

// Level by level, so that a user who makes many cgroups hides only what is at
// least as deep as they are.
template <class See>
void CgroupTree::walk(std::string_view top, See see) {
  const auto levels = [](std::string_view path) {
    return std::count(path.begin(), path.end(), '/');
  };
  const auto deepest = levels(top) + kLevels;
  queue_.assign(top).push_back('\0');
  std::size_t count = 1;
  for (std::size_t at = 0; at < queue_.size();) {
    const std::size_t length = queue_.find('\0', at) - at;
    const auto current = [&] {
      return std::string_view(queue_).substr(at, length);
    };
    const bool descend = see(current()) && levels(current()) < deepest;
    const auto directory =
        descend ? open_directory(AT_FDCWD, path_of(current(), ""))
                : tl::unexpected(Error{});
    const auto add = [&](const DirectoryReader::Entry& entry) {
      const std::size_t size = queue_.size() + length + entry.name.size() + 2;
      if (!entry.directory || entry.name.starts_with('.')) {
        return;
      }
      if (count == kMostWalked || size > queue_.capacity()) {
        cut_ = true;
      } else {
        ++count;
        queue_.append(queue_, at, length).append("/").append(entry.name);
        queue_.push_back('\0');
      }
    };
    if (directory) {
      // It may vanish meanwhile: nothing is in it then.
      static_cast<void>(directory_.for_each(directory->get(), add));
    }
    at += length + 1;
  }
}

std::vector<std::string> CgroupTree::list(const Glob& scope) {
  std::vector<std::string> found;
  if (!mounted_) {
    return found;
  }
  queue_.reserve(kScopeRoom);  // for_each_process() uses it later
  cut_ = false;
  std::string_view prefix = scope.fixed_prefix();
  prefix.remove_prefix(prefix.starts_with('/') ? 1 : 0);
  walk({}, [&](std::string_view cgroup) {
    if (cgroup.empty()) {
      return true;
    }
    const bool matches = matches_cgroup(scope, cgroup);
    if (matches && found.size() == kMost) {
      cut_ = true;
    } else if (matches) {
      found.emplace_back(cgroup);
    }
    return !matches && on_the_way(cgroup.substr(1), prefix);
  });
  std::sort(found.begin(), found.end());
  return found;
}

const char* CgroupTree::path_of(std::string_view cgroup,
                                std::string_view file) {
  path_.assign(root_).append(cgroup).append("/").append(file);
  return path_.c_str();
}

Kib CgroupTree::read_kib(std::string_view cgroup, std::string_view file) {
  const auto bytes = read_number(reader_, AT_FDCWD, path_of(cgroup, file));
  return bytes ? *bytes / 1024 : kUnknownKib;
}

Kib CgroupTree::least_kib(std::string_view cgroup, std::string_view file) {
  Kib least = read_kib({}, file);  // of a container's own root
  for_each_level(cgroup, [&](std::string_view part) {
    least = std::min(least, read_kib(part, file));
    return true;
  });
  return least;
}

Kib CgroupTree::limit_kib(std::string_view cgroup) {
  return std::min(least_kib(cgroup, "memory.max"),
                  least_kib(cgroup, "memory.high"));
}

std::optional<Kib> CgroupTree::reclaimable_kib(std::string_view cgroup) {
  constexpr std::uint64_t kMostUs = 20'000;
  if (reclaimable_.busy_with() != 0) {
    return std::nullopt;
  }
  CgroupPath path;
  path = cgroup;
  reclaimable_.ask({&path, 1});
  return reclaimable_.wait(kMostUs)
             ? std::optional(reclaimable_.answers().front().kib)
             : std::nullopt;
}

std::uint64_t CgroupTree::limit_ooms() {
  constexpr std::array<std::string_view, 1> kOom{"oom"};
  std::uint64_t sum = 0;
  const auto root = mounted_ ? open_directory(AT_FDCWD, path_of("", ""))
                             : tl::unexpected(Error{});
  const auto add = [&](const DirectoryReader::Entry& entry) {
    if (entry.directory) {
      path_.assign(root_).append("/").append(entry.name);
      const auto text =
          reader_.read(AT_FDCWD, path_.append("/memory.events").c_str());
      sum += sum_of_counters(text.value_or(std::string_view()), kOom);
    }
  };
  if (root) {
    static_cast<void>(directory_.for_each(root->get(), add));
  }
  return sum;
}

void CgroupTree::read_swap(std::string_view cgroup, PressureReading& reading) {
  const Kib limit = least_kib(cgroup, "memory.swap.max");
  const Kib used = read_kib(cgroup, "memory.swap.current");
  if (limit == kUnknownKib || used == kUnknownKib) {
    return;  // the system's
  }
  reading.swap_total_kib = std::min(reading.swap_total_kib, limit);
  reading.swap_free_kib = std::min(reading.swap_free_kib, above(limit, used));
}

Expected<PressureReading> CgroupTree::read(
    const std::string& cgroup, const PressureReading& system,
    const std::optional<PressureReading>& last) {
  const Kib used = read_kib(cgroup, "memory.current");
  if (!mounted_ || used == kUnknownKib) {
    return tl::unexpected(Error{ENOENT, "read a cgroup's memory"});
  }
  PressureReading reading = system;
  reading.mem_available_estimated = false;
  reading.swappable_kib = kUnknownKib;
  reading.psi_some.reset();
  reading.psi_full.reset();
  reading.mem_total_kib = std::min(system.mem_total_kib, limit_kib(cgroup));
  const auto reclaimable = reclaimable_kib(cgroup);
  if (!reclaimable && !last) {
    return tl::unexpected(Error{ETIMEDOUT, "read a cgroup's memory.stat"});
  }
  reading.reclaimable_kib = reclaimable ? *reclaimable : last->reclaimable_kib;
  const Kib in_use = above(used, reading.reclaimable_kib);
  reading.mem_available_kib = above(reading.mem_total_kib, in_use);
  read_swap(cgroup, reading);
  if (const auto text =
          reader_.read(AT_FDCWD, path_of(cgroup, "memory.pressure"))) {
    if (const auto parsed = parse_psi(*text, reading); !parsed) {
      return tl::unexpected(parsed.error());
    }
  }
  return reading;
}

std::uint64_t CgroupTree::inode(std::string_view cgroup) {
  struct stat file {};
  return ::stat(path_of(cgroup, ""), &file) == 0 ? file.st_ino : 0;
}

Expected<void> CgroupTree::for_each_process(std::string_view cgroup,
                                            const Visit& visit) {
  bool found = false;
  walk(cgroup, [&](std::string_view current) {
    const auto text = reader_.read(AT_FDCWD, path_of(current, "cgroup.procs"));
    found = found || text;
    for (std::string_view rest = text.value_or(std::string_view());
         !rest.empty();) {
      std::int32_t pid = 0;
      if (take_number(rest, pid) && pid > 0) {
        visit(pid);
      }
    }
    return true;
  });
  if (!found) {
    return tl::unexpected(Error{ENOENT, "list a cgroup's processes"});
  }
  return {};
}

std::string_view CgroupTree::oom_group(std::string_view cgroup,
                                       std::string_view top) {
  std::string_view group;
  for_each_level(cgroup, [&](std::string_view part) {
    if (!mounted_ || part.size() < std::max<std::size_t>(top.size(), 2)) {
      return mounted_;
    }
    const auto text = reader_.read(AT_FDCWD, path_of(part, "memory.oom.group"));
    group = text && text->starts_with('1') ? part : std::string_view();
    return group.empty();
  });
  return group;
}

std::string_view parse_cgroup(std::string_view text) noexcept {
  constexpr std::string_view kUnified = "0::";
  constexpr std::string_view kSystemd = ":name=systemd:";
  std::string_view unified;
  std::string_view systemd;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    const std::size_t at = line.find(':');
    if (line.starts_with(kUnified)) {
      unified = line.substr(kUnified.size());
    } else if (at != std::string_view::npos &&
               line.substr(at).starts_with(kSystemd)) {
      systemd = line.substr(at + kSystemd.size());
    }
  }
  return without_deleted(unified.size() > 1 || systemd.empty() ? unified
                                                               : systemd);
}

}  // namespace badnessd
