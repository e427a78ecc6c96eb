// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/daemon/event_log.h"

#include <array>
#include <cstring>
#include <fstream>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include "badnessd/app/config/text.h"
#include "badnessd/app/report/record.h"
#include "badnessd/system/sys.h"

namespace badnessd {
namespace {

class LooseSink final
    : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  LooseSink(LooseWriter& writer, bool priorities)
      : writer_(writer), priorities_(priorities) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    // The syslog priorities of sd-daemon(3).
    constexpr std::array<std::string_view, 7> kPriorities{
        "<7>", "<7>", "<6>", "<4>", "<3>", "<2>", "<6>"};
    spdlog::memory_buf_t text;
    if (priorities_) {
      text.append(kPriorities[static_cast<std::size_t>(message.level)]);
    }
    formatter_->format(message, text);
    writer_.write({text.data(), text.size()});
  }
  void flush_() override {}

 private:
  LooseWriter& writer_;
  bool priorities_;
};

// The fields of a journal entry that come from the record.
struct FromRecord {
  std::string_view name;
  std::string_view pointer;
};
constexpr std::array<FromRecord, 5> kFromRecord{{
    {"BADNESSD_ID", "/id"},
    {"BADNESSD_VICTIM_PID", "/victim/pid"},
    {"BADNESSD_VICTIM_COMM", "/victim/comm"},
    {"BADNESSD_VICTIM_UNIT", "/sets_off/unit"},
    {"BADNESSD_POINTS", "/chosen/points"},
}};

// An emergency may be long; a record has 10 KiB. So many kills without an end
// are stored while it lasts.
constexpr std::size_t kMostUnstored = 128;

std::string joined(const std::vector<std::string>& sentences) {
  return fmt::format("{}", fmt::join(sentences, "; "));
}

}  // namespace

std::shared_ptr<spdlog::logger> make_logger(LooseWriter& writer,
                                            bool under_systemd) {
  auto log = std::make_shared<spdlog::logger>(
      "badnessd", std::make_shared<LooseSink>(writer, under_systemd));
  log->set_pattern(under_systemd ? "%v" : "%Y-%m-%d %H:%M:%S.%e %l: %v");
  return log;
}

void EventLog::decided(const Decision& decision, const Policy& policy) {
  id_ = decision_id(decision);
  const std::string text = joined(decision_sentences(decision, policy));
  if (decision.end == Decision::End::kPending) {
    log_.warn("{} [{}]", text, id_);
  } else {
    record(text, decision, policy);
  }
}

void EventLog::ended(const Decision& decision, const Policy& policy) {
  const std::string text = joined(ending_sentences(decision));
  if (decision.number == 0) {
    log_.warn("{}", text);
    return;
  }
  record(text, decision, policy);
  id_.clear();
}

void EventLog::record(std::string_view line, const Decision& decision,
                      const Policy& policy) {
  last_ = record_json(decision, policy, id_);
  const Json& object = last_;
  const std::string message = fmt::format("{} [{}]", line, id_);
  const std::string json = object.dump();
  std::vector<JournalField> fields{{"MESSAGE", message},
                                   {"MESSAGE_ID", kDecisionMessageId},
                                   {"PRIORITY", "4"},
                                   {"SYSLOG_IDENTIFIER", "badnessd"},
                                   {kRecordField, json}};
  std::array<std::string, kFromRecord.size()> values;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Json& value =
        object.at(Json::json_pointer(std::string(kFromRecord[i].pointer)));
    values[i] = value.is_string() ? value.get<std::string>()
                : value.is_null() ? ""
                                  : value.dump();
    fields.push_back({kFromRecord[i].name, values[i]});
  }
  const bool sent = journal_.send(fields);
  if (!sent || !log_is_journal_) {
    log_.warn("{}", message);
  }
  if (!state_directory_.empty()) {
    unstored_.push_back(json);
    if (unstored_.size() == kMostUnstored) {
      store();
    }
  }
  if (decision.end != Decision::End::kNotSignalled) {
    publish("last-kill.json", json + "\n");
  }
}

void EventLog::store() {
  constexpr std::int64_t kMostBytes = 1 << 20;
  if (unstored_.empty()) {
    return;
  }
  const std::string path =
      fmt::format("{}/{}", state_directory_, kDecisionsFile);
  std::ofstream file(path, std::ios::app | std::ios::ate);
  if (file.tellp() >= kMostBytes) {
    file.close();
    std::rename(path.c_str(), (path + ".1").c_str());
    file.open(path, std::ios::trunc);
  }
  for (const std::string& record : unstored_) {
    // The last line may be cut off.
    file << (file.tellp() == 0 ? "" : "\n") << record;
  }
  file.close();
  if (!file && !std::exchange(warned_, true)) {
    log_.warn("cannot write {}, ignoring it", path);
  }
  unstored_.clear();
}

void EventLog::publish(std::string_view name, const std::string& text,
                       bool for_all) {
  if (directory_.empty()) {
    return;
  }
  const std::string path = fmt::format("{}/{}", directory_, name);
  if (const auto done = replace_file(path, text, for_all); !done) {
    log_.warn("cannot write {}, ignoring it: {}", path,
              std::strerror(done.error().code));
  }
}

}  // namespace badnessd
