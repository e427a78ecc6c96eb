// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/history.h"

#include <charconv>

#include <fmt/chrono.h>

#include "badnessd/app/report/record.h"

namespace badnessd {
namespace {

// Throws Json::exception where a value is missing or of another type.
std::vector<std::string> row_of(const PastDecision& decision) {
  const Json& record = decision.record;
  const Json& victim = record.at("victim");
  const Json& storm = record.at("storm");
  const Json& times = record.at("timings_us");
  const auto outcome = record.at("outcome").get<std::string>();
  const bool exited = outcome == "exited";
  const auto ms = [&times](const char* from, const char* to) {
    const auto from_us = times.at(from).get<Micros>();
    const auto to_us = times.at(to).get<Micros>();
    return from_us == 0 || to_us < from_us
               ? "-"
               : fmt::format("{:.1f} ms",
                             static_cast<double>(to_us - from_us) / 1000);
  };
  const auto size = [](const Json& of, const char* key) {
    return size_text(of.at(key).get<Kib>());
  };
  Micros time_us = 0;  // decision_id() begins with it
  std::from_chars(decision.id.data(), decision.id.data() + decision.id.size(),
                  time_us, 16);
  const auto seconds = static_cast<std::time_t>(time_us / kSecond);
  return {
      decision.id,
      fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::localtime(seconds)),
      fmt::format("{} ({})", victim.at("pid").get<std::int32_t>(),
                  victim.at("comm").get<std::string>()),
      record.at("loss").is_null()
          ? "-"
          : size(storm.is_null() ? victim : storm, "took_kib"),
      exited ? size(record, "reclaimed_kib") : "-",
      ms("seen", "signalled"),
      ms("signalled", "exited"),
      ms("signalled", "memory_back"),
      record.at("trigger").get<std::string>() + (exited ? "" : ": " + outcome)};
}

}  // namespace

std::optional<PastDecision> parse_record(std::string_view text) {
  try {
    PastDecision it;
    it.record = Json::parse(text);
    it.id = it.record.at("id").get<std::string>();
    it.sentences = it.record.at("sentences").get<std::vector<std::string>>();
    it.row = row_of(it);
    return it;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

std::string history_table(const std::vector<std::vector<std::string>>& rows,
                          const Style& style) {
  return render_table({{"ID", true},
                       {"TIME", true},
                       {"VICTIM", true},
                       {"TOOK"},
                       {"GAVE BACK"},
                       {"SIGNAL"},
                       {"EXIT"},
                       {"BACK"},
                       {"WHY", true}},
                      rows, style);
}

}  // namespace badnessd
