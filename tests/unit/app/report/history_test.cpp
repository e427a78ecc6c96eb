// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/history.h"

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
  EXPECT_EQ(parsed->time_us, 0x64e3db8bfc400U);
  EXPECT_EQ(parsed->sentences.size(), record.at("sentences").size());
}

TEST_F(HistoryTest, AnEntryOfTheJournalHoldsTheRecordAsText) {
  const Json record = record_of(test::ended(decision));
  const Json entry{{"_UID", "998"}, {"BADNESSD_RECORD", record.dump()}};
  const auto parsed = parse_record(entry.dump());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->record, record);
}

// journalctl writes null for a field that is too long, an array of arrays for a
// repeated one and one of numbers for one that cannot be printed.
TEST_F(HistoryTest, WhatIsNoWholeRecordIsNone) {
  const std::string whole = record_of(decision).dump();
  ASSERT_TRUE(parse_record(whole));
  for (std::size_t length = 0; length < whole.size(); length += 37) {
    EXPECT_FALSE(parse_record(whole.substr(0, length))) << length;
  }
  EXPECT_FALSE(parse_record(whole + whole));
  for (const char* text :
       {"null", "[]", "1", "{}", R"({"id":"65-1"})", "{\"id\":\"\xff\"}",
        R"({"BADNESSD_RECORD":null})", R"({"BADNESSD_RECORD":[123,125]})",
        R"({"BADNESSD_RECORD":"{}"})"}) {
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

TEST_F(HistoryTest, AForgedTextIsEscaped) {
  Json forged = record_of(decision);
  forged["victim"]["comm"] = "a\x1b[2Jb\nc\xc2\x9b";
  forged["sentences"] = {"one\r\x1b]0;title\x07"};
  forged["id"] = "65-\x1b";
  forged["other"] = {{"deep", {"\x1b[1m"}}};
  for (const Json& line : {forged, Json{{"BADNESSD_RECORD", forged.dump()}}}) {
    const auto parsed = parse_record(line.dump());
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->row.at(0), "65-\\x1b");
    EXPECT_EQ(parsed->sentences.at(0), "one\\x0d\\x1b]0;title\\x07");
    std::string all = dumped(parsed->record);
    for (const std::string& text : parsed->row) {
      all += text;
    }
    EXPECT_EQ(all.find_first_of("\x1b\x07\r\x9b"), std::string::npos);
    EXPECT_EQ(all.find("\\u001b"), std::string::npos);
  }
}

TEST_F(HistoryTest, TheTableHasOneLineForEachDecision) {
  const std::string table =
      history_table({row_of(decision), row_of(decision)}, {});
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 3) << table;
  EXPECT_EQ(table.find("ID"), 0U);
}

}  // namespace
}  // namespace badnessd
