// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/daemon/daemon.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <spdlog/sinks/ostream_sink.h>

#include "badnessd/app/config/settings.h"
#include "badnessd/app/report/status.h"
#include "badnessd/engine/kernel26.h"
#include "fake_source.h"
#include "receiver.h"
#include "recording_killer.h"
#include "snapshots.h"
#include "tree.h"

namespace badnessd {
namespace {

using test::FakeSource;
using test::holding;
using test::RecordingKiller;
using test::snapshot_of;
using test::user_task;
using test::with_available;

class DaemonTest : public testing::Test {
 protected:
  // Steps `count` times and gives what was logged meanwhile, a line each.
  std::string steps(Daemon& daemon, int count) {
    logged.str("");
    for (int i = 0; i < count; ++i) {
      daemon.step();
    }
    return logged.str();
  }

  Daemon make(StateFile state = {}) {
    log.set_pattern("%v");
    // The first report of how things are is not what is tested.
    settings.report_interval_us = 24 * 3'600'000'000;
    settings.policy.machine = {.mem_total_kib = 1'000'000};
    return {source.sources(),
            killer,
            {settings, "a test"},
            std::move(state),
            event_log};
  }

  FakeSource source{
      snapshot_of({holding(10, 500, 100'000), holding(11, 900, 200'000)})};
  RecordingKiller killer;
  Settings settings;
  test::TempTree directory{{}};
  std::ostringstream logged;
  spdlog::logger log{"test",
                     std::make_shared<spdlog::sinks::ostream_sink_st>(logged)};
  Journal journal{""};
  EventLog event_log{log, journal, directory.path(), false};
};

TEST_F(DaemonTest, ADryRunReportsOneVictimPerIncident) {
  killer.set_answer(KillOutcome::Kind::kNotSent);
  Daemon daemon = make();
  source.set_pressure(with_available(10'000));
  const std::string first = steps(daemon, 50);
  EXPECT_NE(first.find("would kill 11"), std::string::npos) << first;
  EXPECT_EQ(std::count(first.begin(), first.end(), '\n'), 1) << first;
  source.set_pressure(with_available(900'000));
  EXPECT_NE(steps(daemon, 3).find("no trigger fires any more"),
            std::string::npos);
  source.set_pressure(with_available(10'000));
  EXPECT_NE(steps(daemon, 3).find("would kill 11"), std::string::npos);
}

TEST_F(DaemonTest, AKillSaysWhoWhyAndWithWhatScore) {
  Daemon daemon = make();
  source.set_pressure(with_available(10'000));
  const std::string line = steps(daemon, 1);
  for (const char* part :
       {"sent SIGKILL to 11",
        "900 points, first of those eligible of 2 candidates",
        "total_vm 900 = 900", "trigger exhausted",
        "MemAvailable < 48.8 MiB (5%,1GiB); now 9.8 MiB"}) {
    EXPECT_NE(line.find(part), std::string::npos) << part << " in " << line;
  }
}

TEST_F(DaemonTest, TheRecordIsWholeOnceTheVictimIsGone) {
  Daemon daemon = make();
  source.set_pressure(with_available(10'000));
  static_cast<void>(steps(daemon, 1));
  const std::string path = std::string(directory.path()) + "/last-kill.json";
  EXPECT_FALSE(std::ifstream(path));
  source.set_pressure(with_available(500'000));
  const std::string line = steps(daemon, 1);
  EXPECT_NE(line.find("11 ("), std::string::npos);
  EXPECT_NE(line.find("came back"), std::string::npos) << line;
  std::ifstream file(path);
  ASSERT_TRUE(file);
  const auto record = nlohmann::json::parse(file);
  EXPECT_EQ(record["schema"], 1);
  EXPECT_EQ(record["victim"]["pid"], 11);
  EXPECT_EQ(record["chosen"]["points"], 900);
  EXPECT_EQ(record["steps"].back()["after"], 900);
  EXPECT_EQ(record["outcome"], "exited");
  EXPECT_EQ(record["reclaimed_kib"], 490'000);
  EXPECT_EQ(record["runners_up"][0]["pid"], 10);
  EXPECT_LT(record["timings_us"]["seen"], record["timings_us"]["exited"]);
  EXPECT_NE(line.find(record["id"].get<std::string>()), std::string::npos);
}

TEST_F(DaemonTest, LostSamplesAreCountedAndTheDaemonGoesOn) {
  settings.policy.triggers.pop_back();  // without PSI it cannot fire
  source.set_step(1'000'000);
  Daemon daemon = make();
  const auto status = [&](int seconds) {
    for (int i = 0; i < seconds; ++i) {
      daemon.step();
      daemon.tell_status(0);
    }
    return Json::parse(test::contents_of(directory.path("status.json")));
  };
  source.set_pressure(with_available(900'000));
  EXPECT_TRUE(status(40).at("lacks").empty());
  logged.str("");
  source.set_pressure(tl::unexpected(Error{EBADMSG, "meminfo: no number"}));
  const Json blind = status(90);
  EXPECT_EQ(health_of(blind, true, blind.at("written_us").get<Micros>()),
            Health::kDegraded);
  EXPECT_NE(blind.at("lacks").at(0).get<std::string>().find("no number"),
            std::string::npos);
  EXPECT_NE(blind.at("memory").get<std::string>().find("1 min ago: "),
            std::string::npos)
      << blind.at("memory");
  const std::string begin = logged.str();
  EXPECT_EQ(std::count(begin.begin(), begin.end(), '\n'), 1) << begin;
  logged.str("");
  source.set_pressure(with_available(900'000));
  EXPECT_TRUE(status(40).at("lacks").empty());
  EXPECT_NE(logged.str().find("no longer degraded by samples"),
            std::string::npos);
  source.set_pressure(with_available(10'000));
  static_cast<void>(steps(daemon, 1));
  EXPECT_EQ(killer.pids().size(), 1U);
}

// lxcfs may change its mind with each reading.
TEST_F(DaemonTest, ReadingsThatAreLostNowAndThenDoNotFillTheLog) {
  settings.policy.triggers.pop_back();
  Daemon daemon = make();
  logged.str("");
  for (int i = 0; i < 100; ++i) {
    PressureReading reading = with_available(900'000);
    reading.clamped = true;
    source.set_pressure(i % 2 == 0
                            ? Expected<PressureReading>(reading)
                            : tl::unexpected(Error{EIO, "read meminfo"}));
    daemon.step();
    daemon.tell_status(0);
  }
  const std::string text = logged.str();
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 2) << text;
}

TEST_F(DaemonTest, WaitingIsSaidOnce) {
  Task dying = holding(10, 50'000, 200'000);
  dying.flags = kPfExiting;
  FakeSource exiting(snapshot_of({dying, holding(11, 900, 200'000)}));
  log.set_pattern("%v");
  settings.policy.machine = {.mem_total_kib = 1'000'000};
  Daemon daemon(exiting.sources(), killer, {settings, "a test"}, {}, event_log);
  exiting.set_pressure(with_available(10'000));
  static_cast<void>(steps(daemon, 1));
  const std::string text = steps(daemon, 20);
  EXPECT_EQ(text, "");
  EXPECT_TRUE(killer.pids().empty());
}

TEST_F(DaemonTest, ManyKillsOfTheKernelAreALineAMinute) {
  settings.policy.triggers.pop_back();
  Daemon daemon = make();
  source.set_pressure(with_available(60'000));
  static_cast<void>(steps(daemon, 1));
  std::string text;
  for (std::uint64_t kill = 1; kill <= 100; ++kill) {
    source.set_oom_kills(kill);
    text += steps(daemon, 1);
  }
  EXPECT_EQ(text, "the kernel's own OOM killer has killed 1 process\n");
  source.set_step(61'000'000);
  EXPECT_EQ(steps(daemon, 1),
            "the kernel's own OOM killer has killed 99 processes\n");
}

// The search rests for 100 ms; what was found to be nobody's stays so.
TEST_F(DaemonTest, ThatMemoryIsNobodysIsSaidOnce) {
  settings.policy.min_reclaim.reset();
  Daemon daemon = make();
  source.set_pressure(with_available(900'000));
  static_cast<void>(steps(daemon, 200));
  source.set_pressure(with_available(40'000));
  const std::string text = steps(daemon, 50);
  EXPECT_NE(text.find("no process and no cgroup took half"), std::string::npos)
      << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
}

TEST_F(DaemonTest, CalmIsSilent) {
  Daemon daemon = make();
  source.set_pressure(with_available(900'000));
  EXPECT_EQ(steps(daemon, 20), "");
}

TEST_F(DaemonTest, AWarningIsSaidOnceUntilItEnds) {
  Trigger warn = settings.policy.triggers[0];
  warn.name = "early";
  warn.mem_available_below = Amount{.basis_points = 2000, .kib = {}};
  warn.action = Action::kLog;
  settings.policy.triggers.push_back(warn);
  Daemon daemon = make();
  source.set_pressure(with_available(150'000));
  const std::string text = steps(daemon, 10);
  EXPECT_NE(text.find("trigger early warns"), std::string::npos) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_TRUE(killer.pids().empty());
}

TEST_F(DaemonTest, ARestartedOneWaitsForTheVictimOfTheOneBefore) {
  const std::string path = std::string(directory.path()) + "/state";
  source.set_pressure(with_available(10'000));
  killer.set_exited(false);
  {
    auto file = StateFile::open(path);
    ASSERT_TRUE(file);
    Daemon daemon = make(std::move(*file));
    static_cast<void>(steps(daemon, 1));
  }
  auto file = StateFile::open(path);
  ASSERT_TRUE(file);
  Daemon restarted = make(std::move(*file));
  EXPECT_EQ(killer.adopted().pid, 11);
  static_cast<void>(steps(restarted, 5));
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{11});
  killer.set_exited(true);
  source.set_pressure(with_available(500'000));
  const std::string text = steps(restarted, 2);
  EXPECT_EQ(text.find("process 11 is gone"), 0U) << text;
  EXPECT_EQ(text.find("points"), std::string::npos) << text;
}

TEST_F(DaemonTest, TheRecordHasTheStallsThatFired) {
  Trigger& stalled = settings.policy.triggers[1];
  ASSERT_TRUE(stalled.psi_full_above);
  stalled.psi_window_us = 4'000'000;
  settings.policy.triggers = {stalled};
  Daemon daemon = make();
  source.set_step(1'000'000);
  for (Micros second = 0; killer.pids().empty() && second < 10; ++second) {
    PressureReading reading = with_available(10'000);
    reading.psi_some = PsiLine{.total_us = second * 800'000};
    reading.psi_full = PsiLine{.total_us = second * 700'000};
    source.set_pressure(reading);
    static_cast<void>(steps(daemon, 1));
  }
  source.set_pressure(with_available(500'000));
  static_cast<void>(steps(daemon, 1));
  std::ifstream file(std::string(directory.path()) + "/last-kill.json");
  const auto record = nlohmann::json::parse(file);
  EXPECT_GE(record["stalls"]["full_basis_points"], 2500);
  EXPECT_EQ(record["stalls"]["window_us"], 4'000'000);
  EXPECT_EQ(record["sentence"].get<std::string>().find("avg10"),
            std::string::npos);
}

TEST_F(DaemonTest, WhatTheJournalHasIsNotLoggedIntoItAgain) {
  const test::Receiver receiver;
  Journal socket(receiver.path());
  EventLog to_journal(log, socket, directory.path(), true);
  log.set_pattern("%v");
  settings.policy.machine = {.mem_total_kib = 1'000'000};
  Daemon daemon(source.sources(), killer, {settings, "a test"}, {}, to_journal);
  source.set_pressure(with_available(10'000));
  EXPECT_NE(steps(daemon, 1).find("sent SIGKILL to 11"), std::string::npos);
  source.set_pressure(with_available(500'000));
  EXPECT_EQ(steps(daemon, 1).find("is gone"), std::string::npos);
  const std::string entry = receiver.take();
  EXPECT_NE(entry.find("is gone"), std::string::npos);
  EXPECT_NE(entry.find("b6d2c1f4a3ce4b0e9f1d7a5c88e04f62"), std::string::npos);
}

TEST_F(DaemonTest, StoresARecordOnceMemoryIsNotShort) {
  EventLog stored(log, journal, "", false, directory.path());
  Daemon daemon(source.sources(), killer, {settings, "a test"}, {}, stored);
  const std::string path = directory.path("decisions.jsonl");
  source.set_pressure(with_available(10'000));
  killer.set_exited(true);
  for (int i = 0; killer.pids().size() < 2 && i < 1000; ++i) {
    static_cast<void>(steps(daemon, 1));
  }
  EXPECT_FALSE(stored.last_record().is_null());
  EXPECT_FALSE(std::ifstream(path)) << "memory is short";
  source.set_pressure(with_available(900'000));
  static_cast<void>(steps(daemon, 10));
  EXPECT_TRUE(std::ifstream(path));
}

TEST_F(DaemonTest, NewSettingsHoldFromTheNextStepOn) {
  Daemon daemon = make();
  source.set_pressure(with_available(90'000));
  EXPECT_EQ(steps(daemon, 1), "");
  settings.policy.triggers[0].mem_available_below =
      Amount{.basis_points = 2000, .kib = {}};
  daemon.reconfigure({settings, "a test"});
  static_cast<void>(steps(daemon, 1));
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{11});
}

// The decision refers to its trigger until its victim is done with.
TEST_F(DaemonTest, NewSettingsWaitForAPendingVictim) {
  Trigger other = settings.policy.triggers[0];
  other.mem_available_below = Amount{.basis_points = {}, .kib = 1};
  settings.policy.triggers.insert(settings.policy.triggers.begin(), 5, other);
  settings.policy.triggers[5].name = "the-sixth";
  killer.set_exited(false);
  Daemon daemon = make();
  source.set_pressure(with_available(10'000));
  static_cast<void>(steps(daemon, 1));
  ASSERT_TRUE(daemon.victim_pending());
  settings.policy.triggers.resize(1);
  daemon.reconfigure({settings, "a test"});
  EXPECT_GE(daemon.policy().triggers.size(), 6U);
  killer.set_exited(true);
  source.set_pressure(with_available(900'000));
  source.set_step(100'000);
  static_cast<void>(steps(daemon, 50));
  EXPECT_FALSE(daemon.victim_pending());
  EXPECT_EQ(daemon.policy().triggers.size(), 1U);
  EXPECT_NE(event_log.last_record().dump().find("the-sixth"),
            std::string::npos);
}

TEST_F(DaemonTest, TheTicksOfTheKernelStayUntilTheNextStart) {
  Daemon daemon = make();
  const std::uint32_t before = settings.policy.score.hz;
  settings.policy.score.hz = before == 250 ? 1000 : 250;
  logged.str("");
  daemon.reconfigure({settings, "a test"});
  EXPECT_EQ(daemon.policy().score.hz, before);
  EXPECT_NE(logged.str().find("kernel.hz"), std::string::npos);
}

TEST_F(DaemonTest, TellsItsStatusAtTheStartThenRarelyAndAfterAKill) {
  Daemon daemon = make();
  source.set_pressure(with_available(900'000));
  source.set_step(1'000'000);
  const std::string path = directory.path() + std::string("/status.json");
  const auto kills_told = [&] {
    std::ifstream file(path);
    return nlohmann::json::parse(file).at("kills").at("since_start").get<int>();
  };
  const auto step = [&] {
    daemon.step();
    daemon.tell_status(0);
  };
  step();
  EXPECT_EQ(kills_told(), 0);
  directory.remove("status.json");
  step();
  EXPECT_FALSE(std::ifstream(path).good());
  for (int i = 0; i < 30; ++i) {
    step();
  }
  EXPECT_TRUE(std::ifstream(path).good());
  directory.remove("status.json");
  source.set_pressure(with_available(10'000));
  step();
  killer.set_exited(true);
  for (int i = 0; i < 10; ++i) {
    step();
  }
  EXPECT_GE(kills_told(), 1);
}

class MetricsTest : public DaemonTest {
 protected:
  MetricsTest() { source.set_step(1'000'000); }
  // Steps for more than the time between two writes.
  void run(Daemon& daemon) {
    for (int i = 0; i < 40; ++i) {
      daemon.step();
      daemon.tell_status(5);
    }
    shown = "\n" + test::contents_of(directory.path("badnessd.prom"));
  }
  bool shows(const std::string& line) {
    return shown.find("\n" + line + "\n") != std::string::npos;
  }

  std::string shown;
};

TEST_F(MetricsTest, AKillIsCountedByItsTrigger) {
  Daemon daemon = make();
  source.set_pressure(with_available(900'000));
  run(daemon);
  EXPECT_TRUE(shows("badnessd_kills_total{trigger=\"exhausted\"} 0")) << shown;
  EXPECT_TRUE(shows("badnessd_kills_total{trigger=\"stalled\"} 0"));
  EXPECT_TRUE(shows("badnessd_last_kill_timestamp_seconds 0"));
  EXPECT_TRUE(shows("badnessd_log_lines_dropped_total 5"));
  EXPECT_TRUE(shows("badnessd_degraded{reason=\"killers\"} 0"));
  source.set_pressure(with_available(10'000));
  daemon.step();
  killer.set_exited(true);
  source.set_pressure(with_available(500'000));
  run(daemon);
  EXPECT_TRUE(shows("badnessd_kills_total{trigger=\"exhausted\"} 1")) << shown;
  EXPECT_TRUE(shows("badnessd_signal_latency_seconds_count 1"));
  EXPECT_TRUE(shows("badnessd_reclaimed_bytes_count 1"));
  EXPECT_TRUE(shows("badnessd_reclaimed_bytes_sum 501760000"));
  EXPECT_FALSE(shows("badnessd_last_kill_timestamp_seconds 0"));
}

TEST_F(MetricsTest, ADryRunCountsNoKill) {
  killer.set_answer(KillOutcome::Kind::kNotSent);
  Daemon daemon = make();
  source.set_pressure(with_available(10'000));
  daemon.step();
  source.set_pressure(with_available(900'000));
  run(daemon);
  EXPECT_TRUE(shows("badnessd_kills_total{trigger=\"exhausted\"} 0")) << shown;
  EXPECT_TRUE(shows("badnessd_signal_latency_seconds_count 0"));
}

TEST_F(MetricsTest, OldTriggersStayAfterNewSettings) {
  Daemon daemon = make();
  source.set_pressure(with_available(900'000));
  run(daemon);
  settings.policy.triggers[0].name = "empty";
  settings.policy.triggers[1].action = Action::kLog;
  daemon.reconfigure({settings, "a test"});
  run(daemon);
  EXPECT_TRUE(shows("badnessd_kills_total{trigger=\"empty\"} 0"));
  EXPECT_TRUE(shows("badnessd_kills_total{trigger=\"exhausted\"} 0"));
}

TEST_F(MetricsTest, WhatIsLackingDegrades) {
  Daemon daemon = make();
  daemon.set_host({{Lack::kCgroups, "something"}, {{}, "by the way"}});
  source.set_pressure(with_available(900'000));
  run(daemon);
  EXPECT_TRUE(shows("badnessd_degraded{reason=\"cgroups\"} 1")) << shown;
  EXPECT_TRUE(shows("badnessd_degraded{reason=\"samples\"} 0"));
  const Json status =
      Json::parse(test::contents_of(directory.path("status.json")));
  EXPECT_EQ(status.at("lacks").back(), "something");
}

TEST_F(MetricsTest, AReadThatHangsIsSaidOnceAndDegradesUntilItEnds) {
  Daemon daemon = make();
  source.set_pressure(with_available(900'000));
  run(daemon);
  source.set_hung({11, "stat"});
  logged.str("");
  run(daemon);
  const std::string line = logged.str();
  EXPECT_NE(line.find("reading stat of process 11 does not end"),
            std::string::npos);
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << line;
  EXPECT_TRUE(shows("badnessd_degraded{reason=\"reads\"} 1")) << shown;
  source.set_hung({});
  logged.str("");
  run(daemon);
  EXPECT_NE(logged.str().find("no longer degraded by reads"),
            std::string::npos);
  EXPECT_TRUE(shows("badnessd_degraded{reason=\"reads\"} 0")) << shown;
}

}  // namespace
}  // namespace badnessd
