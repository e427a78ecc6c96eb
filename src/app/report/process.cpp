// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/process.h"

#include <pwd.h>

#include <algorithm>
#include <numeric>

#include <spdlog/fmt/fmt.h>

#include "badnessd/app/report/gaps.h"
#include "badnessd/app/report/json.h"
#include "badnessd/app/report/report.h"

namespace badnessd {
namespace {

// The reports whose JSON has a field.
enum class In : std::uint8_t { kAll, kScores, kDecision };

// How a column shows the value.
enum class Cell : std::uint8_t {
  kNone,  // there is no column
  kText,
  kUser,
  kPoints,
  kNumber,
  kPid,  // sorted ascending
  kPages,
  kKib,
  kSeconds
};

struct ProcessField {
  std::string_view key;
  std::string_view text;
  Json (*value)(const Process& it);
  std::string_view heading{};  // its lower case is the key of --sort
  Cell cell = Cell::kNone;
  In in = In::kAll;
  bool on_demand = false;  // a column only where the table is sorted by it
};

Skip skip_of(const Process& it) {
  return skip_reason(it.task, {.self_pid = it.policy.self_pid});
}

constexpr std::array kFields = std::to_array<ProcessField>({
    {.key = "points",
     .text = "the score",
     .value = [](const Process& it) -> Json { return it.task.points; },
     .heading = "POINTS",
     .cell = Cell::kPoints},
    {.key = "pid",
     .text = "its process id",
     .value = [](const Process& it) -> Json { return it.task.id.pid; },
     .heading = "PID",
     .cell = Cell::kPid},
    {.key = "ppid",
     .text = "its parent's process id",
     .value = [](const Process& it) -> Json { return it.task.ppid; }},
    {.key = "start_time_ticks",
     .text = "when it started, in USER_HZ since boot",
     .value = [](const Process& it) -> Json { return it.task.id.start_time; }},
    {.key = "uid",
     .text = "its real user id",
     .value = [](const Process& it) { return optional_json(it.task.uid); },
     .heading = "USER",
     .cell = Cell::kUser},
    {.key = "total_vm_pages",
     .text = "pages of address space, reserved or used",
     .value = [](const Process& it) -> Json { return it.task.total_vm; },
     .heading = "TOTAL_VM",
     .cell = Cell::kPages},
    {.key = "rss_kib",
     .text = "resident memory; not in the record",
     .value = [](const Process& it) -> Json {
       return it.task.rss * (it.snapshot->page_size / 1024);
     },
     .heading = "RSS",
     .cell = Cell::kKib,
     .in = In::kScores},
    {.key = "swap_kib",
     .text = "memory in swap; not in the record",
     .value =
         [](const Process& it) {
           return it.snapshot->gaps.swap_known ? Json(it.task.swap_kib)
                                               : Json();
         },
     .heading = "SWAP",
     .cell = Cell::kKib,
     .in = In::kScores,
     .on_demand = true},
    {.key = "held_kib",
     .text = "anonymous memory, shared memory and swap",
     .value = [](const Process& it) -> Json { return it.task.held_kib(); }},
    {.key = "took_kib",
     .text = "what it took of the `loss`; in the record alone",
     .value = [](const Process& it) -> Json { return it.task.took_kib; },
     .in = In::kDecision},
    {.key = "reclaim_kib",
     .text = "what its death gives back for certain",
     .value = [](const Process& it) -> Json { return it.task.death_kib(); },
     .heading = "RECLAIM",
     .cell = Cell::kKib},
    {.key = "pid_ns_init",
     .text = "whether it is the init of a container, which dies with it",
     .value = [](const Process& it) -> Json { return it.task.pid_ns_init; }},
    {.key = "oom_adj",
     .text = "its `oom_adj` in force",
     .value = [](const Process& it) -> Json { return it.task.oom_adj; },
     .heading = "ADJ",
     .cell = Cell::kNumber},
    {.key = "own_oom_adj",
     .text = "its `oom_adj` without rules",
     .value = [](const Process& it) -> Json { return it.task.own_oom_adj; }},
    {.key = "rule",
     .text = "the rule that gave it `oom_adj`",
     .value =
         [](const Process& it) {
           return text_json(rule_name(it.task, it.policy));
         }},
    {.key = "rules_open",
     .text = "whether a rule asked for what was not known",
     .value = [](const Process& it) -> Json { return it.task.rules_open; }},
    {.key = "oom_score_adj",
     .text = "null before Linux 2.6.36",
     .value =
         [](const Process& it) {
           return it.task.has_oom_score_adj ? Json(it.task.oom_score_adj)
                                            : Json();
         }},
    {.key = "cpu_seconds",
     .text = "CPU time",
     .value = [](const Process& it) -> Json {
       return it.task.cpu_jiffies / it.policy.score.hz;
     },
     .heading = "CPU",
     .cell = Cell::kSeconds,
     .on_demand = true},
    {.key = "age_seconds",
     .text = "time since its start; not in the record",
     .value = [](const Process& it) -> Json {
       return age_s(*it.snapshot, it.task);
     },
     .heading = "AGE",
     .cell = Cell::kSeconds,
     .in = In::kScores,
     .on_demand = true},
    {.key = "comm",
     .text = "its name",
     .value = [](const Process& it) -> Json { return escaped(it.task.name()); },
     .heading = "NAME",
     .cell = Cell::kText},
    {.key = "eligible",
     .text = "whether it is a candidate; not in the record",
     .value = [](const Process& it) -> Json {
       return skip_of(it) == Skip::kNone;
     },
     .in = In::kScores},
    {.key = "skipped",
     .text = "why it is no candidate; not in the record",
     .value =
         [](const Process& it) {
           return text_json(std::string(name_of(skip_of(it))));
         },
     .in = In::kScores},
    {.key = "steps",
     .text = "of its score, like `steps` of the record",
     .value =
         [](const Process& it) {
           return steps_json(badness(*it.snapshot, it.task, it.policy.score));
         },
     .in = In::kScores},
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
  switch (field.cell) {
    case Cell::kText:
      return value;
    case Cell::kUser:
      return user_text(value, it.snapshot->gaps.live);
    case Cell::kPages:
      return size_text(value.get<Kib>() * (it.snapshot->page_size / 1024));
    case Cell::kKib:
      return size_text(value);
    case Cell::kSeconds:
      return duration_text(value);
    case Cell::kPoints:
      if (const Skip skip = skip_of(it); skip != Skip::kNone) {
        return std::string(name_of(skip));
      }
      break;
    case Cell::kNone:
    case Cell::kNumber:
    case Cell::kPid:
      break;
  }
  return value.dump();
}

bool is_text(Cell cell) {
  return cell == Cell::kText || cell == Cell::kUser;
}

std::string lower(std::string_view heading) {
  std::string text;
  for (const char c : heading) {
    text += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return text;
}

}  // namespace

std::vector<FieldText> process_fields() {
  return texts_of(kFields);
}

Json process_json(const Process& process) {
  const In other = process.snapshot == nullptr ? In::kScores : In::kDecision;
  Json json;
  for (const ProcessField& field : kFields) {
    if (field.in != other) {
      json[std::string(field.key)] = field.value(process);
    }
  }
  return json;
}

const std::vector<std::string>& sort_keys() {
  static const std::vector<std::string> keys = [] {
    std::vector<std::string> names;
    for (const ProcessField& field : kFields) {
      if (field.cell != Cell::kNone && !is_text(field.cell)) {
        names.push_back(lower(field.heading));
      }
    }
    return names;
  }();
  return keys;
}

std::vector<std::uint32_t> sorted_tasks(const Snapshot& snapshot,
                                        const Policy& policy,
                                        std::string_view key) {
  const auto field = std::find_if(
      kFields.begin(), kFields.end(),
      [key](const ProcessField& it) { return lower(it.heading) == key; });
  std::vector<Json> values;
  for (const Task& task : snapshot.tasks) {
    values.push_back(field->value({task, policy, &snapshot}));
  }
  std::vector<std::uint32_t> order(snapshot.tasks.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    if (values[a] == values[b]) {
      return earlier_in_task_list(snapshot.tasks[a], snapshot.tasks[b]);
    }
    return (values[a] < values[b]) == (field->cell == Cell::kPid);
  });
  return order;
}

std::string scores_table(const Snapshot& snapshot, const Policy& policy,
                         const TableOptions& options, const Style& style) {
  std::vector<const ProcessField*> fields;
  std::vector<Column> columns;
  for (const ProcessField& field : kFields) {
    if (field.cell != Cell::kNone &&
        (!field.on_demand || lower(field.heading) == options.sort)) {
      fields.push_back(&field);
      columns.push_back({.header = field.heading, .left = is_text(field.cell)});
    }
  }
  std::vector<std::vector<std::string>> rows;
  std::size_t more = 0;
  std::size_t without_mm = 0;
  for (const std::uint32_t i : sorted_tasks(snapshot, policy, options.sort)) {
    const Process process{snapshot.tasks[i], policy, &snapshot};
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
