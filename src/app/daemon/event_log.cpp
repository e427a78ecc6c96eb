// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/daemon/event_log.h"

#include <array>
#include <fstream>

#include <fmt/core.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include "badnessd/app/config/text.h"
#include "badnessd/app/report/record.h"

namespace badnessd {
namespace {

class LooseSink final
    : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit LooseSink(LooseWriter& writer) : writer_(writer) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    writer_.write({text.data(), text.size()});
  }
  void flush_() override {}

 private:
  LooseWriter& writer_;
};

// The syslog priorities of sd-daemon(3).
class Priority final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& text) override {
    constexpr std::array<std::string_view, 7> kPriorities{
        "<7>", "<7>", "<6>", "<4>", "<3>", "<2>", "<6>"};
    const std::string_view priority =
        kPriorities[static_cast<std::size_t>(message.level)];
    text.append(priority.data(), priority.data() + priority.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<Priority>();
  }
};

}  // namespace

std::shared_ptr<spdlog::logger> make_logger(LooseWriter& writer,
                                            bool under_systemd) {
  auto log = std::make_shared<spdlog::logger>(
      "badnessd", std::make_shared<LooseSink>(writer));
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<Priority>('*').set_pattern(
      under_systemd ? "%*%v" : "%Y-%m-%d %H:%M:%S.%e %l: %v");
  log->set_formatter(std::move(formatter));
  return log;
}

void EventLog::decided(const Decision& decision, const Policy& policy) {
  id_ = decision_id(decision);
  const std::string text = decision_text(decision, policy);
  if (decision.end == Decision::End::kPending) {
    log_.warn("{} [{}]", text, id_);
  } else {
    record(text, decision, policy);
  }
}

void EventLog::ended(const Decision& decision, const Policy& policy) {
  const std::string text = ending_text(decision);
  if (decision.number == 0) {
    log_.warn("{}", text);
    return;
  }
  record(text, decision, policy);
  id_.clear();
}

void EventLog::record(std::string_view line, const Decision& decision,
                      const Policy& policy) {
  const std::string place = place_text(decision);
  const std::string more = place.empty() ? "" : "; " + place;
  const std::string json = record_json(decision, policy, id_);
  const std::string pid = fmt::format("{}", decision.victim.id.pid);
  const std::string points = fmt::format("{}", decision.chosen.points);
  const std::string comm = escaped(decision.victim.name());
  const std::string unit = escaped(unit_of(decision.cgroup.view()));
  const std::string whole = fmt::format("{}{} [{}]", line, more, id_);
  const bool sent = journal_.send(
      std::array<JournalField, 10>{{{"MESSAGE", whole},
                                    {"MESSAGE_ID", kDecisionMessageId},
                                    {"PRIORITY", "4"},
                                    {"SYSLOG_IDENTIFIER", "badnessd"},
                                    {"BADNESSD_ID", id_},
                                    {"BADNESSD_VICTIM_PID", pid},
                                    {"BADNESSD_VICTIM_COMM", comm},
                                    {"BADNESSD_VICTIM_UNIT", unit},
                                    {"BADNESSD_POINTS", points},
                                    {"BADNESSD_RECORD", json}}});
  if (!sent || !log_is_journal_) {
    log_.warn("{}", whole);
  }
  if (decision.end != Decision::End::kNotSignalled) {
    write_last_kill(json);
  }
}

void EventLog::write_last_kill(const std::string& json) {
  if (directory_.empty()) {
    return;
  }
  // The rename is atomic: a reader never sees a partial file.
  const std::string path = directory_ + "/last-kill.json";
  const std::string temporary = path + ".new";
  std::ofstream file(temporary, std::ios::trunc);
  file << json << '\n';
  file.close();
  if (!file || std::rename(temporary.c_str(), path.c_str()) != 0) {
    log_.warn("cannot write {}, ignoring it", path);
  }
}

}  // namespace badnessd
