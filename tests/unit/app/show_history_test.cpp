// SPDX-License-Identifier: GPL-2.0-only
// With a journalctl of its own in PATH.
#include "badnessd/app/show_history.h"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "badnessd/app/config/exit_code.h"
#include "badnessd/app/report/record.h"
#include "decisions.h"
#include "tree.h"

namespace badnessd {
namespace {

struct Asked {
  bool json = false;
  std::optional<std::size_t> limit{};
  std::string id{};
  std::string since{};
};

class ShowHistoryTest : public testing::Test {
 protected:
  ShowHistoryTest() {
    ::setenv("PATH", (tree.path("bin") + ":" + path).c_str(), 1);
    ::setenv("STATE_DIRECTORY", tree.path("state").c_str(), 1);
    journal("");
  }
  ~ShowHistoryTest() override {
    ::setenv("PATH", path.c_str(), 1);
    ::unsetenv("STATE_DIRECTORY");
  }

  // What the journal has, and how journalctl ends.
  void journal(const std::string& entries, int exit_code = 0) const {
    tree.write("entries", entries);
    tree.write(
        "bin/journalctl",
        fmt::format("#!/bin/sh\nprintf '%s\\n' \"$@\" > {}\n"
                    "cat {}\nexit {}\n",
                    tree.path("asked"), tree.path("entries"), exit_code));
    ::chmod(tree.path("bin/journalctl").c_str(), 0755);
  }
  static std::string id_of(int hours_ago) {
    const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    return fmt::format("{:x}-1", now.count() - hours_ago * 3'600'000'000);
  }
  // A line of decisions.jsonl.
  static std::string line(const std::string& id, std::string_view comm) {
    return record_json(test::ended(test::decision_on(comm)),
                       test::default_policy(), id)
               .dump() +
           "\n";
  }
  static std::string entry(const std::string& id, std::string_view comm) {
    return Json{{kRecordField, line(id, comm)}}.dump() + "\n";
  }

  int show(const Asked& asked = {}) {
    Invocation invocation;
    invocation.json = asked.json;
    invocation.limit = asked.limit;
    invocation.id = asked.id;
    invocation.since = asked.since;
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

  const std::string path = std::getenv("PATH");
  test::TempTree tree{{test::dir("bin", {}), test::dir("state", {})}};
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

TEST_F(ShowHistoryTest, WithoutAJournalTheFileIsEnough) {
  tree.remove("bin/journalctl");
  ::setenv("PATH", tree.path("bin").c_str(), 1);
  tree.write("state/decisions.jsonl", line(id_of(1), "filed"));
  EXPECT_EQ(show(), kExitOk);
  EXPECT_EQ(comms(), "filed ");
  EXPECT_EQ(err, "");
}

TEST_F(ShowHistoryTest, JournalAndFilesAreOneListByTime) {
  journal(entry(id_of(8), "a") + entry(id_of(2), "d"));
  tree.write("state/decisions.jsonl.1", line(id_of(6), "b"));
  // One without its newline is whole.
  tree.write("state/decisions.jsonl",
             line(id_of(4), "c") + "\n" +
                 line(id_of(1), "e").substr(0, line(id_of(1), "e").size() - 1));
  EXPECT_EQ(show(), kExitOk);
  EXPECT_EQ(comms(), "a b c d e ");
}

TEST_F(ShowHistoryTest, ADecisionThatIsFoundTwiceIsShownOnce) {
  const std::string id = id_of(1);
  journal(entry(id, "db"));
  tree.write("state/decisions.jsonl", line(id, "db"));
  tree.write("state/decisions.jsonl.1", line(id, "db"));
  EXPECT_EQ(show(), kExitOk);
  EXPECT_EQ(comms(), "db ");
}

// Any user can send entries; the journal itself says which are of whom.
TEST_F(ShowHistoryTest, OnlyEntriesOfTheUnitOrOfRootCount) {
  EXPECT_EQ(show(), kExitOk);
  EXPECT_EQ(test::contents_of(tree.path("asked")),
            "--system\n--quiet\n--all\n--output=json\n"
            "MESSAGE_ID=b6d2c1f4a3ce4b0e9f1d7a5c88e04f62\n"
            "_SYSTEMD_UNIT=badnessd.service\n+\n"
            "MESSAGE_ID=b6d2c1f4a3ce4b0e9f1d7a5c88e04f62\n_UID=0\n");
}

TEST_F(ShowHistoryTest, ShowsTheLastTwentyOrAsManyAsAskedFor) {
  std::string entries;
  for (int hours = 30; hours > 0; --hours) {
    entries += entry(id_of(hours), fmt::format("h{}", hours));
  }
  journal(entries);
  EXPECT_EQ(show(), kExitOk);
  EXPECT_EQ(comms().find("h20 h19 "), 0U);
  EXPECT_EQ(show({.limit = 2}), kExitOk);
  EXPECT_EQ(comms(), "h2 h1 ");
  EXPECT_EQ(show({.limit = 0}), kExitOk);
  EXPECT_EQ(comms().find("h30 h29 "), 0U);
}

TEST_F(ShowHistoryTest, SinceHoldsForBothSources) {
  journal(entry(id_of(5), "a") + entry(id_of(2), "c"));
  tree.write("state/decisions.jsonl",
             line(id_of(4), "b") + line(id_of(1), "d"));
  EXPECT_EQ(show({.since = "3h"}), kExitOk);
  EXPECT_EQ(comms(), "c d ");
  EXPECT_EQ(show({.since = "now and then"}), kExitUsage);
  EXPECT_EQ(err, "badnessd: --since: 'now and then' is no time\n");
}

TEST_F(ShowHistoryTest, OneDecisionIsShownWhole) {
  const std::string id = id_of(2);
  journal(entry(id_of(3), "other") + entry(id, "db"));
  EXPECT_EQ(show({.id = id}), kExitOk);
  EXPECT_EQ(comms().find("db "), 0U) << out;
  EXPECT_NE(out.find("\ndecision  sent SIGKILL to 11 (db)"), std::string::npos);
  EXPECT_NE(out.find("trigger exhausted acts when"), std::string::npos);
  EXPECT_EQ(show({.json = true, .id = id}), kExitOk);
  EXPECT_EQ(Json::parse(out), Json::parse(line(id, "db")));
}

TEST_F(ShowHistoryTest, AnUnknownIdIsNoInput) {
  journal(entry(id_of(3), "other"));
  EXPECT_EQ(show({.id = "65\x1b-1"}), kExitNoInput);
  EXPECT_EQ(err, "badnessd: there is no decision 65\\x1b-1\n");
}

TEST_F(ShowHistoryTest, AsJsonItIsAnArrayOfWholeRecords) {
  const std::string id = id_of(3);
  journal(entry(id, "db"));
  EXPECT_EQ(show({.json = true}), kExitOk);
  EXPECT_EQ(Json::parse(out), Json::array({Json::parse(line(id, "db"))}));
}

TEST_F(ShowHistoryTest, ADamagedRecordIsLeftOutAloud) {
  journal("{\"BADNESSD_RECORD\":null}\n" + entry(id_of(3), "a"));
  const std::string cut = line(id_of(2), "x").substr(0, 300);
  tree.write("state/decisions.jsonl", cut + "\n" + line(id_of(1), "b") + cut);
  EXPECT_EQ(show(), kExitOk);
  EXPECT_EQ(comms(), "a b ");
  EXPECT_EQ(err, "badnessd: 3 damaged records are left out\n");
}

TEST_F(ShowHistoryTest, AJournalThatCannotBeReadIsSaidAndTheRestIsShown) {
  journal("", 1);
  const int code = ::geteuid() == 0 ? kExitFailure : kExitPermission;
  EXPECT_EQ(show(), code);
  EXPECT_EQ(out, "");
  EXPECT_NE(err.find("the groups systemd-journal and adm"), std::string::npos);
  tree.write("state/decisions.jsonl", line(id_of(1), "filed"));
  EXPECT_EQ(show(), code);
  EXPECT_EQ(comms(), "filed ");
}

TEST_F(ShowHistoryTest, AFileThatCannotBeReadIsSaidAndTheRestIsShown) {
  ::setenv("STATE_DIRECTORY", tree.path("entries").c_str(), 1);
  EXPECT_EQ(show({.id = "65-1"}), kExitPermission);
  EXPECT_NE(err.find("for root and the group badnessd"), std::string::npos);
  journal(entry(id_of(1), "db"));
  EXPECT_EQ(show(), kExitPermission);
  EXPECT_EQ(comms(), "db ");
}

}  // namespace
}  // namespace badnessd
