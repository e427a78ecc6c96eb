// SPDX-License-Identifier: GPL-2.0-only
// Fork storms: many young processes took the memory together, and none of them
// much. The kill of one process does not help, and 2.6.32, which chooses the
// forker, kills its children one by one. A storm is defined by memory alone:
// neither names nor points count.
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

namespace badnessd {

struct Storm {
  std::optional<std::uint32_t> forker;  // index in tasks; none: it is gone
  // The forker is old, has another user, or descendants outside the storm: a
  // shell, a terminal multiplexer, a service manager, a postmaster.
  bool spare_forker = false;
  std::uint64_t age_s = 0;             // of its oldest member
  std::uint32_t members = 0;           // without the forker
  std::array<char, 64> comm{};         // the name of the largest member
  std::optional<std::uint32_t> uid{};  // of all members
  Kib took_kib = 0;                    // all members together
  Kib largest_kib = 0;                 // one member

  [[nodiscard]] std::string_view name() const noexcept { return comm.data(); }
};

// Looks for a storm. Keeps its buffers, so that a later search among as many
// processes allocates nothing.
class StormFinder {
 public:
  // A storm has at least 8 members, and none of them took more than 1/4 of the
  // total. A service with a few workers, or with one large worker, is not a
  // storm.
  static constexpr std::uint32_t kFewest = 8;
  static constexpr Kib kLargestPart = 4;
  // A process that took less than 1/8 of what the largest member took is none.
  static constexpr Kib kSmallestPart = 8;
  // A forker older than this is spared.
  static constexpr std::uint64_t kOldForkerSeconds = 60;

  // Room for `tasks` processes.
  void reserve(std::size_t tasks);

  // The storm among the young processes that `bars` admit; none in most
  // emergencies. Its members have one user and took, together, at least
  // `needed_kib`, and 0.5 to 2 times `lost_kib`: what memory, or the cgroups in
  // question, lost (a worker that replaces another costs nothing). They descend
  // from one forker, unless `bars` admit only the processes of cgroups: these
  // belong together also if the forker is gone.
  [[nodiscard]] std::optional<Storm> find(const Snapshot& snapshot,
                                          const Bars& bars, Kib needed_kib,
                                          Kib lost_kib);

  // The members of the last storm found, the largest first. Indices in tasks.
  [[nodiscard]] std::span<const std::uint32_t> members() const noexcept {
    return members_;
  }

 private:
  void collect_young(const Snapshot& snapshot, const Bars& bars);
  void leave_alike(const Snapshot& snapshot);
  void find_parents(const Snapshot& snapshot);
  template <class Visit>
  void for_ancestors(std::uint32_t task, Visit visit) const;
  [[nodiscard]] bool is_below(std::uint32_t task, std::uint32_t forker) const;
  // The deepest process that has half of what the members took below it.
  [[nodiscard]] std::optional<std::uint32_t> find_forker(
      const Snapshot& snapshot, Kib sum_kib);
  [[nodiscard]] bool spares(const Snapshot& snapshot, const Bars& bars,
                            const Storm& storm) const;
  [[nodiscard]] Kib sum_kib(const Snapshot& snapshot) const;

  std::vector<std::uint32_t> parents_;  // by task; the number of tasks: none
  std::vector<std::uint32_t> members_;
  std::vector<Kib> below_kib_;  // by task
};

// Whether `task` is newer than the baseline, or at most twice as old: memory
// may have lost half of what a storm took before the baseline.
[[nodiscard]] bool young(const Snapshot& snapshot, const Task& task) noexcept;

}  // namespace badnessd
