// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/process.h"

#include <pwd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>

#include <fmt/core.h>

#include "badnessd/app/report/report.h"

namespace badnessd {
namespace {

enum class Unit : std::uint8_t {
  kNone,
  kKib,
  kPages,
  kSeconds,
  kUser,
  kText,
  kPoints  // of a process that is no candidate, the reason
};

constexpr unsigned kOnDemand = 1;  // a column if the table is sorted by it
constexpr unsigned kScores = 2;    // not in the record of a decision
constexpr unsigned kRecord = 4;    // only in the record of a decision

using Of = const Process&;

struct ProcessField {
  std::string_view key;
  std::string_view column;  // and key of --sort; empty: there is none
  Unit unit;
  Json (*value)(Of it);
  unsigned flags = 0;
};

template <auto kMember>
Json task(Of it) {
  return std::invoke(kMember, it.of.task);
}

template <auto kMember>
Json verdict(Of it) {
  return std::invoke(kMember, it.of.verdict);
}

Skip skip_of(Of it) {
  return skip_reason(it.of, {.self_pid = it.policy.machine.self_pid});
}

constexpr std::array kProcessFields = std::to_array<ProcessField>({
    {"points", "points", Unit::kPoints, verdict<&Verdict::points>},
    {"pid", "pid", Unit::kNone,
     [](Of it) -> Json { return it.of.task.id.pid; }},
    {"ppid", "", Unit::kNone, task<&Task::ppid>},
    {"start_time_ticks", "", Unit::kNone,
     [](Of it) -> Json { return it.of.task.id.start_time; }},
    {"uid", "user", Unit::kUser,
     [](Of it) -> Json {
       return it.of.task.uid ? Json(*it.of.task.uid) : Json();
     }},
    {"total_vm_pages", "total_vm", Unit::kPages, task<&Task::total_vm>},
    {"rss_kib", "rss", Unit::kKib,
     [](Of it) -> Json { return it.snapshot->kib_of(it.of.task.rss); },
     kScores},
    {"swap_kib", "swap", Unit::kKib,
     [](Of it) -> Json {
       return it.snapshot->gaps.swap_known ? Json(it.of.task.swap_kib) : Json();
     },
     kScores | kOnDemand},
    {"held_kib", "", Unit::kKib, task<&Task::held_kib>},
    {"took_kib", "", Unit::kKib, verdict<&Verdict::took_kib>, kRecord},
    {"reclaim_kib", "reclaim", Unit::kKib, verdict<&Verdict::death_kib>},
    {"pid_ns_init", "", Unit::kNone, task<&Task::pid_ns_init>},
    {"oom_adj", "adj", Unit::kNone, verdict<&Verdict::oom_adj>},
    {"own_oom_adj", "", Unit::kNone, task<&Task::oom_adj>},
    {"rule", "", Unit::kText,
     [](Of it) -> Json {
       return text_json(rule_name(it.of.verdict, it.policy));
     }},
    {"rules_open", "", Unit::kNone, verdict<&Verdict::rules_open>},
    {"oom_score_adj", "", Unit::kNone,
     [](Of it) -> Json {
       const Task& of = it.of.task;
       return of.has_oom_score_adj ? Json(of.oom_score_adj) : Json();
     }},
    {"cpu_seconds", "cpu", Unit::kSeconds,
     [](Of it) -> Json { return it.of.task.cpu_jiffies / it.policy.score.hz; },
     kOnDemand},
    {"age_seconds", "age", Unit::kSeconds,
     [](Of it) -> Json { return age_s(*it.snapshot, it.of.task); },
     kScores | kOnDemand},
    {"comm", "name", Unit::kText,
     [](Of it) -> Json { return escaped(it.of.task.name()); }},
    {"eligible", "", Unit::kNone,
     [](Of it) -> Json { return skip_of(it) == Skip::kNone; },
     kScores},
    {"skipped", "", Unit::kText,
     [](Of it) -> Json {
       return text_json(std::string(name_of(skip_of(it))));
     },
     kScores},
    {"steps", "", Unit::kNone,
     [](Of it) -> Json {
       return steps_json(badness(*it.snapshot, it.of, it.policy.score));
     },
     kScores},
});

// User names of this machine do not apply to a tree of another machine.
std::string user_text(std::uint32_t uid, bool live) {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (live &&
      ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 &&
      found != nullptr) {
    return escaped(found->pw_name);
  }
  return fmt::format("{}", uid);
}

std::string cell_text(const ProcessField& field, const Process& it) {
  const Json value = field.value(it);
  if (value.is_null()) {
    return "?";
  }
  switch (field.unit) {
    case Unit::kText:
      return value;
    case Unit::kKib:
      return size_text(value);
    case Unit::kPages:
      return size_text(it.snapshot->kib_of(value));
    case Unit::kSeconds:
      return duration_text(value);
    case Unit::kUser:
      return user_text(value, it.snapshot->gaps.live);
    case Unit::kPoints:
      if (const Skip skip = skip_of(it); skip != Skip::kNone) {
        return std::string(name_of(skip));
      }
      break;
    case Unit::kNone:
      break;
  }
  return value.dump();
}

bool is_text(const ProcessField& field) {
  return field.unit == Unit::kText || field.unit == Unit::kUser;
}

TableColumn column_of(const ProcessField& field) {
  TableColumn column{.header = std::string(field.column),
                     .left = is_text(field)};
  for (char& c : column.header) {
    c = c == '_' ? c : static_cast<char>(c - 'a' + 'A');
  }
  return column;
}

}  // namespace

Json process_json(const Process& process) {
  const unsigned other = process.snapshot == nullptr ? kScores : kRecord;
  Json json;
  for (const ProcessField& field : kProcessFields) {
    if ((field.flags & other) == 0) {
      json[std::string(field.key)] = field.value(process);
    }
  }
  return json;
}

std::vector<std::string> sort_keys() {
  std::vector<std::string> keys;
  for (const ProcessField& field : kProcessFields) {
    if (!field.column.empty() && !is_text(field)) {
      keys.emplace_back(field.column);
    }
  }
  return keys;
}

std::vector<std::uint32_t> sorted_tasks(const Snapshot& snapshot,
                                        const Policy& policy,
                                        std::string_view key) {
  const auto* const field =
      std::ranges::find(kProcessFields, key, &ProcessField::column);
  std::vector<Json> values;
  values.reserve(snapshot.tasks.size());
  for (std::size_t i = 0; i < snapshot.tasks.size(); ++i) {
    values.push_back(field->value({snapshot.judged(i), policy, &snapshot}));
  }
  std::vector<std::uint32_t> order(snapshot.tasks.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return values[a] == values[b]
               ? earlier_in_task_list(snapshot.tasks[a], snapshot.tasks[b])
               : (values[a] < values[b]) == (key == "pid");
  });
  return order;
}

std::string scores_table(const Snapshot& snapshot, const Policy& policy,
                         const TableOptions& options, const Style& style) {
  std::vector<const ProcessField*> fields;
  std::vector<TableColumn> columns;
  for (const ProcessField& field : kProcessFields) {
    const bool shown = (field.flags & kOnDemand) == 0;
    if (!field.column.empty() && (shown || field.column == options.sort)) {
      fields.push_back(&field);
      columns.push_back(column_of(field));
    }
  }
  std::vector<std::vector<std::string>> rows;
  std::size_t more = 0;
  std::size_t without_mm = 0;
  for (const std::uint32_t i : sorted_tasks(snapshot, policy, options.sort)) {
    const Process process{snapshot.judged(i), policy, &snapshot};
    const Skip skip = skip_of(process);
    if (skip == Skip::kNoMm) {
      ++without_mm;
    } else if (options.candidates_only && skip != Skip::kNone) {
      continue;
    } else if (options.limit != 0 && rows.size() == options.limit) {
      ++more;
    } else {
      auto& row = rows.emplace_back();
      for (const ProcessField* field : fields) {
        row.push_back(cell_text(*field, process));
      }
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
