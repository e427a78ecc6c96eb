// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/check.h"

#include <algorithm>

#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

#include "badnessd/app/host.h"
#include "badnessd/app/json.h"
#include "badnessd/app/report.h"

namespace badnessd {
namespace {

using Json = nlohmann::ordered_json;

// A setting in force: its key as --set takes it, its value, its origin.
using Row = std::vector<std::string>;

std::vector<Row> settings_in_force(const LoadedSettings& loaded) {
  std::vector<Row> rows;
  const auto add = [&](const std::string& key, const std::string& value) {
    const auto found = loaded.origins.find(key);
    rows.push_back(
        {escaped(key), value,
         found == loaded.origins.end() ? "default" : escaped(found->second)});
  };
  for (const auto& option : options()) {
    add(std::string(option.key), option_text(loaded.settings, option));
  }
  for (const Trigger& trigger : loaded.settings.triggers) {
    for (const auto& option : trigger_options()) {
      const std::string value = option_text(trigger, option);
      if (!value.empty()) {
        add(fmt::format("trigger.{}.{}", trigger.name, option.key), value);
      }
    }
  }
  return rows;
}

std::string as_text(const LoadedSettings& loaded, const Policy& policy,
                    const PressureReading& reading,
                    const std::vector<HostNote>& notes, const Style& style) {
  std::vector<std::string> triggers;
  triggers.reserve(policy.triggers.size());
  for (const Trigger& trigger : policy.triggers) {
    triggers.push_back(fmt::format("{} {}", escaped(trigger.name),
                                   trigger_text(trigger, reading, {})));
  }
  std::vector<std::string> host;
  host.reserve(notes.size());
  for (const HostNote& note : notes) {
    host.push_back((note.warning ? "warning: " : "") + note.text);
  }
  return section("settings", {loaded.origin}) + "\n" +
         render_table({{.header = "SETTING", .left = true},
                       {.header = "VALUE", .left = true},
                       {.header = "FROM", .left = true}},
                      settings_in_force(loaded), style) +
         "\n" + section("memory", {reading_text(reading)}) +
         section("triggers", triggers) + section("host", host);
}

std::string as_json(const LoadedSettings& loaded, const Policy& policy,
                    const PressureReading& reading,
                    const std::vector<HostNote>& notes) {
  Json json{{"schema", kJsonSchema},     {"origin", escaped(loaded.origin)},
            {"settings", Json::array()}, {"pressure", pressure_json(reading)},
            {"triggers", Json::array()}, {"notes", Json::array()}};
  for (const Row& row : settings_in_force(loaded)) {
    json["settings"].push_back(
        {{"key", row[0]}, {"value", row[1]}, {"from", row[2]}});
  }
  for (const Trigger& trigger : policy.triggers) {
    json["triggers"].push_back(
        {{"name", escaped(trigger.name)},
         {"sentence", trigger_text(trigger, reading, {})}});
  }
  for (const HostNote& note : notes) {
    json["notes"].push_back({{"warning", note.warning}, {"text", note.text}});
  }
  return json.dump(2) + "\n";
}

}  // namespace

Expected<CheckResult> check(const LoadedSettings& loaded, ProcfsSource& source,
                            bool json, const Style& style) {
  const auto reading = source.read_pressure();
  if (!reading) {
    return tl::unexpected(reading.error());
  }
  Snapshot snapshot;
  if (const auto scanned = source.scan(snapshot); !scanned) {
    return tl::unexpected(scanned.error());
  }
  const Policy policy =
      policy_of(loaded.settings, reading->mem_total_kib, 1, source.self_pid());
  std::vector<HostNote> notes = host_notes(policy, *reading, snapshot, source);
  if (source.live()) {
    const auto more = capability_notes(source.reference_caps());
    notes.insert(notes.end(), more.begin(), more.end());
  }
  return CheckResult{
      .text = json ? as_json(loaded, policy, *reading, notes)
                   : as_text(loaded, policy, *reading, notes, style),
      .clean = std::none_of(notes.begin(), notes.end(),
                            [](const HostNote& it) { return it.warning; })};
}

}  // namespace badnessd
