// SPDX-License-Identifier: GPL-2.0-only
#include <cstdlib>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "badnessd/app/commands.h"
#include "badnessd/app/config/config.h"
#include "badnessd/app/report/record.h"
#include "decisions.h"
#include "tree.h"

namespace badnessd {
namespace {

struct Asked {
  bool json = false;
  std::optional<std::size_t> limit{};
  std::string id{};
};

class ShowHistoryTest : public testing::Test {
 protected:
  ShowHistoryTest() {
    ::setenv("STATE_DIRECTORY", tree.path("state").c_str(), 1);
  }
  ~ShowHistoryTest() override { ::unsetenv("STATE_DIRECTORY"); }

  static std::string id_of(int number) {
    return fmt::format("64e3db8bfc400-{}", number);
  }
  // A line of decisions.jsonl.
  static std::string line(int number, std::string_view comm) {
    return record_json(test::ended(test::decision_on(comm)),
                       test::default_policy(), id_of(number))
               .dump() +
           "\n";
  }
  void write(const std::string& lines) const {
    tree.write("state/decisions.jsonl", lines);
  }

  int show(const Asked& asked = {}) {
    Invocation invocation;
    invocation.json = asked.json;
    invocation.limit = asked.limit;
    invocation.id = asked.id;
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = show_history(invocation);
    out = testing::internal::GetCapturedStdout();
    err = testing::internal::GetCapturedStderr();
    return code;
  }
  // The names of the victims that were shown, in order.
  std::string comms() const {
    std::string names;
    for (auto at = out.find("11 ("); at != std::string::npos;
         at = out.find("11 (", at + 1)) {
      names += out.substr(at + 4, out.find(')', at) - at - 4) + " ";
    }
    return names;
  }

  test::TempTree tree{{test::dir("state", {})}};
  std::string out;
  std::string err;
};

TEST_F(ShowHistoryTest, WithoutAnyRecordItSaysSo) {
  EXPECT_EQ(show(), kExitOk);
  EXPECT_EQ(out, "no decision is recorded\n");
  EXPECT_EQ(show({.json = true}), kExitOk);
  EXPECT_EQ(out, "[]\n");
  EXPECT_EQ(err, "");
}

TEST_F(ShowHistoryTest, TheOlderFileComesFirst) {
  tree.write("state/decisions.jsonl.1", line(1, "a"));
  const std::string last = line(4, "d");
  // One without its newline is whole.
  write(line(2, "b") + "\n" + line(3, "c") + last.substr(0, last.size() - 1));
  EXPECT_EQ(show(), kExitOk);
  EXPECT_EQ(comms(), "a b c d ");
}

// The daemon renames the file between the two reads.
TEST_F(ShowHistoryTest, AFileThatIsBothIsShownOnce) {
  write(line(1, "a"));
  tree.write("state/decisions.jsonl.1", line(1, "a") + line(2, "b"));
  EXPECT_EQ(show(), kExitOk);
  EXPECT_EQ(comms(), "a b ");
}

TEST_F(ShowHistoryTest, ShowsTheLastTwentyOrAsManyAsAskedFor) {
  std::string lines;
  for (int i = 1; i <= 30; ++i) {
    lines += line(i, fmt::format("n{}", i));
  }
  write(lines);
  EXPECT_EQ(show(), kExitOk);
  EXPECT_EQ(comms().find("n11 n12 "), 0U);
  EXPECT_EQ(show({.limit = 2}), kExitOk);
  EXPECT_EQ(comms(), "n29 n30 ");
  EXPECT_EQ(show({.limit = 0}), kExitOk);
  EXPECT_EQ(comms().find("n1 n2 "), 0U);
}

TEST_F(ShowHistoryTest, OneDecisionIsShownWhole) {
  write(line(1, "other") + line(2, "db") + line(3, "another"));
  EXPECT_EQ(show({.id = id_of(2)}), kExitOk);
  EXPECT_EQ(comms().find("db "), 0U) << out;
  EXPECT_NE(out.find("\ndecision  sent SIGKILL to 11 (db)"), std::string::npos);
  EXPECT_NE(out.find("trigger exhausted acts when"), std::string::npos);
  EXPECT_EQ(show({.json = true, .id = id_of(2)}), kExitOk);
  EXPECT_EQ(Json::parse(out), Json::parse(line(2, "db")));
}

TEST_F(ShowHistoryTest, AnUnknownIdIsNoInput) {
  write(line(1, "other"));
  EXPECT_EQ(show({.id = "65\x1b-1"}), kExitNoInput);
  EXPECT_EQ(err, "badnessd: there is no decision 65\\x1b-1\n");
}

TEST_F(ShowHistoryTest, AsJsonItIsAnArrayOfWholeRecords) {
  write(line(1, "db"));
  EXPECT_EQ(show({.json = true}), kExitOk);
  EXPECT_EQ(Json::parse(out), Json::array({Json::parse(line(1, "db"))}));
}

TEST_F(ShowHistoryTest, ADamagedRecordIsLeftOutAloud) {
  const std::string cut = line(2, "x").substr(0, 300);
  write(line(1, "a") + cut + "\n" + line(3, "b") + cut);
  EXPECT_EQ(show(), kExitOk);
  EXPECT_EQ(comms(), "a b ");
  EXPECT_EQ(err, "badnessd: 2 damaged records are left out\n");
}

TEST_F(ShowHistoryTest, AFileThatCannotBeReadIsSaid) {
  write(line(1, "db"));
  ::setenv("STATE_DIRECTORY", tree.path("state/decisions.jsonl").c_str(), 1);
  EXPECT_EQ(show(), kExitPermission);
  EXPECT_EQ(out, "");
  EXPECT_NE(err.find("for root and the group badnessd"), std::string::npos);
}

}  // namespace
}  // namespace badnessd
