// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/proc/procfs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <string>
#include <utility>

#include "badnessd/engine/kernel26.h"
#include "badnessd/system/proc/fields.h"
#include "badnessd/system/proc/pressure.h"

namespace badnessd {
namespace {

constexpr std::uint32_t kFallbackPageSize = 4096;
constexpr std::size_t kAskedAtOnce = 256;
constexpr const char* kArcStats = "spl/kstat/zfs/arcstats";

// Whether a fault can give a process more than a page and less than a huge page
// (multi-size huge pages, 6.8 and later): vmstat does not count these.
bool has_middle_pages(FileReader& reader, std::uint32_t page_size) {
  const auto root =
      open_directory(AT_FDCWD, "/sys/kernel/mm/transparent_hugepage");
  if (!root) {
    return false;
  }
  const std::string prefix = "hugepages-";
  const std::string whole =
      prefix + std::to_string(huge_page_kib(page_size)) + "kB";
  bool found = false;
  DirectoryReader directory(4096);
  const auto listed =
      directory.for_each(root->get(), [&](const DirectoryReader::Entry& entry) {
        if (!entry.name.starts_with(prefix) || entry.name == whole) {
          return;
        }
        const std::string name = std::string(entry.name) + "/enabled";
        const auto enabled = reader.read(root->get(), name.c_str());
        found = found ||
                (enabled && enabled->find("[never]") == std::string_view::npos);
      });
  return found && listed;
}

bool is_procfs(int fd) {
  struct statfs fs {};
  return ::fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

// The page size of the kernel that wrote the tree: vsize is in bytes, statm in
// pages.
std::uint32_t page_size_of(std::uint64_t vsize_bytes, Pages size) {
  if (size == 0 || vsize_bytes % size != 0) {
    return kFallbackPageSize;
  }
  const std::uint64_t bytes = vsize_bytes / size;
  const bool plausible =
      bytes >= 4096 && bytes <= 65536 && (bytes & (bytes - 1)) == 0;
  return plausible ? static_cast<std::uint32_t>(bytes) : kFallbackPageSize;
}

}  // namespace

Expected<std::unique_ptr<ProcfsSource>> ProcfsSource::open(
    const char* root, ProcfsOptions options) {
  Expected<UniqueFd> fd = open_directory(AT_FDCWD, root);
  if (!fd) {
    return tl::unexpected(fd.error());
  }
  std::unique_ptr<ProcfsSource> source(
      new ProcfsSource(std::move(*fd), options));
  if (auto started = source->stats_.start(); !started) {
    return tl::unexpected(started.error());
  }
  // A decision may ask, and must not start a thread for it.
  static_cast<void>(source->unshared_.reserve(kAskedAtOnce));
  source->find_reference();
  if (auto read = source->read_reference(); !read) {
    return tl::unexpected(read.error());
  }
  if (source->cgroups_.has_accounts()) {
    source->accounts_ = std::make_unique<Worker<AccountReader>>(
        std::string(options.cgroup_root));
  }
  return source;
}

Machine ProcfsSource::machine(
    const Expected<PressureReading>& reading) const noexcept {
  return {.mem_total_kib = reading ? reading->mem_total_kib : 0,
          .cpus = static_cast<std::uint32_t>(::get_nprocs()),
          .self_pid = self_pid()};
}

void ProcfsSource::find_reference() {
  std::array<char, 16> target{};
  const ssize_t n =
      ::readlinkat(root_.get(), "self", target.data(), target.size());
  std::int32_t self = 0;
  if (n > 0 &&
      to_number(std::string_view(target.data(), static_cast<std::size_t>(n)),
                self)) {
    live_ = self == ::getpid() && is_procfs(root_.get());
    if (live_ ||
        ::faccessat(root_.get(), path_.of(self, "status"), R_OK, 0) == 0) {
      reference_pid_ = self;
      return;
    }
  }
  reference_pid_ = 1;
}

Expected<void> ProcfsSource::read_reference() {
  const auto status = read_status(reference_pid_);
  if (!status) {
    return tl::unexpected(Error{ENODATA, "no process to take as reference"});
  }
  reference_ = *status;
  const auto exists = [this](const char* file) {
    return ::faccessat(root_.get(), path_.of(reference_pid_, file), F_OK,
                       AT_SYMLINK_NOFOLLOW) == 0;
  };
  has_oom_adj_ = exists("oom_adj");
  has_score_adj_ = exists("oom_score_adj");
  has_userns_ = exists("ns/user");
  if (const auto version = reader_.read(root_.get(), "version")) {
    kernel26_ = version->starts_with("Linux version 2.6.");
  }
  if (live_) {
    page_size_ = static_cast<std::uint32_t>(::sysconf(_SC_PAGESIZE));
    has_middle_pages_ = has_middle_pages(reader_, page_size_);
    return {};
  }
  const auto statm = read_file(reference_pid_, "statm").and_then(parse_statm);
  const auto stat = stats_.stat(reference_pid_);
  if (statm && stat) {
    page_size_ = page_size_of(stat->vsize_bytes, statm->size);
  }
  return {};
}

Expected<std::string_view> ProcfsSource::read_file(std::int32_t pid,
                                                   std::string_view file) {
  return reader_.read(root_.get(), path_.of(pid, file));
}

Expected<StatusFields> ProcfsSource::read_status(std::int32_t pid) {
  return read_file(pid, "status").and_then(parse_status);
}

Expected<StatusFields> ProcfsSource::read_status_of(std::int32_t pid,
                                                    std::int32_t tid) {
  return tid == 0
             ? read_status(pid)
             : reader_.read(root_.get(), path_.of_thread(pid, tid, "status"))
                   .and_then(parse_status);
}

Expected<PressureReading> ProcfsSource::read_pressure() {
  // The files of a stored tree can be replaced: open them again.
  if (!live_) {
    meminfo_ = UniqueFd();
    psi_ = UniqueFd();
  }
  // What is absurd once is skipped. What stays absurd must not blind badnessd.
  const Absurd mode =
      std::exchange(absurd_, false) ? Absurd::kClamped : Absurd::kFails;
  const auto text = reader_.read_again(meminfo_, root_.get(), "meminfo");
  if (!text) {
    return tl::unexpected(text.error());
  }
  auto reading = parse_meminfo(*text, mode);
  absurd_ = !reading || reading->clamped;
  if (!reading) {
    return reading;
  }
  // Without PSI the read fails: not built in, or disabled (EOPNOTSUPP).
  const auto psi = reader_.read_again(psi_, root_.get(), "pressure/memory");
  if (const auto parsed = psi ? parse_psi(*psi, *reading) : Expected<void>();
      !parsed) {
    absurd_ = true;
    if (mode == Absurd::kFails) {
      return tl::unexpected(parsed.error());
    }
    reading->clamped = true;
    reading->psi_some.reset();
    reading->psi_full.reset();
  }
  add_reclaimable_arc(*reading);
  reading->time_us = now_us();
  return reading;
}

void ProcfsSource::add_reclaimable_arc(PressureReading& reading) {
  const auto text = reader_.read(root_.get(), kArcStats);
  if (!text) {
    return;  // no ZFS, or its module is not loaded yet
  }
  const auto arc =
      parse_reclaimable_arc(*text, reading.mem_total_kib,
                            reading.mem_total_kib - reading.mem_available_kib);
  if (arc) {
    reading.mem_available_kib =
        std::min(reading.mem_available_kib + *arc, reading.mem_total_kib);
  }
}

VmCounters ProcfsSource::read_vm_counters() {
  const auto text = reader_.read(root_.get(), "vmstat");
  VmCounters counters =
      text ? parse_vm_counters(*text, page_size_) : VmCounters();
  if (has_middle_pages_) {
    counters.faulted_kib.reset();
  }
  return counters;
}

Micros ProcfsSource::now_us() {
  return live_ ? monotonic_us() : read_uptime().value_or(0) * kSecond;
}

Expected<std::uint64_t> ProcfsSource::read_uptime() {
  if (!live_) {
    return reader_.read(root_.get(), "uptime").and_then(parse_uptime);
  }
  // Start times in stat are on this clock.
  timespec now{};
  if (::clock_gettime(CLOCK_BOOTTIME, &now) != 0) {
    return tl::unexpected(Error{errno, "clock_gettime"});
  }
  return static_cast<std::uint64_t>(now.tv_sec);
}

}  // namespace badnessd
