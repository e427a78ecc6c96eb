// SPDX-License-Identifier: GPL-2.0-only
// Fork storms. No one process of a storm is worth killing, and 2.6.32, which
// named the forker, killed its children one by one. A storm is judged by
// memory: young copies of one program, below one forker, hold what memory has
// lost in the time in which they came. Points play no part in it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "badnessd/engine/select.h"
#include "badnessd/engine/task.h"
#include "badnessd/engine/trigger.h"

namespace badnessd {

struct Storm {
  std::uint32_t forker = 0;  // index in tasks
  // It is old, or holds others than the storm's: a shell, a terminal
  // multiplexer, a service manager, a postmaster.
  bool spare_forker = false;
  Micros window_us = 0;       // its members are no older than this
  std::uint32_t members = 0;  // young descendants
  std::uint32_t copies = 0;   // those of them that are called `name`
  std::array<char, 64> comm{};
  Kib reclaim_kib = 0;  // of all members
  Kib lost_kib = 0;  // MemAvailable and SwapFree have lost this in the window

  [[nodiscard]] std::string_view name() const noexcept { return comm.data(); }
};

// Looks for a storm. Keeps its working memory, so that a later search in no
// more processes allocates nothing.
class StormFinder {
 public:
  // At least this many descendants make a storm, none of which holds more than
  // a part in kLargestPart of it. A service that starts a few workers, or one
  // that is large, is none.
  static constexpr std::uint32_t kFewest = 8;
  static constexpr Kib kLargestPart = 4;
  // The windows that are tried, shortest first.
  static constexpr std::array<Micros, 5> kWindows{
      2'000'000, 4'000'000, 8'000'000, 16'000'000, 32'000'000};
  // A forker that is older than this is spared.
  static constexpr Micros kOldForker = 60'000'000;

  // Room for `tasks` processes.
  void reserve(std::size_t tasks);

  // The young tasks on whose exact reclaim it depends whether there is a storm:
  // none, if they are too few or by the most that they can give back no storm.
  // Indices in tasks.
  [[nodiscard]] std::span<const std::uint32_t> suspects(
      const Snapshot& snapshot, const SelectRules& rules, Kib need_kib,
      const PressureHistory& history, Kib free_kib);

  // The storm below the deepest forker that has one, the greatest of them, in
  // the shortest window; none in most emergencies. All must hold:
  //   its members' reclaim reaches need_kib,
  //   is at least half of what was lost in the window, and at most twice that
  //   (workers that took the place of others have cost nothing),
  //   at least half of it belongs to processes of one name.
  // `history` ends now. Reclaims of suspects() must be known.
  [[nodiscard]] std::optional<Storm> find(const Snapshot& snapshot,
                                          const SelectRules& rules,
                                          Kib need_kib,
                                          const PressureHistory& history,
                                          Kib free_kib);

  // The members of the storm that was found, the largest first. Indices in
  // tasks.
  [[nodiscard]] std::span<const std::uint32_t> members() const noexcept {
    return members_;
  }

 private:
  struct Below {  // a task's young descendants
    std::uint32_t count = 0;
    Kib reclaim_kib = 0;
    Kib largest_kib = 0;
  };

  void collect_young(const Snapshot& snapshot, const SelectRules& rules,
                     Micros window_us);
  void add_up(const Snapshot& snapshot);
  void keep_deepest(const Snapshot& snapshot);
  [[nodiscard]] std::optional<Storm> judge(const Snapshot& snapshot,
                                           std::uint32_t forker);
  void collect_members(const Snapshot& snapshot, std::uint32_t forker);

  std::vector<std::uint32_t> young_;
  std::vector<std::uint32_t> members_;
  std::vector<Below> below_;          // by task
  std::vector<std::uint32_t> found_;  // forkers whose descendants would do
};

// Whether `task` descends from the task at `ancestor`.
[[nodiscard]] bool descends_from(const Snapshot& snapshot, const Task& task,
                                 std::int32_t ancestor_pid) noexcept;

// Whether it started within the last `window_us`, to a second.
[[nodiscard]] bool young(const Snapshot& snapshot, const Task& task,
                         Micros window_us) noexcept;

}  // namespace badnessd
