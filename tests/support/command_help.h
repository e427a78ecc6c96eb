// SPDX-License-Identifier: GPL-2.0-only
// What can stand on the command line, from what --help prints.
#pragma once

#include <string>
#include <vector>

namespace badnessd::test {

struct CommandHelp {
  std::string name;                  // empty: the options of all commands
  std::vector<std::string> options;  // "-c", "--config"
};
[[nodiscard]] std::vector<CommandHelp> command_help();

}  // namespace badnessd::test
