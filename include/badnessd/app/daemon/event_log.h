// SPDX-License-Identifier: GPL-2.0-only
// Where the daemon says things: a log for people, the journal's fields and
// last-kill.json for machines. None of them is waited for.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <spdlog/logger.h>

#include "badnessd/cycle/cycle.h"
#include "badnessd/system/service/journal.h"

namespace badnessd {

// A logger that writes lines to `writer` without waiting. `under_systemd` gives
// each the priority that journald reads ("<4>") instead of a time.
[[nodiscard]] std::shared_ptr<spdlog::logger> make_logger(LooseWriter& writer,
                                                          bool under_systemd);

class EventLog {
 public:
  // All that is passed outlives the event_log. `directory` holds
  // last-kill.json; empty: none is written. If what is logged goes to the
  // journal too
  // (`log_is_journal`), what an entry of its own says is not logged.
  EventLog(spdlog::logger& log, Journal& journal, std::string directory,
           bool log_is_journal)
      : log_(log),
        journal_(journal),
        directory_(std::move(directory)),
        log_is_journal_(log_is_journal) {}

  [[nodiscard]] spdlog::logger& log() noexcept { return log_; }

  // A decision was made; its end is still to come, or is that nobody was
  // signalled.
  void decided(const Decision& decision, const Policy& policy);
  // It has ended. Of one that an earlier daemon made only that is known.
  void ended(const Decision& decision, const Policy& policy);

 private:
  // Logs `line` unless the entry in the journal says it, which has the whole
  // record.
  void record(std::string_view line, const Decision& decision,
              const Policy& policy);
  void write_last_kill(const std::string& json);

  spdlog::logger& log_;
  Journal& journal_;
  std::string directory_;
  bool log_is_journal_;
  std::string id_;
};

}  // namespace badnessd
