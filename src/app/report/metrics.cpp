// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/metrics.h"

#include <fmt/core.h>

#include "badnessd/app/config/text.h"

namespace badnessd {
namespace {

struct Metric {
  std::string_view name, type, help;
  // Its lines in the file; empty: it is not known here.
  std::string (*lines)(std::string_view name, const Metrics& from);
};

// The value of a label. escaped() leaves no newline.
std::string label(std::string_view text) {
  std::string quoted;
  for (const char c : escaped(text)) {
    quoted += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
  }
  return quoted;
}

template <auto kMember>
std::string value(std::string_view name, const Metrics& it) {
  return fmt::format("{} {}\n", name, +(it.*kMember));
}

// The metric has a unit of kPer / kOf of the member's.
template <auto kMember, int kOf, int kPer>
std::string summary(std::string_view name, const Metrics& it) {
  const Summary& from = it.*kMember;
  return fmt::format("{0}_sum {1}\n{0}_count {2}\n", name,
                     static_cast<double>(from.sum) * kOf / kPer, from.count);
}

std::string degraded(std::string_view name, const Metrics& it) {
  std::string lines;
  std::uint8_t lack = 0;
  for (const std::string_view reason : Names<Lack>::kAll) {
    lines += fmt::format("{}{{reason=\"{}\"}} {}\n", name, reason,
                         it.degraded.count(static_cast<Lack>(lack++)));
  }
  return lines;
}

std::string kills(std::string_view name, const Metrics& it) {
  std::string lines;
  for (const auto& [trigger, count] : it.kills) {
    lines +=
        fmt::format("{}{{trigger=\"{}\"}} {}\n", name, label(trigger), count);
  }
  return lines;
}

std::string stalls(std::string_view name, const Metrics& it) {
  std::string lines;
  for (const StallCondition& of : kStallConditions) {
    if (it.reading && (*it.reading).*of.line) {
      lines += fmt::format(
          "{}{{tasks=\"{}\"}} {}\n", name, of.name,
          static_cast<double>(((*it.reading).*of.line)->total_us) / 1e6);
    }
  }
  return lines;
}

constexpr std::array kMetrics = std::to_array<Metric>({
    {"badnessd_up", "gauge", "1, as long as there is a daemon.",
     [](std::string_view name, const Metrics&) {
       return fmt::format("{} 1\n", name);
     }},
    {"badnessd_degraded", "gauge",
     "1 if something that the settings ask for does not work, by reason; see "
     "the status.",
     degraded},
    {"badnessd_start_time_seconds", "gauge",
     "When the daemon started, since the Epoch.", value<&Metrics::start_s>},
    {"badnessd_build_info", "gauge", "1, with the version.",
     [](std::string_view name, const Metrics&) {
       return fmt::format("{}{{version=\"{}\"}} 1\n", name, BADNESSD_VERSION);
     }},
    {"badnessd_kills_total", "counter",
     "Decisions whose victim had a signal, by the trigger that fired.", kills},
    {"badnessd_last_kill_timestamp_seconds", "gauge",
     "When the last of them was, since the Epoch; 0: none since the start.",
     value<&Metrics::last_kill_s>},
    {"badnessd_spared_total", "counter",
     "Processes with more points than the victim that were passed over, five "
     "at most for each decision.",
     value<&Metrics::spared>},
    {"badnessd_signal_latency_seconds", "summary",
     "From the reading that fired the trigger to the signal.",
     summary<&Metrics::latency_us, 1, 1'000'000>},
    {"badnessd_reclaimed_bytes", "summary",
     "Memory and swap that came back after a kill.",
     summary<&Metrics::reclaimed_kib, 1024, 1>},
    {"badnessd_stall_seconds_total", "counter",
     "Time since the boot in which some or all (full) tasks waited for memory.",
     stalls},
    {"badnessd_log_lines_dropped_total", "counter",
     "Log lines and journal entries that were lost.",
     value<&Metrics::lost_lines>},
});

}  // namespace

std::string metrics_text(const Metrics& metrics) {
  std::string text;
  for (const Metric& metric : kMetrics) {
    if (const std::string lines = metric.lines(metric.name, metrics);
        !lines.empty()) {
      text += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{3}", metric.name,
                          metric.help, metric.type, lines);
    }
  }
  return text;
}

}  // namespace badnessd
