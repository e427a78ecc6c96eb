// SPDX-License-Identifier: GPL-2.0-only
#include "command_help.h"

#include <regex>
#include <sstream>

#include <gtest/gtest.h>

#include "badnessd/app/config/cli.h"
#include "badnessd/app/report/process.h"

namespace badnessd::test {
namespace {

// The lines below `title`, up to an empty one.
std::vector<std::string> lines_below(const std::string& title,
                                     std::vector<const char*> words) {
  words.insert(words.begin(), "badnessd");
  testing::internal::CaptureStdout();
  static_cast<void>(parse_command_line(static_cast<int>(words.size()),
                                       words.data(), sort_keys()));
  std::istringstream help(testing::internal::GetCapturedStdout());
  std::vector<std::string> lines;
  bool inside = false;
  for (std::string line; std::getline(help, line);) {
    if (inside && line.empty()) {
      break;
    }
    if (inside) {
      lines.push_back(line);
    }
    inside = inside || line == title;
  }
  return lines;
}

std::vector<std::string> options_in(const std::vector<std::string>& lines) {
  const std::regex name("^ +(-[^ ,]+)(?:,(-[^ ,]+))?");
  std::vector<std::string> options;
  std::smatch found;
  for (const std::string& line : lines) {
    if (std::regex_search(line, found, name)) {
      for (std::size_t i = 1; i < found.size() && found[i].matched; ++i) {
        options.push_back(found[i]);
      }
    }
  }
  return options;
}

}  // namespace

std::vector<CommandHelp> command_help() {
  std::vector<CommandHelp> commands{
      {"", options_in(lines_below("Options:", {"--help"}))}};
  for (const std::string& line : lines_below("Subcommands:", {"--help"})) {
    std::istringstream words(line);
    CommandHelp command;
    words >> command.name;
    for (const std::string& option : options_in(
             lines_below("Options:", {command.name.c_str(), "--help"}))) {
      if (option != "-h" && option != "--help") {
        command.options.push_back(option);
      }
    }
    commands.push_back(std::move(command));
  }
  return commands;
}

}  // namespace badnessd::test
