// SPDX-License-Identifier: GPL-2.0-only
// Fork storms: no process took the memory, but a family did. No one process of
// a storm is worth killing, and 2.6.32, which named the forker, killed its
// children one by one. A storm is judged by memory: young copies of one
// program, below one forker, took what memory has lost since the baseline.
// Points play no part in it.
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
  std::uint64_t age_s = 0;    // of its oldest member
  std::uint32_t members = 0;  // young descendants
  std::uint32_t copies = 0;   // those of them that are called `name`
  std::array<char, 64> comm{};
  Kib took_kib = 0;  // all members together

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
  // A forker that is older than this is spared.
  static constexpr std::uint64_t kOldForkerSeconds = 60;

  // Room for `tasks` processes.
  void reserve(std::size_t tasks);

  // The young tasks on which it depends whether there is a storm, of which what
  // they took must be known exactly: none, if they are too few, or took too
  // little at most. Indices in tasks. `lost_kib` is what memory has lost since
  // the baseline.
  [[nodiscard]] std::span<const std::uint32_t> suspects(
      const Snapshot& snapshot, const SelectRules& rules, Kib needed_kib,
      Kib lost_kib);

  // The storm below the deepest forker that has one, the greatest of them; none
  // in most emergencies. All must hold:
  //   what its members took reaches needed_kib,
  //   is at least half of what was lost, and at most twice that (workers that
  //   took the place of others have cost nothing),
  //   at least half of it was taken by processes of one name.
  [[nodiscard]] std::optional<Storm> find(const Snapshot& snapshot,
                                          const SelectRules& rules,
                                          Kib needed_kib, Kib lost_kib);

  // The members of the storm that was found, the largest first. Indices in
  // tasks.
  [[nodiscard]] std::span<const std::uint32_t> members() const noexcept {
    return members_;
  }

 private:
  struct Below {  // a task's young descendants
    std::uint32_t count = 0;
    Kib took_kib = 0;
    Kib largest_kib = 0;
  };

  void collect_young(const Snapshot& snapshot, const SelectRules& rules);
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

// Whether it is newer than the baseline, or at most twice as old: half of what
// a storm took may have been lost before the baseline.
[[nodiscard]] bool young(const Snapshot& snapshot, const Task& task) noexcept;

}  // namespace badnessd
