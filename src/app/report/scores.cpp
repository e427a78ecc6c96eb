// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/scores.h"

#include <pwd.h>

#include <array>

#include <fmt/core.h>

#include "badnessd/app/report/report.h"
#include "badnessd/engine/kernel26.h"

namespace badnessd {
namespace {

// User names of this machine do not apply to a tree of another machine.
std::string user_text(std::optional<std::uint32_t> uid, bool live) {
  if (!uid) {
    return "?";
  }
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (live &&
      ::getpwuid_r(*uid, &entry, buffer.data(), buffer.size(), &found) == 0 &&
      found != nullptr) {
    return escaped(found->pw_name);
  }
  return fmt::format("{}", *uid);
}

std::string share_text(Points points, Points top) {
  if (points == 0 || top == 0) {
    return "0 %";
  }
  const double percent =
      static_cast<double>(points) / static_cast<double>(top) * 100;
  return percent < 0.1 ? "<0.1 %" : fmt::format("{:.1f} %", percent);
}

const std::vector<Column>& score_columns() {
  static const std::vector<Column> columns{
      {.header = "POINTS"},
      {.header = "SHARE", .dispensable = 2},
      {.header = "PID"},
      {.header = "USER", .left = true, .dispensable = 1},
      {.header = "TOTAL_VM", .dispensable = 3},
      {.header = "RSS"},
      {.header = "SWAP", .dispensable = 5},
      {.header = "RECLAIM", .dispensable = 4},
      {.header = "ADJ"},
      {.header = "CPU", .dispensable = 6},
      {.header = "AGE", .dispensable = 7},
      {.header = "NOT", .left = true},
      {.header = "NAME", .left = true},
  };
  return columns;
}

std::vector<std::string> score_row(const Snapshot& snapshot, const Task& task,
                                   const Policy& policy, Points top) {
  const Skip skip = skip_reason(task, {.self_pid = policy.self_pid});
  const std::uint64_t page_kib = snapshot.page_size / 1024;
  return {fmt::format("{}", task.points),
          skip == Skip::kNone ? share_text(task.points, top) : "-",
          fmt::format("{}", task.id.pid),
          user_text(task.uid, snapshot.gaps.live),
          size_text(task.total_vm * page_kib),
          size_text(task.rss * page_kib),
          snapshot.gaps.swap_known ? size_text(task.swap_kib) : "?",
          size_text(task.death_kib()),
          fmt::format("{}", task.oom_adj),
          duration_text(task.cpu_jiffies / policy.score.hz),
          duration_text(age_s(snapshot, task)),
          std::string(name_of(skip)),
          escaped(task.name())};
}

}  // namespace

std::string scores_table(const Snapshot& snapshot, const Policy& policy,
                         const TableOptions& options, const Style& style) {
  Points top = 0;
  for (const Task& task : snapshot.tasks) {
    if (skip_reason(task, {.self_pid = policy.self_pid}) == Skip::kNone) {
      top = std::max(top, task.points);
    }
  }
  std::vector<std::vector<std::string>> rows;
  std::size_t more = 0;
  std::size_t without_mm = 0;
  for (const std::uint32_t i : sorted_tasks(snapshot, options.sort)) {
    const Task& task = snapshot.tasks[i];
    const Skip skip = skip_reason(task, {.self_pid = policy.self_pid});
    if (skip == Skip::kNoMm) {
      ++without_mm;
    } else if (options.candidates_only && skip != Skip::kNone) {
      continue;
    } else if (options.limit != 0 && rows.size() == options.limit) {
      ++more;
    } else {
      rows.push_back(score_row(snapshot, task, policy, top));
    }
  }
  std::vector<Column> columns = score_columns();
  if (options.candidates_only) {
    constexpr std::size_t kNot = 11;
    columns.erase(columns.begin() + kNot);
    for (auto& row : rows) {
      row.erase(row.begin() + kNot);
    }
  }
  std::string text = render_table(columns, rows, style);
  if (more != 0) {
    text +=
        fmt::format("and {} more ('badnessd scores -n 0' shows all)\n", more);
  }
  if (!options.candidates_only) {
    text += fmt::format("and {} without memory: kernel threads and zombies\n",
                        without_mm) +
            section("facts", gaps_text(snapshot.gaps));
  }
  return text;
}

}  // namespace badnessd
