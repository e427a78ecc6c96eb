// SPDX-License-Identifier: GPL-2.0-only
// README.md shows what the program prints: every line of its samples stands in
// an expected output of tests/golden, which the real program has to print.
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "badnessd/app/config/options.h"
#include "badnessd/app/report/record.h"
#include "badnessd/engine/badness.h"
#include "snapshots.h"

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

// Every key below `json`.
void collect_keys(const nlohmann::json& json, std::set<std::string>& keys) {
  for (const auto& [key, value] : json.items()) {
    if (json.is_object()) {
      keys.insert(key);
    }
    if (value.is_structured()) {
      collect_keys(value, keys);
    }
  }
}

TEST(Readme, NamesEveryFieldOfTheRecord) {
  Policy policy;
  policy.triggers = default_triggers();
  Decision decision;
  decision.reading.psi_some = decision.reading.psi_full = PsiLine{};
  decision.stalls = PressureHistory::Share{};
  decision.storm = Storm{};
  decision.loss = Loss{};
  decision.pool = Pool{};
  decision.score = badness(
      Snapshot{}, test::judged(test::user_task(10, 1)).view(), policy.score);
  std::set<std::string> keys;
  collect_keys(nlohmann::json::parse(record_json(decision, policy, "id")),
               keys);
  EXPECT_GT(keys.size(), 50U);
  std::string readme;
  for (const std::string& line : lines_of(SOURCE_DIR "/README.md")) {
    readme += line + "\n";
  }
  readme = readme.substr(readme.find("The record of a decision"));
  readme = readme.substr(0, readme.find("## Fidelity"));
  for (const std::string& key : keys) {
    EXPECT_NE(readme.find("`" + key + "`"), std::string::npos) << key;
  }
}

}  // namespace
}  // namespace badnessd
