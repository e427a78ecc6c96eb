// SPDX-License-Identifier: GPL-2.0-only
// README.md shows what the program prints: every line of its samples stands in
// an expected output of tests/golden, which the real program has to print. Its
// lists of JSON fields are those of the source.
#include <cstdlib>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "badnessd/app/check/check.h"
#include "badnessd/app/config/options.h"
#include "badnessd/app/report/explain.h"
#include "badnessd/app/report/json.h"
#include "badnessd/app/report/once.h"
#include "badnessd/app/report/process.h"
#include "badnessd/app/report/record.h"
#include "badnessd/app/report/status.h"
#include "badnessd/engine/badness.h"
#include "snapshots.h"
#include "tree.h"

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

std::string table_of(const std::vector<FieldText>& fields) {
  std::string table = "| field | |\n|---|---|\n";
  for (const FieldText& field : fields) {
    table += "| `" + std::string(field.key) + "` | " + std::string(field.text) +
             " |\n";
  }
  return table;
}

// `readme` with `table` between "<!-- fields: NAME -->" and the next mark.
std::string with_table(const std::string& readme, const std::string& name,
                       const std::string& table) {
  const std::string mark = "<!-- fields: " + name + " -->\n";
  const auto at = readme.find(mark);
  EXPECT_NE(at, std::string::npos) << mark;
  const auto begin = at + mark.size();
  return readme.substr(0, begin) + table +
         readme.substr(readme.find("<!-- end -->", begin));
}

// With BADNESSD_UPDATE_GOLDEN in the environment the lists are rewritten.
TEST(Readme, ListsTheFieldsOfTheTables) {
  const std::string path = SOURCE_DIR "/README.md";
  const std::string readme = test::contents_of(path);
  std::string expected = readme;
  for (const auto& [name, fields] :
       std::vector<std::pair<std::string, std::vector<FieldText>>>{
           {"report", report_fields()},
           {"process", process_fields()},
           {"once", once_fields()},
           {"explain", explain_fields()},
           {"check", check_fields()},
           {"status", status_fields()},
           {"record", record_fields()}}) {
    expected = with_table(expected, name, table_of(fields));
  }
  if (std::getenv("BADNESSD_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << expected;
  } else {
    EXPECT_EQ(readme, expected);
  }
}

// Every key below `json`.
void collect_keys(const Json& json, std::set<std::string>& keys) {
  for (const auto& [key, value] : json.items()) {
    if (json.is_object()) {
      keys.insert(key);
    }
    if (value.is_structured()) {
      collect_keys(value, keys);
    }
  }
}

// Those of the objects inside too, which a description names.
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
  collect_keys(record_json(decision, policy, "id"), keys);
  EXPECT_GT(keys.size(), 50U);
  const std::string fields =
      table_of(record_fields()) + table_of(process_fields());
  for (const std::string& key : keys) {
    EXPECT_NE(fields.find("`" + key + "`"), std::string::npos) << key;
  }
}

}  // namespace
}  // namespace badnessd
