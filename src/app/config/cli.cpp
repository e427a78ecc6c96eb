// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/config/cli.h"

#include <iostream>
#include <span>

#include <CLI/CLI.hpp>

#include "badnessd/app/config/config.h"
#include "badnessd/app/config/settings.h"

namespace badnessd {
namespace {

constexpr const char* kExitCodes =
    "Exit codes: 0 done, 1 failure, 64 wrong usage, 66 no such process, "
    "decision or\n"
    "            file, 77 no permission, 78 wrong configuration\n";

void add_common(CLI::App& app, Invocation& invocation, bool& once) {
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.set_version_flag("-V,--version", "badnessd " BADNESSD_VERSION,
                       "Print the version and exit");
  app.add_option("-c,--config", invocation.config,
                 "Read settings from FILE (default: " +
                     std::string(kDefaultConfig) + ", if it exists)")
      ->option_text("FILE");
  app.add_option("--set", invocation.assignments,
                 "Set one setting, after the file; may be repeated")
      ->option_text("KEY=VALUE")
      ->allow_extra_args(false);
  app.add_option("--proc-root", invocation.proc_root,
                 "Read this tree instead of " + invocation.proc_root)
      ->option_text("DIR");
  app.add_flag("--dry-run,--dryrun", invocation.dry_run,
               "Do all but the signal; report one victim per incident");
  app.add_flag("--once", once,
               "Audit: one pass as if the trigger had fired; never signals");
  app.add_flag("--json", invocation.json,
               "With --once, scores, status and history: print JSON");
}

void add_limit(CLI::App& command, Invocation& invocation,
               const std::string& help) {
  command.add_option("-n", invocation.limit, help)
      ->option_text("N")
      ->check(CLI::NonNegativeNumber);
}

void add_subcommands(CLI::App& app, Invocation& invocation,
                     const std::vector<std::string>& sort_keys) {
  const auto add = [&](Command command, const char* name, const char* help) {
    CLI::App* subcommand = app.add_subcommand(name, help);
    subcommand->callback([&, command] { invocation.command = command; });
    return subcommand;
  };
  CLI::App* scores =
      add(Command::kScores, "scores", "List processes with their scores");
  add_limit(*scores, invocation,
            "Show the first N; 0 is all (default: 20, with --json all)");
  scores
      ->add_option("--sort", invocation.sort,
                   "Order by " + CLI::detail::join(sort_keys, ", ") +
                       " (default: points)")
      ->option_text("KEY")
      ->check(CLI::IsMember(sort_keys));
  add(Command::kExplain, "explain",
      "Account for every point of one process's score")
      ->add_option("PID", invocation.pid, "The process")
      ->required();
  add(Command::kCheck, "check",
      "Check the settings: their values and where they come from, the "
      "triggers, and what this machine lacks");
  add(Command::kStatus, "status",
      "Show what the running daemon is doing; exit code 0 watching, 1 not "
      "running, 2 degraded");
  CLI::App* history =
      add(Command::kHistory, "history",
          "List past decisions, or show the one with this ID whole");
  history->add_option("ID", invocation.id, "The id of a decision");
  add_limit(*history, invocation, "Show the last N; 0 is all (default: 20)");
}

// Conflicts between options that CLI11 cannot express; empty if there are none.
std::string_view contradiction(const Invocation& invocation, bool once) {
  if (once && invocation.command != Command::kRun) {
    return "--once stands alone; leave it out or the subcommand";
  }
  const Command of = once ? Command::kOnce : invocation.command;
  if (invocation.json && (of == Command::kRun || of == Command::kExplain ||
                          of == Command::kCheck)) {
    return "--json goes with --once, scores, status and history; the steps of "
           "each score are in that of scores, and check has an exit code";
  }
  return {};
}

}  // namespace

tl::expected<Invocation, int> parse_command_line(
    int argc, const char* const* argv,
    const std::vector<std::string>& sort_keys) {
  Invocation invocation;
  bool once = false;
  CLI::App app(
      "badnessd: a userspace OOM killer that judges as Linux 2.6.32 did.\n"
      "Without a subcommand it runs in the foreground and acts when its "
      "trigger holds.\n",
      "badnessd");
  app.footer("\n" + options_help() + "\n" + kExitCodes);
  app.fallthrough();  // permits common options after the subcommand
  app.require_subcommand(0, 1);
  add_common(app, invocation, once);
  add_subcommands(app, invocation, sort_keys);

  // CLI11 reports errors and --help by exceptions. All are caught here.
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    for (const std::string_view word :
         std::span(argv, static_cast<std::size_t>(argc))) {
      const std::string_view name = word.substr(0, word.find('='));
      if (const auto instead = instead_of(name); !instead.empty()) {
        std::cerr << "badnessd: " << name << " is gone: " << instead << '\n';
        return tl::unexpected(kExitUsage);
      }
    }
    return tl::unexpected(app.exit(error) == 0 ? kExitOk : kExitUsage);
  }
  if (const auto why = contradiction(invocation, once); !why.empty()) {
    std::cerr << "badnessd: " << why << '\n';
    return tl::unexpected(kExitUsage);
  }
  if (once) {
    invocation.command = Command::kOnce;
  }
  return invocation;
}

}  // namespace badnessd
