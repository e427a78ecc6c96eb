// SPDX-License-Identifier: GPL-2.0-only
// The outputs of the daemon: a log for people; journal fields, last-kill.json
// and decisions.jsonl for programs. The loop waits for none of them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <spdlog/logger.h>

#include "badnessd/app/report/report.h"
#include "badnessd/cycle/cycle.h"
#include "badnessd/system/service/journal.h"

namespace badnessd {

// A logger that writes lines to `writer` without blocking. A line starts with a
// time, or with `under_systemd` with the priority that journald reads ("<4>").
[[nodiscard]] std::shared_ptr<spdlog::logger> make_logger(LooseWriter& writer,
                                                          bool under_systemd);

class EventLog {
 public:
  // `log` and `journal` must outlive the event_log. `directory` holds
  // last-kill.json; empty: none is written. If the log goes to the journal
  // (`log_is_journal`), a line that has its own journal entry is not logged.
  // `state_directory` holds decisions.jsonl; empty: none is written.
  EventLog(spdlog::logger& log, Journal& journal, std::string directory,
           bool log_is_journal, std::string state_directory = {})
      : log_(log),
        journal_(journal),
        directory_(std::move(directory)),
        state_directory_(std::move(state_directory)),
        log_is_journal_(log_is_journal) {}

  [[nodiscard]] spdlog::logger& log() noexcept { return log_; }

  // Logs a new decision: its end is pending, or no process was signalled.
  void decided(const Decision& decision, const Policy& policy);
  // Logs the end of a decision. For a decision of an earlier daemon only the
  // end is known.
  void ended(const Decision& decision, const Policy& policy);
  // Appends the new records to decisions.jsonl. To be called while memory is
  // not short: the disk can keep the caller waiting.
  void store();
  // The record of the last decision; null: none yet.
  [[nodiscard]] const Json& last_record() const noexcept { return last_; }

  // Replaces the file `name` in the directory; a reader never sees a part of
  // it. `for_all`: any user may read it. Does nothing without a directory.
  void publish(std::string_view name, const std::string& text,
               bool for_all = false);
  [[nodiscard]] bool publishes() const noexcept { return !directory_.empty(); }

 private:
  // Sends `line` and the whole record to the journal. Logs `line` too, unless
  // the log is the journal.
  void record(std::string_view line, const Decision& decision,
              const Policy& policy);

  spdlog::logger& log_;
  Journal& journal_;
  std::string directory_;
  std::string state_directory_;
  bool log_is_journal_;
  std::string id_;
  Json last_;
  std::vector<std::string> unstored_;  // records
  bool warned_ = false;                // that decisions.jsonl cannot be written
};

}  // namespace badnessd
