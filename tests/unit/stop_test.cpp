// SPDX-License-Identifier: GPL-2.0-only
// The signals that a test raises here are blocked by what is tested, and taken
// by it. All of it happens in a child, whose mask is its own.
#include "badnessd/system/stop.h"

#include <unistd.h>

#include <chrono>
#include <csignal>

#include <gtest/gtest.h>

namespace badnessd {
namespace {

using std::chrono::milliseconds;

// No test waits for it to pass.
constexpr milliseconds kLong{60'000};

TEST(StopSignals, AreTakenWhileItWaits) {
  EXPECT_EXIT(
      {
        const StopSignals stop;
        for (const int signal : {SIGINT, SIGTERM}) {
          ::raise(signal);  // held back, and the next wait is over at once
          if (!stop.wait(kLong)) {
            ::_exit(1);
          }
        }
        ::_exit(stop.wait(milliseconds(0)) ? 2 : 0);
      },
      testing::ExitedWithCode(0), "");
}

TEST(StopSignals, TimeThatPassesIsNoSignal) {
  EXPECT_EXIT(
      {
        const StopSignals stop;
        ::_exit(stop.wait(milliseconds(1)) ? 1 : 0);
      },
      testing::ExitedWithCode(0), "");
}

TEST(StopSignals, OthersAreNotHeldBack) {
  EXPECT_EXIT(
      {
        const StopSignals stop;
        ::raise(SIGUSR1);
        ::_exit(stop.wait(milliseconds(0)) ? 1 : 0);
      },
      testing::KilledBySignal(SIGUSR1), "");
}

}  // namespace
}  // namespace badnessd
