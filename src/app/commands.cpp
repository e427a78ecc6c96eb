// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/commands.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include <fmt/core.h>

#include "badnessd/app/check/check.h"
#include "badnessd/app/config/config.h"
#include "badnessd/app/daemon/daemon.h"
#include "badnessd/app/daemon/run.h"
#include "badnessd/app/report/process.h"
#include "badnessd/app/report/report.h"
#include "badnessd/cycle/cycle.h"
#include "badnessd/cycle/judge.h"
#include "badnessd/engine/kernel26.h"

namespace badnessd {
namespace {

int cannot_read(const Error& error) {
  return fail(kExitFailure,
              fmt::format("cannot read this system: {}", error_text(error)));
}

int run_scores(const Invocation& invocation, const Policy& policy,
               const Snapshot& snapshot) {
  constexpr std::size_t kShown = 20;
  const std::size_t limit =
      invocation.limit.value_or(invocation.json ? 0 : kShown);
  if (!invocation.json) {
    return print(scores_table(snapshot, policy,
                              {.sort = invocation.sort, .limit = limit},
                              stdout_style()));
  }
  auto order = sorted_tasks(snapshot, policy, invocation.sort);
  order.resize(limit == 0 ? order.size() : std::min(limit, order.size()));
  return print(dumped(report_json(snapshot, order, policy)));
}

int run_explain(const Invocation& invocation, const Policy& policy,
                const Snapshot& snapshot) {
  const std::size_t found = find_task(snapshot, invocation.pid);
  if (found == snapshot.tasks.size()) {
    return fail(kExitNoInput,
                fmt::format("there is no process {}; 'badnessd scores -n 0' "
                            "lists those that there are",
                            invocation.pid));
  }
  const auto index = static_cast<std::uint32_t>(found);
  return print(explain_text(snapshot, index, policy, stdout_style()));
}

int run_once(const Invocation& invocation, const LoadedSettings& loaded,
             const Policy& policy, ProcfsSource& source, Killer& killer) {
  CycleState state(policy);
  state.once = true;
  state.identities.look_at_all(source.sources(), policy, state.census);
  const CycleResult result = run_cycle(source.sources(), policy, killer, state);
  if (result.kind == CycleResult::Kind::kSampleLost) {
    return cannot_read(result.error);
  }
  // The decision is final; the report also shows the other tasks.
  judge_all({source.sources(), policy, state.census});
  return print(invocation.json
                   ? dumped(once_json(result, state, policy))
                   : section("settings", {loaded.origin}) +
                         once_text(result, state, policy, stdout_style()));
}

int run_check(const LoadedSettings& loaded, ProcfsSource& source) {
  const auto result = check(loaded, source, stdout_style());
  if (!result) {
    return cannot_read(result.error());
  }
  const int printed = print(result->text);
  return result->clean ? printed : kExitFailure;
}

}  // namespace

int fail(int exit_code, const std::string& message) {
  std::fputs(fmt::format("badnessd: {}\n", message).c_str(), stderr);
  return exit_code;
}

int print(const std::string& text) {
  const bool written =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  return written && std::fflush(stdout) == 0 ? kExitOk : kExitFailure;
}

tl::expected<std::unique_ptr<ProcfsSource>, int> open_source(
    const Invocation& invocation, const Settings& settings) {
  const ProcfsOptions options{
      .hz = settings.policy.score.hz,
      .cgroup_root = invocation.proc_root == Invocation{}.proc_root
                         ? kCgroupRoot
                         : nullptr};
  auto source = ProcfsSource::open(invocation.proc_root.c_str(), options);
  if (source) {
    return std::move(*source);
  }
  const std::string root = escaped(invocation.proc_root);
  const Error& error = source.error();
  if (error.code == ENODATA) {
    return tl::unexpected(fail(
        kExitNoInput,
        fmt::format("{} is no tree of processes: there is neither 'self' nor "
                    "'1' with a readable status in it",
                    root)));
  }
  return tl::unexpected(
      fail(error.code == EACCES ? kExitPermission : kExitNoInput,
           fmt::format("cannot use {}: {}", root, error_text(error))));
}

tl::expected<std::unique_ptr<Killer>, int> choose_killer(
    const Invocation& invocation, ProcfsSource& source) {
  if (invocation.command != Command::kRun || invocation.dry_run) {
    return std::make_unique<DryRunKiller>();
  }
  if (!source.live()) {
    return tl::unexpected(
        fail(kExitUsage,
             fmt::format("the processes below {} are not this system's: add "
                         "--dry-run",
                         escaped(invocation.proc_root))));
  }
  if ((source.reference_caps() & kCapKill) == 0) {
    return tl::unexpected(
        fail(kExitPermission,
             "killing other users' processes needs CAP_KILL: run as root, or "
             "with --dry-run to see what would be done"));
  }
  return std::make_unique<PidfdKiller>(source.root_fd(), source.stats(),
                                       source.self_pid(), ::getppid());
}

int run_command(const Invocation& invocation, const LoadedSettings& loaded,
                ProcfsSource& source, Killer& killer) {
  if (invocation.command == Command::kRun) {
    const Service service =
        invocation.dry_run ? dry_run_service() : system_service();
    return run_daemon(source, loaded, killer, service, [&invocation] {
      return load_settings(invocation.config, invocation.assignments);
    });
  }
  if (invocation.command == Command::kCheck) {
    return run_check(loaded, source);
  }
  // Scores do not depend on the amount of memory, so a failed reading is no
  // error here.
  const auto reading = source.read_pressure_once();
  Policy policy = loaded.settings.policy;
  policy.machine = source.machine(reading);
  if (invocation.command == Command::kOnce) {
    return run_once(invocation, loaded, policy, source, killer);
  }
  Identities identities;
  Census census;
  identities.look_at_all(source.sources(), policy, census);
  const auto read = survey({source.sources(), policy, census},
                           reading.value_or(PressureReading()));
  if (!read) {
    return cannot_read(read.error());
  }
  return invocation.command == Command::kScores
             ? run_scores(invocation, policy, census.table())
             : run_explain(invocation, policy, census.table());
}

}  // namespace badnessd
