// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/daemon.h"

#include <cerrno>
#include <memory>
#include <sstream>

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include "badnessd/engine/kernel26.h"
#include "fake_source.h"
#include "recording_killer.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using test::FakeSource;
using test::RecordingKiller;
using test::snapshot_of;
using test::user_task;

constexpr PressureReading kLow{.mem_total_kib = 1'000'000,
                               .mem_available_kib = 10'000,
                               .psi_some = {},
                               .psi_full = {}};
constexpr PressureReading kFine{.mem_total_kib = 1'000'000,
                                .mem_available_kib = 900'000,
                                .psi_some = {},
                                .psi_full = {}};

class DaemonTest : public testing::Test {
 protected:
  // Steps `count` times and gives what was logged meanwhile, a line each.
  std::string steps(Daemon& daemon, int count) {
    text_.str("");
    for (int i = 0; i < count; ++i) {
      daemon.step();
    }
    return text_.str();
  }

  Daemon make(FakeSource& source, Killer& killer) {
    log_.set_pattern("%v");
    return {source, killer, settings_, 0, log_};
  }

  std::ostringstream text_;
  spdlog::logger log_{"test",
                      std::make_shared<spdlog::sinks::ostream_sink_st>(text_)};
  Settings settings_;
};

TEST_F(DaemonTest, ADryRunReportsOneVictimPerIncident) {
  FakeSource source(snapshot_of({user_task(10, 500), user_task(11, 900)}));
  DryRunKiller killer;
  Daemon daemon = make(source, killer);
  source.set_pressure(kLow);
  const std::string first = steps(daemon, 50);
  EXPECT_NE(first.find("would kill 11"), std::string::npos) << first;
  EXPECT_EQ(first.find("would kill", first.find("would kill 11") + 1),
            std::string::npos);
  source.set_pressure(kFine);
  EXPECT_NE(steps(daemon, 3).find("back above"), std::string::npos);
  source.set_pressure(kLow);
  EXPECT_NE(steps(daemon, 3).find("would kill 11"), std::string::npos);
}

TEST_F(DaemonTest, AKillSaysWhoWhyAndWithWhatScore) {
  FakeSource source(snapshot_of({user_task(10, 500), user_task(11, 900)}));
  RecordingKiller killer;
  Daemon daemon = make(source, killer);
  source.set_pressure(kLow);
  const std::string line = steps(daemon, 1);
  for (const char* part :
       {"killed 11", "900 points", "2 candidates", "total_vm 900 = 900",
        "MemAvailable < 48.8 MiB (5%,1GiB); now 9.8 MiB"}) {
    EXPECT_NE(line.find(part), std::string::npos) << part << " in " << line;
  }
}

TEST_F(DaemonTest, LostSamplesAreCountedAndTheDaemonGoesOn) {
  FakeSource source(snapshot_of({user_task(10, 500)}));
  RecordingKiller killer;
  Daemon daemon = make(source, killer);
  source.set_pressure(tl::unexpected(Error{EBADMSG, "meminfo: no number"}));
  const std::string lost = steps(daemon, 7);
  EXPECT_EQ(std::count(lost.begin(), lost.end(), '\n'), 1) << lost;
  source.set_pressure(kLow);
  EXPECT_NE(steps(daemon, 1).find("after 7 lost samples"), std::string::npos);
  EXPECT_EQ(killer.pids().size(), 1U);
}

TEST_F(DaemonTest, ADyingTaskIsWaitedForAndThenPassedOver) {
  Task dying = user_task(10, 500);
  dying.flags = kPfExiting;
  FakeSource source(snapshot_of({dying, user_task(11, 900)}));
  RecordingKiller killer;
  settings_.poll_interval = std::chrono::milliseconds(100);
  settings_.kill_exit_timeout = std::chrono::milliseconds(1000);
  Daemon daemon = make(source, killer);
  source.set_pressure(kLow);
  const std::string waiting = steps(daemon, 11);
  EXPECT_TRUE(killer.pids().empty());
  EXPECT_NE(waiting.find("waiting for 10"), std::string::npos) << waiting;
  EXPECT_NE(waiting.find("has not exited in 1000 ms"), std::string::npos);
  static_cast<void>(steps(daemon, 1));
  EXPECT_EQ(killer.pids(), std::vector<std::int32_t>{11});
}

TEST_F(DaemonTest, NobodyToKillIsSaidOnce) {
  FakeSource source(snapshot_of({user_task(1, 500)}));
  RecordingKiller killer;
  Daemon daemon = make(source, killer);
  source.set_pressure(kLow);
  const std::string text = steps(daemon, 20);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
}

TEST_F(DaemonTest, CalmIsSilent) {
  FakeSource source(snapshot_of({user_task(10, 500)}));
  RecordingKiller killer;
  Daemon daemon = make(source, killer);
  source.set_pressure(kFine);
  EXPECT_EQ(steps(daemon, 20), "");
}

}  // namespace
}  // namespace badnessd
