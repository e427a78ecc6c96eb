// SPDX-License-Identifier: GPL-2.0-only
// Where the daemon says things: a log for people, the journal's fields and
// last-kill.json for machines. None of them is waited for.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <spdlog/logger.h>

#include "badnessd/app/cycle.h"
#include "badnessd/system/journal.h"

namespace badnessd {

// A logger that writes lines to `writer` without waiting. `under_systemd` gives
// each the priority that journald reads ("<4>") instead of a time.
[[nodiscard]] std::shared_ptr<spdlog::logger> make_logger(LooseWriter& writer,
                                                          bool under_systemd);

class Reporter {
 public:
  // All that is passed outlives the reporter. `directory` holds last-kill.json;
  // empty: none is written.
  Reporter(spdlog::logger& log, Journal& journal, std::string directory)
      : log_(log), journal_(journal), directory_(std::move(directory)) {}

  [[nodiscard]] spdlog::logger& log() noexcept { return log_; }

  // A decision was made; its end is still to come, or is that nobody was
  // signalled.
  void decided(const Decision& decision, const Policy& policy);
  // It has ended.
  void ended(const Decision& decision, const Policy& policy);

 private:
  void record(std::string_view message, const Decision& decision,
              const Policy& policy);
  void write_last_kill(const std::string& json);

  spdlog::logger& log_;
  Journal& journal_;
  std::string directory_;
  std::string id_;
};

}  // namespace badnessd
