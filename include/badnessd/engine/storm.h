// SPDX-License-Identifier: GPL-2.0-only
// Fork storms: a family of small processes took the memory. The kill of one
// process does not help, and 2.6.32, which chooses the forker, kills its
// children one by one. A storm is defined by memory: young copies of one
// program, below one forker, took what memory has lost since the baseline.
// Points do not count.
#pragma once

#include <array>
#include <cstddef>
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
  // The forker is old, or has descendants outside the storm, e.g. a shell, a
  // terminal multiplexer, a service manager, a postmaster.
  bool spare_forker = false;
  std::uint64_t age_s = 0;    // of its oldest member
  std::uint32_t members = 0;  // young descendants
  std::uint32_t copies = 0;   // members with the name `comm`
  std::array<char, 64> comm{};
  Kib took_kib = 0;  // all members together

  [[nodiscard]] std::string_view name() const noexcept { return comm.data(); }
};

// Looks for a storm. Keeps its buffers, so that a later search among as many
// processes allocates nothing.
class StormFinder {
 public:
  // A storm has at least 8 descendants, and none of them took more than 1/4 of
  // the total. A service with a few workers, or with one large worker, is not a
  // storm.
  static constexpr std::uint32_t kFewest = 8;
  static constexpr Kib kLargestPart = 4;
  // A forker older than this is spared.
  static constexpr std::uint64_t kOldForkerSeconds = 60;

  // Room for `tasks` processes.
  void reserve(std::size_t tasks);

  // The young tasks to refine before find(): a storm depends on what they took.
  // Empty if there are too few, or if even the most that they can have taken is
  // too little. Indices in tasks. `lost_kib` is what memory has lost since the
  // baseline. If the snapshot leaves out processes and there are suspects, sets
  // Unread::matter.
  [[nodiscard]] std::span<const std::uint32_t> suspects(
      Snapshot& snapshot, const SelectRules& rules, Kib needed_kib,
      Kib lost_kib);

  // The largest storm, below the deepest forker that has one; none in most
  // emergencies. All of these hold:
  //   the members took at least needed_kib together,
  //   and 0.5 to 2 times what memory has lost (a worker that replaces another
  //   costs nothing),
  //   processes with one name took at least half of it.
  [[nodiscard]] std::optional<Storm> find(const Snapshot& snapshot,
                                          const SelectRules& rules,
                                          Kib needed_kib, Kib lost_kib);

  // The members of the last storm found, the largest first. Indices in tasks.
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
  void find_parents(const Snapshot& snapshot);
  template <class Visit>
  void for_ancestors(std::uint32_t task, Visit visit) const;
  [[nodiscard]] bool is_below(std::uint32_t task, std::uint32_t forker) const;
  void add_up(const Snapshot& snapshot);
  void keep_deepest();
  [[nodiscard]] std::optional<Storm> judge(const Snapshot& snapshot,
                                           std::uint32_t forker);
  void collect_members(std::uint32_t forker);

  std::vector<std::uint32_t> young_;
  std::vector<std::uint32_t> parents_;  // by task; the number of tasks: none
  std::vector<std::uint32_t> orphans_;
  std::vector<std::uint32_t> members_;
  std::vector<Below> below_;          // by task
  std::vector<std::uint32_t> found_;  // forkers of possible storms
};

// Whether `task` descends from the process `ancestor_pid`.
[[nodiscard]] bool descends_from(const Snapshot& snapshot, const Task& task,
                                 std::int32_t ancestor_pid) noexcept;

// Whether `task` is newer than the baseline, or at most twice as old: memory
// may have lost half of what a storm took before the baseline.
[[nodiscard]] bool young(const Snapshot& snapshot, const Task& task) noexcept;
// The same of a process that is not in the snapshot. `noted`: the baseline has
// it.
[[nodiscard]] bool young(const Snapshot& snapshot, std::uint64_t start_time,
                         bool noted) noexcept;

}  // namespace badnessd
