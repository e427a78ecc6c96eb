// SPDX-License-Identifier: GPL-2.0-only
#include <cstdlib>
#include <ctime>

#include <gtest/gtest.h>

#include "badnessd/app/report/record.h"
#include "decisions.h"

namespace badnessd {
namespace {

class HistoryTest : public testing::Test {
 protected:
  HistoryTest() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }
  ~HistoryTest() override {
    ::unsetenv("TZ");
    ::tzset();
  }
  static Json record_of(const Decision& decision,
                        const std::string& id = "64e3db8bfc400-1") {
    return record_json(decision, test::default_policy(), id);
  }
  static std::vector<std::string> row_of(const Decision& decision) {
    const auto parsed = parse_record(record_of(decision).dump());
    return parsed ? parsed->row : std::vector<std::string>();
  }
  using Row = std::vector<std::string>;

  Decision decision = test::ended(test::decision_on("db"));
};

TEST_F(HistoryTest, ARowSaysWhenWhoWhatAndHowFast) {
  decision.loss = Loss{};
  decision.victim.verdict.took_kib = 1536;
  EXPECT_EQ(row_of(decision),
            (Row{"64e3db8bfc400-1", "2026-03-30 13:20:59", "11 (db)", "1.5 MiB",
                 "1.0 GiB", "2.5 ms", "20.0 ms", "30.0 ms", "exhausted"}));
}

TEST_F(HistoryTest, WhatIsNotKnownIsADash) {
  EXPECT_EQ(row_of(decision).at(3), "-");
  decision.end = Decision::End::kStillAlive;
  decision.exited_us = decision.memory_back_us = 0;
  const Row row = row_of(decision);
  EXPECT_EQ(Row(row.begin() + 4, row.end()),
            (Row{"-", "2.5 ms", "-", "-", "exhausted: still_alive"}));
}

TEST_F(HistoryTest, AStormTookWhatItsMembersTook) {
  decision.loss = Loss{};
  decision.storm = Storm{};
  decision.storm->took_kib = 2048;
  EXPECT_EQ(row_of(decision).at(3), "2.0 MiB");
}

TEST_F(HistoryTest, ADecisionHasItsWholeRecord) {
  const Json record = record_of(decision);
  const auto parsed = parse_record(record.dump() + "\n");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->record, record);
  EXPECT_EQ(parsed->id, "64e3db8bfc400-1");
  EXPECT_EQ(parsed->sentences.size(), record.at("sentences").size());
}

TEST_F(HistoryTest, WhatIsNoWholeRecordIsNone) {
  const std::string whole = record_of(decision).dump();
  ASSERT_TRUE(parse_record(whole));
  for (std::size_t length = 0; length < whole.size(); length += 37) {
    EXPECT_FALSE(parse_record(whole.substr(0, length))) << length;
  }
  EXPECT_FALSE(parse_record(whole + whole));
  for (const char* text :
       {"null", "[]", "1", "{}", R"({"id":"65-1"})", "{\"id\":\"\xff\"}"}) {
    EXPECT_FALSE(parse_record(text)) << text;
  }
  for (const char* key :
       {"id", "sentences", "victim", "timings_us", "outcome", "trigger"}) {
    Json wrong = record_of(decision);
    wrong[key] = Json::array({1});
    EXPECT_FALSE(parse_record(wrong.dump())) << key;
    wrong.erase(key);
    EXPECT_FALSE(parse_record(wrong.dump())) << key;
  }
}

TEST_F(HistoryTest, TheNameOfAProcessStaysAsItWasEscaped) {
  decision = test::ended(test::decision_on(test::hostile_name()));
  const auto parsed = parse_record(record_of(decision).dump());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->record, record_of(decision));
}

TEST_F(HistoryTest, TheTableHasOneLineForEachDecision) {
  const std::string table =
      history_table({row_of(decision), row_of(decision)}, {});
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 3) << table;
  EXPECT_EQ(table.find("ID"), 0U);
}

}  // namespace
}  // namespace badnessd
