// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/daemon/event_log.h"

#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <spdlog/sinks/ostream_sink.h>

#include "decisions.h"
#include "receiver.h"
#include "tree.h"

namespace badnessd {
namespace {

using test::decision_on;

// The fields of an entry in the journal's native protocol, each with a length.
std::map<std::string, std::string> fields_in(std::string entry) {
  std::map<std::string, std::string> fields;
  while (!entry.empty()) {
    const auto name = entry.find('\n');
    std::size_t length = 0;
    for (std::size_t i = 8; i > 0; --i) {
      length = length << 8U | static_cast<unsigned char>(entry.at(name + i));
    }
    fields[entry.substr(0, name)] = entry.substr(name + 9, length);
    entry.erase(0, name + 9 + length + 1);
  }
  return fields;
}

class EventLogTest : public testing::Test {
 protected:
  EventLogTest() { log.set_pattern("%v"); }

  std::string path() const {
    return std::string(directory.path()) + "/last-kill.json";
  }
  std::map<std::string, std::string> entry() const {
    return fields_in(receiver.take());
  }

  Policy policy = test::default_policy();
  test::TempTree directory{{}};
  test::Receiver receiver;
  Journal journal{receiver.path()};
  std::ostringstream logged;
  spdlog::logger log{"test",
                     std::make_shared<spdlog::sinks::ostream_sink_st>(logged)};
  EventLog event_log{log, journal, directory.path(), false};
};

TEST_F(EventLogTest, AKillIsLoggedAtOnceAndRecordedAtItsEnd) {
  const Decision decision = decision_on("db");
  event_log.decided(decision, policy);
  EXPECT_EQ(logged.str().find("sent SIGKILL to 11 (db)"), 0U) << logged.str();
  EXPECT_TRUE(receiver.take().empty());
  EXPECT_FALSE(std::filesystem::exists(path()));
  event_log.ended(test::ended(decision), policy);
  EXPECT_NE(logged.str().find("11 (db) is gone"), std::string::npos);
  auto fields = entry();
  const auto record = nlohmann::json::parse(fields["BADNESSD_RECORD"]);
  EXPECT_EQ(fields["MESSAGE"].find("11 (db) is gone"), 0U);
  EXPECT_EQ(fields["MESSAGE_ID"], "b6d2c1f4a3ce4b0e9f1d7a5c88e04f62");
  EXPECT_EQ(fields["PRIORITY"], "4");
  EXPECT_EQ(fields["SYSLOG_IDENTIFIER"], "badnessd");
  EXPECT_EQ(fields["BADNESSD_ID"], record["id"].get<std::string>());
  EXPECT_EQ(fields["BADNESSD_VICTIM_PID"], "11");
  EXPECT_EQ(fields["BADNESSD_VICTIM_COMM"], "db");
  EXPECT_EQ(fields["BADNESSD_VICTIM_UNIT"], "db.service");
  EXPECT_EQ(fields["BADNESSD_POINTS"], "900");
  EXPECT_EQ(fields.size(), 10U);
  EXPECT_EQ(test::contents_of(path()), fields["BADNESSD_RECORD"] + "\n");
}

TEST_F(EventLogTest, AllLinesOfADecisionHaveItsId) {
  const Decision decision = decision_on("db");
  event_log.decided(decision, policy);
  event_log.ended(test::ended(decision), policy);
  const std::string id = "[" + entry()["BADNESSD_ID"] + "]\n";
  const std::string text = logged.str();
  EXPECT_NE(text.find(id), text.rfind(id)) << text;
}

TEST_F(EventLogTest, LastKillIsReplacedAsAWhole) {
  event_log.ended(test::ended(decision_on("first")), policy);
  // A reader that has the old file open goes on to read the old record.
  std::filesystem::create_hard_link(path(), path() + ".old");
  event_log.ended(test::ended(decision_on("second")), policy);
  EXPECT_NE(test::contents_of(path()).find("second"), std::string::npos);
  EXPECT_NE(test::contents_of(path() + ".old").find("first"),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(path() + ".new"));
}

TEST_F(EventLogTest, WithoutASignalThereIsNoKill) {
  Decision decision = decision_on("db");
  decision.end = Decision::End::kNotSignalled;
  decision.outcome.kind = KillOutcome::Kind::kNotSent;
  event_log.decided(decision, policy);
  EXPECT_EQ(entry()["MESSAGE"].find("would kill 11 (db)"), 0U);
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(EventLogTest, ADecisionOfAnEarlierDaemonIsOnlyLogged) {
  Decision decision = test::ended(decision_on("db"));
  decision.number = 0;
  event_log.ended(decision, policy);
  EXPECT_EQ(logged.str().find("process 11 is gone"), 0U) << logged.str();
  EXPECT_TRUE(receiver.take().empty());
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(EventLogTest, AHostileNameMakesNoFieldAndNoLine) {
  event_log.ended(test::ended(decision_on(test::hostile_name())), policy);
  const std::string text = logged.str();
  EXPECT_EQ(text.find('\n'), text.size() - 1) << text;
  auto fields = entry();
  EXPECT_EQ(fields.size(), 10U);
  EXPECT_EQ(fields["BADNESSD_VICTIM_COMM"].find("a\\x0aMESSAGE=b\\x1b"), 0U);
  for (const auto& [name, value] : fields) {
    EXPECT_EQ(value.find_first_of("\n\x1b\xff"), std::string::npos) << name;
  }
}

TEST_F(EventLogTest, AnyUserMayReadWhatIsForAll) {
  const auto others_may_read = [this](const char* name) {
    return (std::filesystem::status(directory.path(name)).permissions() &
            std::filesystem::perms::others_read) !=
           std::filesystem::perms::none;
  };
  const mode_t before = ::umask(027);
  event_log.publish("some", "1\n");
  event_log.publish("all", "2\n", true);
  ::umask(before);
  EXPECT_FALSE(others_may_read("some"));
  EXPECT_TRUE(others_may_read("all"));
  EXPECT_EQ(test::contents_of(directory.path("all")), "2\n");
}

TEST_F(EventLogTest, AFileThatCannotBeWrittenIsSaid) {
  EventLog nowhere(log, journal, "/nonexistent", false);
  nowhere.ended(test::ended(decision_on("db")), policy);
  EXPECT_NE(logged.str().find("cannot write /nonexistent/last-kill.json"),
            std::string::npos);
}

class StoredTest : public EventLogTest {
 protected:
  void decide(std::string_view comm) {
    stored.ended(test::ended(decision_on(comm)), policy);
  }
  std::string file(const std::string& suffix = "") const {
    return directory.path("decisions.jsonl") + suffix;
  }

  Journal nowhere{""};
  EventLog stored{log, nowhere, "", false, directory.path()};
};

TEST_F(StoredTest, RecordsAreWrittenOnceThereIsTime) {
  decide("first");
  decide("second");
  EXPECT_FALSE(std::filesystem::exists(file()));
  stored.store();
  stored.store();
  std::istringstream lines(test::contents_of(file()));
  std::vector<std::string> comms;
  for (std::string line; std::getline(lines, line);) {
    comms.push_back(nlohmann::json::parse(line)["victim"]["comm"]);
  }
  EXPECT_EQ(comms, (std::vector<std::string>{"first", "second"}));
}

TEST_F(StoredTest, TheJournalHasItsCopy) {
  EventLog both(log, journal, "", false, directory.path());
  both.ended(test::ended(decision_on("db")), policy);
  both.store();
  EXPECT_EQ(test::contents_of(file()), entry()["BADNESSD_RECORD"]);
}

TEST_F(StoredTest, ARecordAfterACutOneHasALineOfItsOwn) {
  directory.write("decisions.jsonl", R"({"schema":1,"id":"65)");
  decide("db");
  stored.store();
  const std::string text = test::contents_of(file());
  EXPECT_EQ(text.find("\n{"), text.find('\n')) << text;
  EXPECT_TRUE(nlohmann::json::accept(text.substr(text.find('\n') + 1)));
}

TEST_F(StoredTest, ALongEmergencyDoesNotFillTheMemory) {
  int before_written = 0;
  while (!std::filesystem::exists(file()) && before_written < 1000) {
    decide("db");
    ++before_written;
  }
  EXPECT_EQ(before_written, 128);
}

TEST_F(StoredTest, TheFileIsRotatedAndThereAreTwo) {
  constexpr std::size_t kMebi = 1U << 20U;
  const auto fill = [&](char text) {
    directory.write("decisions.jsonl", std::string(kMebi, text));
    decide("db");
    stored.store();
  };
  fill('a');
  EXPECT_EQ(test::contents_of(file(".1")), std::string(kMebi, 'a'));
  EXPECT_TRUE(nlohmann::json::accept(test::contents_of(file())));
  EXPECT_EQ(test::contents_of(file()).find('{'), 0U);
  fill('b');
  EXPECT_EQ(test::contents_of(file(".1")), std::string(kMebi, 'b'));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()),
                          std::filesystem::directory_iterator()),
            2);
}

TEST_F(StoredTest, AFailedWriteIsSaidOnce) {
  EventLog lost(log, nowhere, "", false, "/nonexistent");
  for (int i = 0; i < 2; ++i) {
    lost.ended(test::ended(decision_on("db")), policy);
    logged.str("");
    lost.store();
    EXPECT_EQ(logged.str().find("cannot write /nonexistent/decisions.jsonl"),
              i == 0 ? 0U : std::string::npos)
        << logged.str();
  }
}

}  // namespace
}  // namespace badnessd
