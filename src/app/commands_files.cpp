// SPDX-License-Identifier: GPL-2.0-only
// status and history: the commands that read what the daemon has written.
#include <fcntl.h>

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "badnessd/app/commands.h"
#include "badnessd/app/report/record.h"
#include "badnessd/app/report/report.h"
#include "badnessd/app/report/status.h"
#include "badnessd/system/proc/fields.h"

namespace badnessd {
namespace {

int cannot_read(const std::string& path, const Error& error) {
  return fail(kExitPermission,
              fmt::format("cannot read {}: {}; it is for root and the group "
                          "badnessd",
                          path, error_text(error)));
}

// The lines of both files, the oldest first. The newer file is read first: it
// may become the older one meanwhile.
Expected<std::string> read_history(const std::string& path) {
  FileReader reader;
  std::array<std::string, 2> texts;
  for (const char* suffix : {"", ".1"}) {
    const auto text = reader.read(AT_FDCWD, (path + suffix).c_str());
    if (!text && !vanished(text.error())) {
      return tl::unexpected(text.error());
    }
    texts[*suffix == '\0' ? 1 : 0] = text.value_or("");
  }
  return texts[0].starts_with(texts[1]) ? texts[0] : texts[0] + "\n" + texts[1];
}

// The newest decisions that the command line asks for.
std::vector<PastDecision> decisions_in(std::string_view text,
                                       const Invocation& invocation) {
  constexpr std::size_t kShown = 20;
  const std::size_t most = invocation.limit.value_or(kShown);
  std::vector<PastDecision> found;
  std::size_t damaged = 0;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    auto decision = parse_record(line);
    if (!decision) {
      damaged += line.empty() ? 0 : 1;
    } else if (invocation.id.empty() || invocation.id == decision->id) {
      found.push_back(std::move(*decision));
    }
  }
  if (damaged != 0) {
    static_cast<void>(
        fail(kExitFailure, count_text(damaged, "damaged record is left out",
                                      "damaged records are left out")));
  }
  if (most != 0 && found.size() > most) {
    found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(most));
  }
  return found;
}

// The name of a process, if it is still there.
std::string comm_of(FileReader& reader, const std::string& proc_root,
                    const Json& pid) {
  const auto text = reader.read(
      AT_FDCWD,
      fmt::format("{}/{}/comm", proc_root, pid.get<std::int32_t>()).c_str());
  return text ? std::string(text->substr(0, text->find('\n'))) : std::string();
}

}  // namespace

int show_history(const Invocation& invocation) {
  const std::string path =
      fmt::format("{}/{}", environment("STATE_DIRECTORY", "/var/lib/badnessd"),
                  kDecisionsFile);
  const auto text = read_history(path);
  if (!text) {
    return cannot_read(path, text.error());
  }
  const std::vector<PastDecision> found = decisions_in(*text, invocation);
  const bool one = !invocation.id.empty();
  if (found.empty() && one) {
    return fail(kExitNoInput,
                fmt::format("there is no decision {}", escaped(invocation.id)));
  }
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const PastDecision& decision : found) {
    list.push_back(decision.record);
    rows.push_back(decision.row);
  }
  if (invocation.json) {
    return print(dumped(one ? list.at(0) : list));
  }
  if (rows.empty()) {
    return print("no decision is recorded\n");
  }
  return print(history_table(rows, stdout_style()) +
               (one ? section("decision", found.front().sentences) : ""));
}

int show_status(const Invocation& invocation) {
  FileReader reader;
  const std::string path = fmt::format(
      "{}/{}", environment("RUNTIME_DIRECTORY", "/run/badnessd"), kStatusFile);
  const auto text = reader.read(AT_FDCWD, path.c_str());
  if (!text && vanished(text.error())) {
    return fail(kExitFailure, fmt::format("not running: there is no {}", path));
  }
  if (!text) {
    return cannot_read(path, text.error());
  }
  try {
    Json status = Json::parse(*text);
    const bool running =
        comm_of(reader, invocation.proc_root, status.at("pid")) == "badnessd";
    const Micros now_us = monotonic_us();  // as the times in the status
    const Health health = health_of(status, running, now_us);
    if (!status.at("lost").is_null()) {
      for (Json& taker : status["lost"]["takers"]) {
        taker["comm"] =
            escaped(comm_of(reader, invocation.proc_root, taker.at("pid")));
      }
    }
    status["health"] = name_of(health);
    status["age_us"] = above(now_us, status.at("written_us").get<Micros>());
    const int printed = print(
        invocation.json ? dumped(status) : status_text(status, health, now_us));
    return printed == kExitOk ? static_cast<int>(health) : printed;
  } catch (const Json::exception& error) {
    return fail(kExitFailure, fmt::format("{} is not a status of badnessd: {}",
                                          path, error.what()));
  }
}

}  // namespace badnessd
