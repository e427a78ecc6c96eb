// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/show_history.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <utility>

#include <fmt/core.h>

#include "badnessd/app/commands.h"
#include "badnessd/app/config/exit_code.h"
#include "badnessd/app/config/values.h"
#include "badnessd/app/report/history.h"
#include "badnessd/app/report/record.h"
#include "badnessd/system/service/child.h"
#include "badnessd/system/sys.h"

namespace badnessd {
namespace {

// The newest decisions that the command line asks for.
struct Search {
  const Invocation& of;
  Micros since_us = 0;
  std::map<std::pair<Micros, std::string>, PastDecision> found{};
  std::size_t damaged = 0;

  void add(std::string_view line) {
    constexpr std::size_t kShown = 20;
    const std::size_t most = of.limit.value_or(kShown);
    auto decision = parse_record(line);
    if (!decision) {
      ++damaged;
    } else if (decision->time_us >= since_us &&
               (of.id.empty() || of.id == decision->id)) {
      found.try_emplace(std::pair(decision->time_us, decision->id),
                        std::move(*decision));
      if (most != 0 && found.size() > most) {
        found.erase(found.begin());
      }
    }
  }
  void add_lines(FILE* file) {
    char* line = nullptr;
    std::size_t room = 0;
    while (::getline(&line, &room, file) > 0) {
      if (*line != '\n') {
        add(line);
      }
    }
    std::free(line);
  }
};

// Every user can send entries with our MESSAGE_ID. The journal alone sets
// fields that begin with '_': ours are of the unit, or of root that runs
// badnessd by hand. --system leaves out the users' own journals, and makes it
// an error if that of the system cannot be read; without --all a long field is
// null.
// Returns the exit code.
int search_journal(Search& search) {
  const std::string id = fmt::format("MESSAGE_ID={}", kDecisionMessageId);
  const int code = run_program(
      {"journalctl", "--system", "--quiet", "--all", "--output=json",
       id.c_str(), "_SYSTEMD_UNIT=badnessd.service", "+", id.c_str(), "_UID=0"},
      [&](FILE* output) { search.add_lines(output); });
  return code == 0 || code == kNoSuchProgram
             ? kExitOk
             : fail(::geteuid() == 0 ? kExitFailure : kExitPermission,
                    "cannot read the journal; it is for root and the groups "
                    "systemd-journal and adm");
}

// Returns the exit code.
int search_files(Search& search) {
  const std::string directory =
      environment("STATE_DIRECTORY", "/var/lib/badnessd");
  // The newer one first: it may become the older one meanwhile.
  for (const char* suffix : {"", ".1"}) {
    const std::string path =
        fmt::format("{}/{}{}", directory, kDecisionsFile, suffix);
    if (FILE* file = std::fopen(path.c_str(), "re"); file != nullptr) {
      search.add_lines(file);
      std::fclose(file);
    } else if (errno != ENOENT) {
      return fail(kExitPermission,
                  fmt::format("cannot read {}; it is for root and the group "
                              "badnessd",
                              path));
    }
  }
  return kExitOk;
}

std::string found_text(const Search& search) {
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& [key, decision] : search.found) {
    list.push_back(decision.record);
    rows.push_back(decision.row);
  }
  const bool one = !search.of.id.empty();
  if (search.of.json) {
    return dumped(one ? list.at(0) : list);
  }
  if (rows.empty()) {
    return "no decision is recorded\n";
  }
  return history_table(rows, stdout_style()) +
         (one ? section("decision", search.found.begin()->second.sentences)
              : "");
}

}  // namespace

int show_history(const Invocation& invocation) {
  const auto since = parse_time(invocation.since, wall_clock_us());
  if (!since && !invocation.since.empty()) {
    return fail(kExitUsage, fmt::format("--since: '{}' is no time",
                                        escaped(invocation.since)));
  }
  Search search{invocation, since.value_or(0)};
  const int journal = search_journal(search);
  const int files = search_files(search);
  const int refused = journal != kExitOk ? journal : files;
  if (search.damaged != 0) {
    static_cast<void>(fail(
        kExitFailure, count_text(search.damaged, "damaged record is left out",
                                 "damaged records are left out")));
  }
  if (search.found.empty() && refused != kExitOk) {
    return refused;
  }
  if (search.found.empty() && !invocation.id.empty()) {
    return fail(kExitNoInput,
                fmt::format("there is no decision {}", escaped(invocation.id)));
  }
  const int printed = print(found_text(search));
  return printed != kExitOk ? printed : refused;
}

}  // namespace badnessd
