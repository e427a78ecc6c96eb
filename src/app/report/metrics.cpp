// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/metrics.h"

#include <fmt/core.h>

#include "badnessd/app/config/text.h"

namespace badnessd {
namespace {

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
std::string histogram(std::string_view name, const Metrics& it) {
  const Histogram& from = it.*kMember;
  const auto in_unit = [](std::uint64_t number) {
    return static_cast<double>(number) * kOf / kPer;
  };
  std::string lines;
  for (std::size_t i = 0; i < from.bounds.size(); ++i) {
    lines += fmt::format("{}_bucket{{le=\"{}\"}} {}\n", name,
                         in_unit(from.bounds[i]), from.at_most[i]);
  }
  return lines + fmt::format(
                     "{0}_bucket{{le=\"+Inf\"}} {1}\n"
                     "{0}_sum {2}\n{0}_count {1}\n",
                     name, from.count, in_unit(from.sum));
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
    {"badnessd_up", "gauge",
     "1. A daemon that has ended leaves the file: look at its age.",
     [](std::string_view name, const Metrics&) {
       return fmt::format("{} 1\n", name);
     }},
    {"badnessd_degraded", "gauge",
     "1 if something that the settings ask for does not work; see the status.",
     value<&Metrics::degraded>},
    {"badnessd_start_time_seconds", "gauge",
     "When the daemon started, since the Epoch.", value<&Metrics::start_s>},
    {"badnessd_build_info", "gauge", "1, with the version.",
     [](std::string_view name, const Metrics&) {
       return fmt::format("{}{{version=\"{}\"}} 1\n", name, BADNESSD_VERSION);
     }},
    {"badnessd_config_info", "gauge",
     "1, with the FNV-1a hash of all settings in force.",
     [](std::string_view name, const Metrics& it) {
       return fmt::format("{}{{hash=\"{}\"}} 1\n", name, it.settings_hash);
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
    {"badnessd_signal_latency_seconds", "histogram",
     "From the reading that fired the trigger to the signal.",
     histogram<&Metrics::latency_us, 1, 1'000'000>},
    {"badnessd_reclaimed_bytes", "histogram",
     "Memory and swap that came back after a kill.",
     histogram<&Metrics::reclaimed_kib, 1024, 1>},
    {"badnessd_stall_seconds_total", "counter",
     "Time since the boot in which some or all (full) tasks waited for memory.",
     stalls},
    {"badnessd_log_lines_dropped_total", "counter",
     "Log lines and journal entries that were lost.",
     value<&Metrics::lost_lines>},
});

}  // namespace

void Histogram::add(std::uint64_t value) noexcept {
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    at_most[i] += value <= bounds[i] ? 1 : 0;
  }
  ++count;
  sum += value;
}

std::span<const Metric> metrics_table() {
  return kMetrics;
}

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
