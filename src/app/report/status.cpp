// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/status.h"

#include <unistd.h>

#include <algorithm>

#include <fmt/core.h>

#include "badnessd/app/report/report.h"

namespace badnessd {
namespace {

std::size_t kills_within(const Status& it, Micros window_us) {
  const std::size_t known = std::min(it.kills.count, KillTimes::kMost);
  return static_cast<std::size_t>(std::count_if(
      it.kills.times_us.begin(),
      it.kills.times_us.begin() + static_cast<std::ptrdiff_t>(known),
      [&](Micros time) { return it.now_us - time < window_us; }));
}

Json kills_json(const Status& it) {
  constexpr Micros kMinute = 60 * kSecond;
  constexpr Micros kHour = 60 * kMinute;
  constexpr Micros kDay = 24 * kHour;
  return {{"last_minute", kills_within(it, kMinute)},
          {"last_hour", kills_within(it, kHour)},
          {"last_day", kills_within(it, kDay)},
          {"since_start", it.kills.count}};
}

// What memory has lost in the last ten minutes, and the processes that took the
// most of it.
Json lost_json(const Status& it) {
  constexpr Micros kWindow = 600 * kSecond;
  constexpr std::size_t kListed = 5;
  const Census& census = it.state.census;
  const auto slot =
      oldest_note_since(census.notes(), above(it.now_us, kWindow));
  const auto& reading = it.state.domains.system.last;
  if (!slot || !reading) {
    return nullptr;
  }
  const MemoryNote& note = census.notes()[*slot];
  Json takers = Json::array();
  for (const Census::Taker& taker : census.takers(*slot, kListed)) {
    takers.push_back({{"pid", taker.pid}, {"took_kib", taker.took_kib}});
  }
  Json cgroups = Json::array();
  for (const CgroupTook& taker : it.state.accounts.takers(*slot, kListed)) {
    cgroups.push_back(
        {{"path", escaped(taker.path.view())}, {"took_kib", taker.took_kib}});
  }
  return {{"since_us", it.now_us - note.time_us},
          {"lost_kib", above(note.free_kib, reading->free_kib())},
          {"takers", takers},
          {"cgroups", cgroups}};
}

std::string seconds_text(Micros from_us, Micros to_us) {
  return duration_text(above(to_us, from_us) / kSecond);
}

std::vector<std::string> kills_text(const Json& status) {
  const Json& kills = status.at("kills");
  return {fmt::format(
      "{} in the last minute, {} in the last hour, {} in the last day, {} "
      "since the start",
      kills.at("last_minute").get<std::size_t>(),
      kills.at("last_hour").get<std::size_t>(),
      kills.at("last_day").get<std::size_t>(),
      kills.at("since_start").get<std::size_t>())};
}

std::vector<std::string> lost_text(const Json& lost) {
  if (lost.is_null()) {
    return {"not known yet"};
  }
  std::vector<std::string> lines{
      fmt::format("{} less available than {} ago",
                  size_text(lost.at("lost_kib").get<Kib>()),
                  seconds_text(0, lost.at("since_us").get<Micros>()))};
  for (const Json& taker : lost.at("takers")) {
    const auto pid = taker.at("pid").get<std::int32_t>();
    const std::string comm = taker.value("comm", "");
    lines.push_back(fmt::format("{} took {}",
                                comm.empty()
                                    ? fmt::format("process {}, gone,", pid)
                                    : fmt::format("{} ({})", pid, comm),
                                size_text(taker.at("took_kib").get<Kib>())));
  }
  for (const Json& taker : lost.value("cgroups", Json::array())) {
    lines.push_back(fmt::format("{} took {}",
                                taker.at("path").get<std::string>(),
                                size_text(taker.at("took_kib").get<Kib>())));
  }
  return lines;
}

std::vector<std::string> strings_of(const Json& list) {
  return list.is_array() ? list.get<std::vector<std::string>>()
                         : std::vector<std::string>();
}

}  // namespace

Json status_json(const Status& status) {
  const OomDomains& domains = status.state.domains;
  const auto& reading = domains.system.last;
  return {{"schema", kJsonSchema},
          {"version", BADNESSD_VERSION},
          {"pid", ::getpid()},
          {"settings", status.settings},
          {"started_us", status.started_us},
          {"written_us", status.now_us},
          {"lacks", status.lacks},
          {"pressure", reading ? pressure_json(*reading) : Json()},
          {"memory", memory_text(reading, status.now_us)},
          {"triggers", triggers_text(status.policy, domains)},
          {"cgroups", domains.cgroups.size()},
          {"kills", kills_json(status)},
          {"lost", lost_json(status)},
          {"choice", status.choice},
          {"last_decision", status.last_decision},
          {"lost_lines", status.lost_lines}};
}

Health health_of(const Json& status, bool running, Micros now_us) {
  const Micros written_us = status.at("written_us").get<Micros>();
  // A time after now is of another boot.
  if (!running || written_us > now_us || now_us - written_us > kStatusStale) {
    return Health::kNotRunning;
  }
  return status.at("lacks").empty() ? Health::kWatching : Health::kDegraded;
}

std::string status_text(const Json& status, Health health, Micros now_us) {
  const auto pid = status.at("pid").get<std::int32_t>();
  const std::string age =
      seconds_text(status.at("written_us").get<Micros>(), now_us);
  const std::string head =
      health == Health::kNotRunning
          ? fmt::format(
                "not running: the last status, of process {}, is {} old", pid,
                age)
          : fmt::format(
                "{}: process {}, version {}, for {}; this is {} old",
                name_of(health), pid, status.at("version").get<std::string>(),
                seconds_text(status.at("started_us").get<Micros>(), now_us),
                age);
  std::string text = section("badnessd", {head}) +
                     section("settings", {status.at("settings")}) +
                     section("memory", {status.at("memory")}) +
                     section("triggers", strings_of(status.at("triggers")));
  if (!status.at("lacks").empty()) {
    text += section("lacks", strings_of(status.at("lacks")));
  }
  text += section("kills", kills_text(status)) +
          section("lost", lost_text(status.at("lost")));
  if (const auto choice = strings_of(status.at("choice")); !choice.empty()) {
    text += section("now", choice);
  }
  const Json& last = status.at("last_decision");
  text += section("last", last.is_null()
                              ? std::vector<std::string>{"no decision since "
                                                         "the start"}
                              : strings_of(last.at("sentences")));
  if (const auto lost = status.at("lost_lines").get<std::uint64_t>();
      lost != 0) {
    text += section("log", {count_text(lost, "line or entry was lost",
                                       "lines and entries were lost")});
  }
  return text;
}

}  // namespace badnessd
