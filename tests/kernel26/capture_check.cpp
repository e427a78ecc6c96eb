// SPDX-License-Identifier: GPL-2.0-only
// Compares badness() with the scores that a 2.6.32 kernel gave: with the
// recorder's facts in place it must be equal for all; with --proc-only every
// miss must have a cause in what /proc does not show.
#include <bit>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "badnessd/app/report/report.h"
#include "badnessd/engine/badness.h"
#include "badnessd/system/proc/proc_text.h"
#include "capture.h"
#include "overlay.h"
#include "tool.h"
#include "truth.h"

namespace badnessd::kernel26 {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPlainPass = "oom_score";
constexpr std::string_view kSecondPass = "x_oom_score2";
constexpr std::string_view kNodePass = "x_oom_score_reader_";

// The kernel was asked about every process once.
struct Pass {
  std::string name;  // of the file with the answer in each process
  Moment moment;
  std::map<std::int32_t, Points> answers;  // by pid
};

std::set<std::string> pass_names(const fs::path& root) {
  std::set<std::string> names;
  for (const std::int32_t pid : numbers_in(root)) {
    std::error_code error;
    for (const auto& entry :
         fs::directory_iterator(root / std::to_string(pid), error)) {
      const std::string name = entry.path().filename();
      if (name == kPlainPass || name.starts_with("x_oom_score")) {
        names.insert(name);
      }
    }
  }
  return names;
}

Result<Moment> read_moment(const fs::path& root, const std::string& name) {
  std::string uptime_file = "uptime";
  Moment moment;
  if (name == kSecondPass) {
    uptime_file = "x_uptime2";
  } else if (name != kPlainPass) {
    const std::string node = name.substr(kNodePass.size());
    uptime_file = "x_uptime_reader_" + node;
    const fs::path status = root / ("x_reader_" + node + "_status");
    moment.reader_nodes = read_nodes(status);
    if (!moment.reader_nodes) {
      return tl::unexpected(status.string() + ": no Mems_allowed");
    }
  }
  const auto text = read_text(root / uptime_file);
  if (!text) {
    return tl::unexpected(text.error());
  }
  const auto uptime = parse_uptime(*text);
  if (!uptime) {
    return tl::unexpected((root / uptime_file).string() + ": no uptime");
  }
  moment.uptime_s = *uptime;
  if (const auto ns = read_number(root / ("x_readercpu_" + name))) {
    moment.reader_cpu_ns = *ns;
  }
  return moment;
}

Result<Pass> read_pass(const fs::path& root, const std::string& name) {
  auto moment = read_moment(root, name);
  if (!moment) {
    return tl::unexpected(moment.error());
  }
  Pass pass;
  pass.name = name;
  pass.moment = *moment;
  for (const std::int32_t pid : numbers_in(root)) {
    const fs::path path = root / std::to_string(pid) / name;
    std::error_code error;
    if (!fs::exists(path, error)) {
      continue;
    }
    const auto answer = read_number(path);
    if (!answer) {
      return tl::unexpected(answer.error());
    }
    pass.answers[pid] = *answer;
  }
  return pass;
}

struct Tally {
  std::size_t matched = 0;
  std::size_t total = 0;
  bool explained = true;  // every miss has a cause
};

Score score_of(const Capture& capture, const Snapshot& snapshot,
               std::size_t index) {
  const Task& task = snapshot.tasks[index];
  const Verdict verdict = first_verdict(task, Threads::kLeader);
  return badness(snapshot, {task, verdict}, {.hz = capture.hz});
}

void print_mismatch(const Capture& capture, const Snapshot& snapshot,
                    const Pass& pass, std::int32_t pid, Points expected) {
  const std::size_t index = find_task(snapshot, pid);
  if (index == snapshot.tasks.size()) {
    std::printf("%s %d: expected %llu, but it was not read\n",
                pass.name.c_str(), pid,
                static_cast<unsigned long long>(expected));
    return;
  }
  const Task& task = snapshot.tasks[index];
  const Score score = score_of(capture, snapshot, index);
  std::printf("%s %s: expected %llu, computed %llu: %s\n", pass.name.c_str(),
              task_text(task).c_str(),
              static_cast<unsigned long long>(expected),
              static_cast<unsigned long long>(score.points()),
              ledger_text(score).c_str());
}

Tally check_pass(const Capture& capture, const std::vector<Origin>& origins,
                 const Pass& pass) {
  const Snapshot snapshot = overlaid(capture, origins, kAllFacts, pass.moment);
  Tally tally{.total = pass.answers.size()};
  for (const auto& [pid, expected] : pass.answers) {
    const std::size_t index = find_task(snapshot, pid);
    if (index < snapshot.tasks.size() &&
        score_of(capture, snapshot, index).points() == expected) {
      ++tally.matched;
    } else {
      print_mismatch(capture, snapshot, pass, pid, expected);
    }
  }
  return tally;
}

// The least set of facts that gives `expected`; none: no set does.
std::optional<std::uint32_t> find_cause(const std::vector<Snapshot>& with_facts,
                                        const Capture& capture,
                                        std::size_t index, Points expected) {
  std::optional<std::uint32_t> least;
  for (std::uint32_t facts = 0; facts <= kAllFacts; ++facts) {
    if (score_of(capture, with_facts[facts], index).points() == expected &&
        (!least || std::popcount(facts) < std::popcount(*least))) {
      least = facts;
    }
  }
  return least;
}

std::string cause_text(std::uint32_t facts) {
  std::string text;
  for (const Cause& cause : kCauses) {
    if ((facts & cause.fact) != 0) {
      text += text.empty() ? "" : "; ";
      text += cause.text;
    }
  }
  return text;
}

Tally check_proc_only(const Capture& capture,
                      const std::vector<Origin>& origins, const Pass& pass) {
  std::vector<Snapshot> with_facts;
  for (std::uint32_t facts = 0; facts <= kAllFacts; ++facts) {
    with_facts.push_back(overlaid(capture, origins, facts, pass.moment));
  }
  const std::size_t count = capture.snapshot.tasks.size();
  Tally tally{.total = pass.answers.size()};
  for (const auto& [pid, expected] : pass.answers) {
    const std::size_t index = find_task(capture.snapshot, pid);
    const auto cause = index < count
                           ? find_cause(with_facts, capture, index, expected)
                           : std::nullopt;
    if (cause == kNoFacts) {
      ++tally.matched;
    } else if (cause) {
      std::printf("miss %d: %s\n", pid, cause_text(*cause).c_str());
    } else {
      std::printf("miss %d: no cause found\n", pid);
      print_mismatch(capture, with_facts[kAllFacts], pass, pid, expected);
      tally.explained = false;
    }
  }
  return tally;
}

Result<std::vector<Pass>> read_passes(const Options& options) {
  std::vector<Pass> passes;
  std::optional<Pass> plain;
  for (const std::string& name : pass_names(options.directory)) {
    if (options.proc_only && name != kPlainPass) {
      continue;
    }
    if (name != kPlainPass && name != kSecondPass &&
        !name.starts_with(kNodePass)) {
      warn("ignoring the files " + escaped(name) +
           ": their circumstances are not known");
      continue;
    }
    auto pass = read_pass(options.directory, name);
    if (!pass) {
      return tl::unexpected(pass.error());
    }
    if (name == kPlainPass) {
      plain = std::move(*pass);
    } else {
      passes.push_back(std::move(*pass));
    }
  }
  if (!plain) {
    return tl::unexpected(options.directory.string() +
                          ": no process has an oom_score");
  }
  passes.push_back(std::move(*plain));  // its result is the last line
  return passes;
}

int run(const Options& options) {
  const auto capture = read_capture(options.directory, options.hz);
  if (!capture) {
    return unusable(capture.error());
  }
  const auto passes = read_passes(options);
  if (!passes) {
    return unusable(passes.error());
  }
  const auto origins = resolve_truth(*capture);
  bool good = true;
  for (const Pass& pass : *passes) {
    const Tally tally = options.proc_only
                            ? check_proc_only(*capture, origins, pass)
                            : check_pass(*capture, origins, pass);
    good &= options.proc_only ? tally.explained : tally.matched == tally.total;
    if (pass.name != kPlainPass) {
      std::printf("pass %s: ", pass.name.c_str());
    }
    std::printf("%zu/%zu\n", tally.matched, tally.total);
  }
  return good ? kExitMatch : kExitMismatch;
}

}  // namespace
}  // namespace badnessd::kernel26

int main(int argc, char** argv) {
  namespace k26 = badnessd::kernel26;
  const auto options = k26::parse_options(argc, argv, true);
  return options ? k26::run(*options) : k26::unusable(options.error());
}
