// SPDX-License-Identifier: GPL-2.0-only
// Judges the kernel's out-of-memory kills again, from the capture taken before
// them and the kernel's own dump of tasks at each: the chosen process, its
// score, and the killed process.
#include <cstdio>
#include <set>
#include <string>

#include "badnessd/app/report/report.h"
#include "badnessd/system/proc/proc_text.h"
#include "capture.h"
#include "console.h"
#include "overlay.h"
#include "replay.h"
#include "tool.h"
#include "truth.h"

namespace badnessd::kernel26 {
namespace {

void print_mismatch(const Kill& kill, const Replay& replay) {
  Divisors divisors;
  for (const Hog& hog : replay.hogs()) {
    divisors[hog.pid] = hog.most_divisor;
  }
  const Answer ours = replay.answer(kill, replay.first_moment(), divisors);
  std::printf("mismatch %s: the kernel chose %d with score %llu and killed %d",
              task_text(kill.chosen, kill.chosen_name).c_str(), kill.chosen,
              static_cast<unsigned long long>(kill.score), kill.killed);
  if (ours.waits) {
    std::printf(", badnessd waits\n");
  } else {
    std::printf(", badnessd chooses %d with score %llu and kills %d\n",
                ours.chosen, static_cast<unsigned long long>(ours.score),
                ours.killed);
  }
}

// What the kernel's answer says about that which the log leaves open.
void print_undetermined(const Kill& kill, const Replay& replay,
                        const std::vector<Hog>& before) {
  std::printf("undetermined %s: score %llu",
              task_text(kill.chosen, kill.chosen_name).c_str(),
              static_cast<unsigned long long>(kill.score));
  bool named = false;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const Hog& hog = replay.hogs()[i];
    if (hog.least_divisor == before[i].least_divisor &&
        hog.pid != kill.chosen) {
      continue;
    }
    std::printf("%s hog %d had used %.1f s of CPU", named ? " and" : " if",
                hog.pid, replay.cpu_seconds(hog.least_divisor));
    if (hog.pid == kill.chosen) {
      std::printf(" to %.1f s", replay.cpu_seconds(hog.least_divisor + 1));
    } else {
      std::printf(" or more");
    }
    std::printf(" (of %llu s that it lived)",
                static_cast<unsigned long long>(hog.life_s));
    named = true;
  }
  std::printf("%s\n", named ? "" : " by the time of the kill");
}

Result<Snapshot> read_base(const Capture& capture,
                           const std::vector<Origin>& origins) {
  const auto path = capture.root / "uptime";
  const auto text = read_text(path);
  if (!text) {
    return tl::unexpected(text.error());
  }
  const auto uptime = parse_uptime(*text);
  if (!uptime) {
    return tl::unexpected(path.string() + ": no uptime");
  }
  Moment moment;
  moment.uptime_s = *uptime;
  return overlaid(capture, origins, kAllFacts, moment);
}

// A process that is neither captured nor a hog is judged as one, whose CPU time
// is taken for none.
void warn_of_strangers(const Console& console, const Capture& capture) {
  std::set<std::int32_t> known;
  for (const HogNote& hog : console.hogs) {
    known.insert(hog.pid);
  }
  for (const Task& task : capture.snapshot.tasks) {
    known.insert(task.id.pid);
  }
  for (const Kill& kill : console.kills) {
    for (const DumpRow& row : kill.dump) {
      if (known.insert(row.pid).second) {
        warn(task_text(row.pid, row.name) + " is in a dump, but not captured");
      }
    }
  }
}

int replay_all(const Console& console, Replay& replay) {
  std::size_t determined = 0;
  std::size_t undetermined = 0;
  for (const Kill& kill : console.kills) {
    const std::vector<Hog> before = replay.hogs();
    switch (replay.judge(kill)) {
      case Verdict::kDetermined:
        ++determined;
        break;
      case Verdict::kUndetermined:
        ++undetermined;
        print_undetermined(kill, replay, before);
        break;
      case Verdict::kMismatch:
        print_mismatch(kill, replay);
        break;
    }
  }
  const std::size_t matched = determined + undetermined;
  std::printf("determined %zu, undetermined %zu\n", determined, undetermined);
  std::printf("%zu/%zu\n", matched, console.kills.size());
  return matched == console.kills.size() ? kExitMatch : kExitMismatch;
}

int run(const Options& options) {
  const auto log = read_text(options.directory / "x_console.log");
  if (!log) {
    return unusable(log.error());
  }
  const Console console = parse_console(*log);
  if (console.kills.empty()) {
    return unusable((options.directory / "x_console.log").string() +
                    ": no kill after the capture");
  }
  const auto capture = read_capture(options.directory, options.hz);
  if (!capture) {
    return unusable(capture.error());
  }
  const auto origins = resolve_truth(*capture);
  const auto base = read_base(*capture, origins);
  if (!base) {
    return unusable(base.error());
  }
  warn_of_strangers(console, *capture);
  Replay replay(*capture, *base, console);
  return replay_all(console, replay);
}

}  // namespace
}  // namespace badnessd::kernel26

int main(int argc, char** argv) {
  namespace k26 = badnessd::kernel26;
  const auto options = k26::parse_options(argc, argv, false);
  return options ? k26::run(*options) : k26::unusable(options.error());
}
