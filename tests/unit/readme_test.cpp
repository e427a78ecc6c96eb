// SPDX-License-Identifier: GPL-2.0-only
// README.md shows what the program prints, and its commands work: every line of
// its samples stands in an expected output of tests/golden, which the real
// program has to print, or in what it makes of a status and a record that a
// daemon in a guest wrote (tests/vm/servers.sh, python). The blocks of commands
// are run by .ci/run and by the guest's cases.
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "badnessd/app/config/cli.h"
#include "badnessd/app/config/config.h"
#include "badnessd/app/report/process.h"
#include "badnessd/app/report/record.h"
#include "badnessd/app/report/status.h"
#include "tree.h"

namespace badnessd {
namespace {

std::vector<std::string> lines_of(std::istream&& text) {
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> lines_of_file(const std::string& path) {
  return lines_of(std::ifstream(SOURCE_DIR "/" + path));
}

struct Block {
  std::string mark;      // the line before the fence
  std::string language;  // after the fence
  std::vector<std::string> lines;
};

// The fenced blocks.
std::vector<Block> blocks_of(const std::vector<std::string>& readme) {
  std::vector<Block> blocks;
  bool fenced = false;
  std::string before;
  for (const std::string& line : readme) {
    if (line.starts_with("```")) {
      fenced = !fenced;
      if (fenced) {
        blocks.push_back({before, line.substr(3), {}});
      }
    } else if (fenced) {
      blocks.back().lines.push_back(line);
    }
    before = line;
  }
  return blocks;
}

// What `badnessd status` and `badnessd history` print of stored files.
std::string status_and_history() {
  constexpr Micros kAge = 2 * kSecond;
  const Json status =
      Json::parse(test::contents_of(SOURCE_DIR "/tests/golden/status.json"));
  const Micros now = status.at("written_us").get<Micros>() + kAge;
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  const auto past = parse_record(
      test::contents_of(SOURCE_DIR "/tests/golden/last-kill.json"));
  return status_text(status, health_of(status, true, now), now) +
         (past ? history_table({past->row}, {}) : "");
}

TEST(Readme, ShowsWhatTheProgramPrints) {
  std::set<std::string> printed{"[…]"};
  const auto add = [&printed](const std::vector<std::string>& lines) {
    printed.insert(lines.begin(), lines.end());
  };
  add(lines_of_file("tests/golden/once.txt"));
  add(lines_of_file("tests/golden/explain_children.txt"));
  add(lines_of(std::istringstream(status_and_history())));
  std::size_t samples = 0;
  for (const Block& block : blocks_of(lines_of_file("README.md"))) {
    if (block.language.empty()) {
      for (const std::string& line : block.lines) {
        samples += line.starts_with("$ badnessd") ? 1 : 0;
        EXPECT_TRUE(line.starts_with("$ badnessd") || printed.contains(line))
            << line;
      }
    }
  }
  EXPECT_EQ(samples, 3U);
}

// A block of commands stands below a comment that names what runs it: a step of
// .ci/run, a case of the guest, or tests/support/install.cmake.
TEST(Readme, ItsBlocksOfCommandsAreRun) {
  const std::string gate = test::contents_of(SOURCE_DIR "/.ci/run");
  const std::regex mark("<!-- (ci|guest|cmake): ([a-z.]+) -->");
  std::size_t count = 0;
  for (const Block& block : blocks_of(lines_of_file("README.md"))) {
    if (block.language != "sh") {
      continue;
    }
    ++count;
    std::smatch found;
    ASSERT_TRUE(std::regex_match(block.mark, found, mark)) << block.mark;
    const std::string name = found[2];
    if (found[1] == "ci") {
      EXPECT_NE(gate.find("readme " + name + ")"), std::string::npos) << name;
    } else {
      const std::string path = found[1] == "guest"
                                   ? "tests/vm/guest/cases/" + name + ".sh"
                                   : "tests/support/" + name;
      EXPECT_FALSE(lines_of_file(path).empty()) << path;
    }
  }
  EXPECT_EQ(count, 4U);
}

// Those in the text and its table.
TEST(Readme, ItsCommandsAreKnown) {
  const std::string readme = test::contents_of(SOURCE_DIR "/README.md");
  const std::regex command("(?:`|\\$ )badnessd( [^`\n]*)?");
  std::size_t count = 0;
  for (std::sregex_iterator it(readme.begin(), readme.end(), command), end;
       it != end; ++it) {
    ++count;
    std::string text = (*it)[1];
    text = std::regex_replace(text, std::regex("PID"), "1");
    text = std::regex_replace(text, std::regex("[\\[\\]]"), "");
    std::istringstream stream(text);
    std::vector<std::string> words{"badnessd"};
    for (std::string word; stream >> word;) {
      words.push_back(word);
    }
    std::vector<const char*> argv;
    argv.reserve(words.size());
    for (const std::string& word : words) {
      argv.push_back(word.c_str());
    }
    EXPECT_TRUE(parse_command_line(static_cast<int>(argv.size()), argv.data(),
                                   sort_keys()))
        << text;
  }
  EXPECT_GT(count, 9U);
}

TEST(Readme, ItsSettingsAreValid) {
  std::size_t count = 0;
  for (const Block& block : blocks_of(lines_of_file("README.md"))) {
    if (block.language == "toml") {
      ++count;
      std::string text;
      for (const std::string& line : block.lines) {
        text += line + "\n";
      }
      LoadedSettings loaded;
      const auto applied = apply_toml(loaded, text, "README.md");
      EXPECT_TRUE(applied) << applied.error().message;
    }
  }
  EXPECT_EQ(count, 1U);
}

}  // namespace
}  // namespace badnessd
