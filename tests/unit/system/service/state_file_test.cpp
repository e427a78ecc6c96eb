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
  PolicyState reloaded(Micros now_us) {
    PolicyState state;
    const auto file = StateFile::open(path);
    EXPECT_TRUE(file);
    if (file) {
      file->load(state, now_us);
    }
    return state;
  }
  void save(const PolicyState& state) {
    auto file = StateFile::open(path);
    ASSERT_TRUE(file);
    file->save(state);
  }

  test::TempTree tree{{}};
  std::string path = std::string(tree.path()) + "/state";
};

TEST_F(StateFileTest, KeepsThePendingVictimTheBudgetAndThoseSetAside) {
  PolicyState state;
  state.pending = Pending{.id = {42, 7}, .since_us = 500, .expected_kib = 9};
  count_kill(state.system.kills, 500);
  set_aside(state, {43, 8});
  save(state);
  const PolicyState loaded = reloaded(1000);
  ASSERT_TRUE(loaded.pending);
  EXPECT_EQ(loaded.pending->id, (TaskId{42, 7}));
  EXPECT_EQ(loaded.pending->expected_kib, 9U);
  EXPECT_EQ(loaded.system.kills.count, 1U);
  ASSERT_EQ(set_aside_of(loaded).size(), 1U);
  EXPECT_EQ(set_aside_of(loaded)[0], (TaskId{43, 8}));
}

TEST_F(StateFileTest, AnEmptyOneIsNoState) {
  const PolicyState loaded = reloaded(1000);
  EXPECT_FALSE(loaded.pending);
  EXPECT_EQ(loaded.system.kills.count, 0U);
}

TEST_F(StateFileTest, WhatIsOfAnotherBootIsLeftOut) {
  PolicyState state;
  count_kill(state.system.kills, 5000);
  save(state);
  EXPECT_EQ(reloaded(1000).system.kills.count, 0U);
}

TEST_F(StateFileTest, WhatIsNoStateIsLeftOut) {
  std::ofstream(path) << std::string(8192, 'x');
  EXPECT_EQ(reloaded(1000).system.kills.count, 0U);
}

TEST_F(StateFileTest, ADirectoryThatIsNotThereIsAnError) {
  EXPECT_FALSE(StateFile::open(path + "/no/state"));
}

}  // namespace
}  // namespace badnessd
