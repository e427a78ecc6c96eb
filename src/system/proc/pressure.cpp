// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/proc/pressure.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "badnessd/system/proc/fields.h"

namespace badnessd {
namespace {

// The lines of meminfo that badnessd uses.
struct MemInfo {
  std::optional<Kib> total, free, available, buffers, cached, shmem, hugetlb,
      huge_pages, huge_page_size, swap_total, swap_free, slab, active_anon,
      inactive_anon;
};

struct MemInfoLine {
  std::string_view key;
  std::optional<Kib> MemInfo::*value;
};

constexpr std::array<MemInfoLine, 14> kMemInfoLines{{
    {"MemTotal", &MemInfo::total},
    {"MemFree", &MemInfo::free},
    {"MemAvailable", &MemInfo::available},
    {"Buffers", &MemInfo::buffers},
    {"Cached", &MemInfo::cached},
    {"Shmem", &MemInfo::shmem},
    {"Hugetlb", &MemInfo::hugetlb},  // 4.16 and later, of all sizes
    {"HugePages_Total", &MemInfo::huge_pages},
    {"Hugepagesize", &MemInfo::huge_page_size},
    {"SwapTotal", &MemInfo::swap_total},
    {"SwapFree", &MemInfo::swap_free},
    {"SUnreclaim", &MemInfo::slab},
    {"Active(anon)", &MemInfo::active_anon},
    {"Inactive(anon)", &MemInfo::inactive_anon},
}};

// Takes "key=value" and returns the value; empty if the key differs.
std::string_view take_value(std::string_view& rest, std::string_view key) {
  const std::string_view word = take_word(rest);
  const bool matches = word.size() > key.size() && word.starts_with(key) &&
                       word[key.size()] == '=';
  return matches ? word.substr(key.size() + 1) : std::string_view();
}

bool parse_psi_line(std::string_view rest, PsiLine& line) {
  return to_hundredths(take_value(rest, "avg10"), line.avg10) &&
         to_hundredths(take_value(rest, "avg60"), line.avg60) &&
         to_hundredths(take_value(rest, "avg300"), line.avg300) &&
         to_number(take_value(rest, "total"), line.total_us);
}

// The value of `key` in /proc/vmstat.
std::optional<std::uint64_t> vm_counter(std::string_view text,
                                        std::string_view key) {
  for (std::size_t at = text.find(key); at != std::string_view::npos;
       at = text.find(key, at + 1)) {
    std::string_view rest = text.substr(at + key.size());
    std::uint64_t value = 0;
    if ((at == 0 || text[at - 1] == '\n') && rest.starts_with(' ') &&
        take_number(rest, value)) {
      return value;
    }
  }
  return std::nullopt;
}

Expected<MemInfo> read_lines(std::string_view text) {
  MemInfo info;
  std::string_view key;
  std::string_view value;
  while (take_field(text, key, value)) {
    const auto* const line =
        std::ranges::find(kMemInfoLines, key, &MemInfoLine::key);
    if (line != kMemInfoLines.end() &&
        !take_number(value, (info.*(line->value)).emplace())) {
      return malformed("meminfo: a value is no number");
    }
  }
  if (!info.total || !info.free || !info.swap_total || !info.swap_free) {
    return malformed("meminfo: a line is missing");
  }
  Kib huge = 0;
  if (__builtin_mul_overflow(info.huge_pages.value_or(0),
                             info.huge_page_size.value_or(0), &huge)) {
    huge = kUnknownKib;
  }
  info.hugetlb = info.hugetlb.value_or(huge);
  return info;
}

Kib available_kib(const MemInfo& info) {
  const Kib cache = info.buffers.value_or(0) + info.cached.value_or(0);
  return info.available.value_or(*info.free +
                                 above(cache, info.shmem.value_or(0)));
}

// More than there is, of anything.
bool is_absurd(const MemInfo& info) {
  const Kib total = *info.total;
  return total == 0 || *info.hugetlb > total || *info.free > total ||
         *info.swap_free > *info.swap_total ||
         info.buffers.value_or(0) > total || info.cached.value_or(0) > total ||
         available_kib(info) > total - *info.hugetlb;
}

// A container's meminfo (lxcfs) can hold values of its host. Takes the least
// favourable of what can be.
void clamp(MemInfo& info) {
  constexpr Kib kNegative = std::uint64_t{1} << 53;  // of a 64-bit wrap
  const auto limit = [](std::optional<Kib>& value, Kib most) {
    value = std::min(value.value_or(0), most);
  };
  const Kib total = *info.total;
  limit(info.free, total);
  limit(info.buffers, total);
  limit(info.cached, total);
  if (info.available && *info.available > total) {
    info.available.reset();
  }
  info.swap_free = *info.swap_free >= kNegative
                       ? 0
                       : std::min(*info.swap_free, *info.swap_total);
  if (*info.hugetlb > total ||
      info.available.value_or(*info.free) > total - *info.hugetlb) {
    info.hugetlb = 0;  // those of the host
  }
}

}  // namespace

Expected<PressureReading> parse_meminfo(std::string_view text, Absurd absurd) {
  auto info = read_lines(text);
  if (!info) {
    return tl::unexpected(info.error());
  }
  PressureReading reading;
  reading.clamped = is_absurd(*info);
  if (reading.clamped && (absurd == Absurd::kFails || *info->total == 0)) {
    return malformed("meminfo: more is free than there is");
  }
  if (reading.clamped) {
    clamp(*info);
  }
  reading.mem_total_kib = *info->total - *info->hugetlb;
  reading.swap_total_kib = *info->swap_total;
  reading.swap_free_kib = *info->swap_free;
  reading.shmem_kib = info->shmem.value_or(0);
  reading.slab_kib = info->slab.value_or(0);
  if (info->active_anon && info->inactive_anon) {
    reading.swappable_kib = *info->active_anon + *info->inactive_anon;
  }
  reading.mem_available_estimated = !info->available;
  reading.mem_available_kib =
      std::min(available_kib(*info), reading.mem_total_kib);
  return reading;
}

Expected<Kib> parse_reclaimable_arc(std::string_view text, Kib total_kib,
                                    Kib used_kib) {
  std::optional<std::uint64_t> size, smallest, largest;
  // A header of two lines, then "name type value".
  while (!text.empty()) {
    std::string_view line = take_line(text);
    const std::string_view name = take_word(line);
    static_cast<void>(take_word(line));
    auto* const known = name == "size"    ? &size
                        : name == "c_min" ? &smallest
                        : name == "c_max" ? &largest
                                          : nullptr;
    std::uint64_t bytes = 0;
    if (known != nullptr && take_number(line, bytes)) {
      *known = bytes;
    }
  }
  if (!size || !smallest) {
    return malformed("arcstats: size or c_min is missing");
  }
  if (largest.value_or(0) / 1024 > total_kib || *size / 1024 > used_kib) {
    return 0;  // that of a container's host
  }
  return (*size - std::min(*size, *smallest)) / 1024;
}

VmCounters parse_vm_counters(std::string_view text, std::uint32_t page_size) {
  const auto faults = vm_counter(text, "pgfault");
  VmCounters counters{.oom_kills = vm_counter(text, "oom_kill"),
                      .faulted_kib = std::nullopt,
                      .swapped_pages = 0};
  for (const char* name : {"pswpin", "pswpout", "zswpin", "zswpout"}) {
    counters.swapped_pages += vm_counter(text, name).value_or(0);
  }
  if (faults) {
    counters.faulted_kib =
        *faults * (page_size / 1024) +
        (vm_counter(text, "thp_fault_alloc").value_or(0) +
         vm_counter(text, "thp_collapse_alloc").value_or(0)) *
            huge_page_kib(page_size);
  }
  return counters;
}

Expected<void> parse_psi(std::string_view text, PressureReading& reading) {
  while (!text.empty()) {
    std::string_view rest = take_line(text);
    const std::string_view kind = take_word(rest);
    PsiLine line;
    if ((kind != "some" && kind != "full") || !parse_psi_line(rest, line)) {
      return malformed("pressure: not a line of PSI");
    }
    (kind == "some" ? reading.psi_some : reading.psi_full) = line;
  }
  if (!reading.psi_some) {
    return malformed("pressure: empty");
  }
  return {};
}

}  // namespace badnessd
