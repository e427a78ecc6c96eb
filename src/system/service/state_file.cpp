// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/service/state_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <type_traits>

namespace badnessd {
namespace {

// The contents of the file, in the layout of memory: only the same program
// reads it, on the same machine in the same boot.
struct Saved {
  static constexpr std::array<char, 8> kMagic{'b', 'a', 'd', 'n',
                                              's', 'd', '0', '2'};
  std::array<char, 8> magic = kMagic;
  std::uint32_t has_pending = 0;
  Pending pending;
  KillTimes kills;
  std::array<TaskId, Incident::kMaxSetAside> set_aside{};
  std::size_t set_aside_count = 0;
};
static_assert(std::is_trivially_copyable_v<Saved>);
constexpr std::size_t kPage = 4096;
static_assert(sizeof(Saved) <= kPage);

}  // namespace

Expected<StateFile> StateFile::open(const std::string& path) {
  UniqueFd fd(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) {
    return tl::unexpected(Error{errno, "open the state file"});
  }
  if (::lseek(fd.get(), 0, SEEK_END) < static_cast<off_t>(sizeof(Saved))) {
    constexpr std::array<char, kPage> kBlank{};
    if (::pwrite(fd.get(), kBlank.data(), kBlank.size(), 0) < 0) {
      return tl::unexpected(Error{errno, "write the state file"});
    }
  }
  void* page =
      ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (page == MAP_FAILED) {
    return tl::unexpected(Error{errno, "map the state file"});
  }
  return StateFile(page);
}

void StateFile::Unmap::operator()(void* page) const noexcept {
  ::munmap(page, kPage);
}

void StateFile::save(const Incident& incident,
                     const KillTimes& kills) noexcept {
  Saved saved;
  saved.has_pending = incident.pending ? 1 : 0;
  saved.pending = incident.pending.value_or(Pending{});
  saved.kills = kills;
  saved.set_aside = incident.set_aside;
  saved.set_aside_count = incident.set_aside_count;
  if (page_) {
    std::memcpy(page_.get(), &saved, sizeof(saved));
  }
}

void StateFile::load(Incident& incident, KillTimes& kills,
                     Micros now_us) const {
  Saved saved;
  if (!page_) {
    return;
  }
  std::memcpy(&saved, page_.get(), sizeof(saved));
  if (saved.magic != Saved::kMagic) {
    return;
  }
  const std::size_t known = std::min(saved.kills.count, KillTimes::kMost);
  const std::span<const Micros> times(saved.kills.times_us.data(), known);
  if (std::any_of(times.begin(), times.end(),
                  [now_us](Micros time) { return time > now_us; })) {
    return;  // of another boot
  }
  kills = saved.kills;
  incident.set_aside = saved.set_aside;
  incident.set_aside_count = saved.set_aside_count;
  if (saved.has_pending != 0 && saved.pending.since_us <= now_us) {
    incident.pending = saved.pending;
  }
}

}  // namespace badnessd
