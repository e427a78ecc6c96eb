// SPDX-License-Identifier: GPL-2.0-only
// README.md shows what the program prints: every line of its samples stands in
// an expected output of tests/golden, which the real program has to print.
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace badnessd {
namespace {

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(line);
  }
  return lines;
}

// The lines of the blocks that begin with "$ badnessd", without that one and
// the marks of omission.
std::vector<std::string> sample_lines(const std::vector<std::string>& readme) {
  std::vector<std::string> samples;
  bool fenced = false;
  bool sample = false;
  for (const std::string& line : readme) {
    if (line.starts_with("```")) {
      fenced = !fenced;
      sample = false;
    } else if (fenced && line.starts_with("$ badnessd")) {
      sample = true;
    } else if (sample && line != "[…]") {
      samples.push_back(line);
    }
  }
  return samples;
}

TEST(Readme, ShowsWhatTheProgramPrints) {
  std::set<std::string> printed;
  for (const char* name : {"once", "explain_children"}) {
    for (const std::string& line :
         lines_of(std::string(SOURCE_DIR "/tests/golden/") + name + ".txt")) {
      printed.insert(line);
    }
  }
  const std::vector<std::string> samples =
      sample_lines(lines_of(SOURCE_DIR "/README.md"));
  EXPECT_GT(samples.size(), 12U);
  for (const std::string& line : samples) {
    EXPECT_TRUE(printed.contains(line)) << line;
  }
}

}  // namespace
}  // namespace badnessd
