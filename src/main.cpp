// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/commands.h"
#include "badnessd/app/config/cli.h"
#include "badnessd/app/config/config.h"
#include "badnessd/app/report/process.h"

int main(int argc, char** argv) {
  const auto invocation =
      badnessd::parse_command_line(argc, argv, badnessd::sort_keys());
  if (!invocation) {
    return invocation.error();
  }
  if (invocation->command == badnessd::Command::kStatus) {
    return badnessd::show_status(*invocation);
  }
  if (invocation->command == badnessd::Command::kHistory) {
    return badnessd::show_history(*invocation);
  }
  const auto loaded =
      badnessd::load_settings(invocation->config, invocation->assignments);
  if (!loaded) {
    return badnessd::fail(loaded.error().exit_code, loaded.error().message);
  }
  const auto source = badnessd::open_source(*invocation, loaded->settings);
  if (!source) {
    return source.error();
  }
  const auto killer = badnessd::choose_killer(*invocation, **source);
  if (!killer) {
    return killer.error();
  }
  return badnessd::run_command(*invocation, *loaded, **source, **killer);
}
