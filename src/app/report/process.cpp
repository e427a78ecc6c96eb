// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/process.h"

#include <pwd.h>

#include <algorithm>
#include <numeric>

#include <fmt/core.h>

#include "badnessd/app/report/json.h"
#include "badnessd/app/report/report.h"

namespace badnessd {
namespace {

// The unit of a value is the end of its key. Flags:
constexpr unsigned kOnDemand = 1;  // a column if the table is sorted by it
constexpr unsigned kScores = 2;    // not in the record of a decision
constexpr unsigned kRecord = 4;    // only in the record of a decision

struct ProcessField {
  std::string_view key;
  std::string_view column;  // and key of --sort; empty: there is none
  std::string_view text;
  Json (*value)(const Process& it);
  unsigned flags = 0;
};

Skip skip_of(const Process& it) {
  return skip_reason(it.of, {.self_pid = it.policy.machine.self_pid});
}

Json rss(const Process& it) {
  return it.of.task.rss * (it.snapshot->page_size / 1024);
}

Json swapped(const Process& it) {
  return it.snapshot->gaps.swap_known ? Json(it.of.task.swap_kib) : Json();
}

Json rule(const Process& it) {
  return text_json(rule_name(it.of.verdict, it.policy));
}

Json oom_score_adj(const Process& it) {
  return it.of.task.has_oom_score_adj ? Json(it.of.task.oom_score_adj) : Json();
}

Json cpu_seconds(const Process& it) {
  return it.of.task.cpu_jiffies / it.policy.score.hz;
}

Json skipped(const Process& it) {
  return text_json(std::string(name_of(skip_of(it))));
}

Json steps(const Process& it) {
  return steps_json(badness(*it.snapshot, it.of, it.policy.score));
}

constexpr std::array kProcessFields = std::to_array<ProcessField>({
    {"points", "points", "the score", of<&Verdict::points>},
    {"pid", "pid", "its process id",
     [](const Process& it) -> Json { return it.of.task.id.pid; }},
    {"ppid", "", "its parent's process id", of<&Task::ppid>},
    {"start_time_ticks", "", "when it started, in USER_HZ since boot",
     [](const Process& it) -> Json { return it.of.task.id.start_time; }},
    {"uid", "user", "its real user id", of<&Task::uid>},
    {"total_vm_pages", "total_vm", "pages of address space, reserved or used",
     of<&Task::total_vm>},
    {"rss_kib", "rss", "resident memory; not in the record", rss, kScores},
    {"swap_kib", "swap", "memory in swap; not in the record", swapped,
     kScores | kOnDemand},
    {"held_kib", "", "anonymous memory, shared memory and swap",
     of<&Task::held_kib>},
    {"took_kib", "", "what it took of the `loss`; in the record alone",
     of<&Verdict::took_kib>, kRecord},
    {"reclaim_kib", "reclaim", "what its death gives back for certain",
     of<&Verdict::death_kib>},
    {"pid_ns_init", "",
     "whether it is the init of a container, which dies with it",
     of<&Task::pid_ns_init>},
    {"oom_adj", "adj", "its `oom_adj` in force", of<&Verdict::oom_adj>},
    {"own_oom_adj", "", "its `oom_adj` without rules", of<&Task::oom_adj>},
    {"rule", "", "the rule that gave it `oom_adj`", rule},
    {"rules_open", "", "whether a rule asked for what was not known",
     of<&Verdict::rules_open>},
    {"oom_score_adj", "", "null before Linux 2.6.36", oom_score_adj},
    {"cpu_seconds", "cpu", "CPU time", cpu_seconds, kOnDemand},
    {"age_seconds", "age", "time since its start; not in the record",
     [](const Process& it) -> Json { return age_s(*it.snapshot, it.of.task); },
     kScores | kOnDemand},
    {"comm", "name", "its name",
     [](const Process& it) -> Json { return escaped(it.of.task.name()); }},
    {"eligible", "", "whether it is a candidate; not in the record",
     [](const Process& it) -> Json { return skip_of(it) == Skip::kNone; },
     kScores},
    {"skipped", "", "why it is no candidate; not in the record", skipped,
     kScores},
    {"steps", "", "of its score, like `steps` of the record", steps, kScores},
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
  if (value.is_string()) {
    return value;
  }
  if (field.key.ends_with("_kib")) {
    return size_text(value);
  }
  if (field.key.ends_with("_pages")) {
    return size_text(value.get<Pages>() * (it.snapshot->page_size / 1024));
  }
  if (field.key.ends_with("_seconds")) {
    return duration_text(value);
  }
  if (field.key == "uid") {
    return user_text(value, it.snapshot->gaps.live);
  }
  const Skip skip = skip_of(it);
  return field.key == "points" && skip != Skip::kNone
             ? std::string(name_of(skip))
             : value.dump();
}

bool is_text(const ProcessField& field) {
  return field.column == "user" || field.column == "name";
}

Column column_of(const ProcessField& field) {
  Column column{.header = std::string(field.column), .left = is_text(field)};
  for (char& c : column.header) {
    c = c == '_' ? c : static_cast<char>(c - 'a' + 'A');
  }
  return column;
}

}  // namespace

std::vector<FieldText> process_fields() {
  return texts_of(kProcessFields);
}

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
  const auto field =
      std::find_if(kProcessFields.begin(), kProcessFields.end(),
                   [key](const auto& it) { return it.column == key; });
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
  std::vector<Column> columns;
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
