// SPDX-License-Identifier: GPL-2.0-only
// What cgroups are charged with and cannot give back. The kernel keeps these
// accounts exactly: for copies after a fork, for files that no process maps,
// for thousands of small processes, for processes that came and went.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string_view>

#include "badnessd/engine/task.h"

namespace badnessd {

// Documentation/admin-guide/cgroup-v2.rst: fields of memory.stat, and
// memory.swap.current.
enum class Charge : std::uint8_t {
  kAnonymous,
  kSwap,
  kShmem,  // tmpfs, shared memory, memfd
  kPageTables,
  kKernel,  // stacks, slab that cannot be reclaimed, per-CPU memory
  kSockets
};
inline constexpr std::size_t kCharges = 6;

struct Account {
  std::array<Kib, kCharges> kib{};

  [[nodiscard]] Kib& operator[](Charge charge) noexcept {
    return kib[static_cast<std::size_t>(charge)];
  }
  [[nodiscard]] Kib total() const noexcept {
    return std::accumulate(kib.begin(), kib.end(), Kib{0});
  }
};

// What `now` has of each kind beyond `then`.
[[nodiscard]] constexpr Account growth(const Account& now,
                                       const Account& then) noexcept {
  Account grown;
  for (std::size_t i = 0; i < kCharges; ++i) {
    grown.kib[i] = above(now.kib[i], then.kib[i]);
  }
  return grown;
}

// What a cgroup took: the growth of its whole account.
[[nodiscard]] inline Kib took_kib(const Account& now,
                                  const Account& then) noexcept {
  return above(now.total(), then.total());
}

// The path of a cgroup, cut off after 512 bytes.
class CgroupPath {
 public:
  CgroupPath& operator=(std::string_view path) noexcept {
    size_ = path.copy(bytes_.data(), bytes_.size());
    return *this;
  }
  [[nodiscard]] std::string_view view() const noexcept {
    return {bytes_.data(), size_};
  }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

 private:
  std::array<char, 512> bytes_{};
  std::size_t size_ = 0;
};

// A cgroup and what it took.
struct CgroupTook {
  CgroupPath path;
  Kib took_kib = 0;
  Account grown;  // by kind
};

// The cgroups that took the memory, as the accounts show them.
struct CgroupsTook {
  static constexpr std::size_t kMost = 4;

  enum class Source : std::uint8_t {
    kNone,  // there are no accounts, or no note of them at the baseline
    kNow,   // read now
    kNote   // reading them took too long: as of the last note
  };
  Source source = Source::kNone;
  // The deepest ones that explain half of the loss; empty: none do.
  std::array<CgroupTook, kMost> list;
  std::uint32_t count = 0;
  Kib took_kib = 0;  // together
  // What the list's one cgroup took, if no living cgroup below it did: the
  // kernel charges what cgroups leave behind to the cgroup above.
  bool dead = false;

  [[nodiscard]] std::span<const CgroupTook> culprits() const noexcept {
    return {list.data(), count};
  }
};

}  // namespace badnessd
