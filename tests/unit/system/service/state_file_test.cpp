// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/service/state_file.h"

#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "tree.h"

namespace badnessd {
namespace {

class StateFileTest : public testing::Test {
 protected:
  struct State {
    Incident incident;
    KillTimes kills;
  };
  State reloaded(Micros now_us) {
    State state;
    const auto file = StateFile::open(path);
    EXPECT_TRUE(file);
    if (file) {
      file->load(state.incident, state.kills, now_us);
    }
    return state;
  }
  void save(const State& state) {
    auto file = StateFile::open(path);
    ASSERT_TRUE(file);
    file->save(state.incident, state.kills);
  }

  test::TempTree tree{{}};
  std::string path = std::string(tree.path()) + "/state";
};

TEST_F(StateFileTest, KeepsThePendingVictimTheBudgetAndThoseSetAside) {
  State state;
  state.incident.pending =
      Pending{.id = {42, 7}, .since_us = 500, .expected_kib = 9};
  count_kill(state.kills, 500);
  set_aside(state.incident, {43, 8});
  save(state);
  const State loaded = reloaded(1000);
  ASSERT_TRUE(loaded.incident.pending);
  EXPECT_EQ(loaded.incident.pending->id, (TaskId{42, 7}));
  EXPECT_EQ(loaded.incident.pending->expected_kib, 9U);
  EXPECT_EQ(loaded.kills.count, 1U);
  ASSERT_EQ(set_aside_of(loaded.incident).size(), 1U);
  EXPECT_EQ(set_aside_of(loaded.incident)[0], (TaskId{43, 8}));
}

TEST_F(StateFileTest, AnEmptyOneIsNoState) {
  const State loaded = reloaded(1000);
  EXPECT_FALSE(loaded.incident.pending);
  EXPECT_EQ(loaded.kills.count, 0U);
}

TEST_F(StateFileTest, WhatIsOfAnotherBootIsLeftOut) {
  State state;
  count_kill(state.kills, 5000);
  save(state);
  EXPECT_EQ(reloaded(1000).kills.count, 0U);
}

TEST_F(StateFileTest, WhatIsNoStateIsLeftOut) {
  std::ofstream(path) << std::string(8192, 'x');
  EXPECT_EQ(reloaded(1000).kills.count, 0U);
}

TEST_F(StateFileTest, ADirectoryThatIsNotThereIsAnError) {
  EXPECT_FALSE(StateFile::open(path + "/no/state"));
}

}  // namespace
}  // namespace badnessd
