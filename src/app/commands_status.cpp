// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>

#include <chrono>

#include <fmt/core.h>

#include "badnessd/app/commands.h"
#include "badnessd/app/config/exit_code.h"
#include "badnessd/app/report/json.h"
#include "badnessd/app/report/report.h"
#include "badnessd/app/report/status.h"
#include "badnessd/system/sys.h"

namespace badnessd {
namespace {

std::string path_of_status() {
  return fmt::format("{}/{}", environment("RUNTIME_DIRECTORY", "/run/badnessd"),
                     kStatusFile);
}

int cannot_read(const std::string& path, const Error& error) {
  if (vanished(error)) {
    return fail(kExitFailure, fmt::format("not running: there is no {}", path));
  }
  return fail(kExitPermission,
              fmt::format("cannot read {}: {}; it is for root and the group "
                          "badnessd",
                          path, error_text(error)));
}

// The name of a process, if it is still there.
std::string comm_of(FileReader& reader, const std::string& proc_root,
                    std::int32_t pid) {
  const auto text =
      reader.read(AT_FDCWD, fmt::format("{}/{}/comm", proc_root, pid).c_str());
  return text ? std::string(text->substr(0, text->find('\n'))) : std::string();
}

void add_names(FileReader& reader, const std::string& proc_root, Json& status) {
  if (!status.at("lost").is_null()) {
    for (Json& taker : status["lost"]["takers"]) {
      taker["comm"] = escaped(
          comm_of(reader, proc_root, taker.at("pid").get<std::int32_t>()));
    }
  }
}

}  // namespace

int show_status(const Invocation& invocation) {
  FileReader reader;
  const std::string path = path_of_status();
  const auto text = reader.read(AT_FDCWD, path.c_str());
  if (!text) {
    return cannot_read(path, text.error());
  }
  try {
    Json status = Json::parse(*text);
    const bool running =
        comm_of(reader, invocation.proc_root,
                status.at("pid").get<std::int32_t>()) == "badnessd";
    // CLOCK_MONOTONIC, as the times in the status.
    const auto now_us = static_cast<Micros>(
        std::chrono::duration_cast<std::chrono::microseconds>(
            std::chrono::steady_clock::now().time_since_epoch())
            .count());
    const Health health = health_of(status, running, now_us);
    add_names(reader, invocation.proc_root, status);
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
