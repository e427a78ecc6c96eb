// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/accounts.h"

#include <string>

#include <gtest/gtest.h>

#include "fake_source.h"

namespace badnessd {
namespace {

constexpr Kib kMemory = 8'000'000;

// Cgroups of a host, noted in slot 0, and what they took since then.
class AccountsOfCgroups : public testing::Test {
 protected:
  void charge(const std::string& cgroup, Kib shmem) {
    Account account;
    account[Charge::kShmem] = shmem;
    source.set_account(cgroup, account);
  }
  void note(std::size_t slot) {
    accounts.ask_note(source.sources(), slot, kMemory);
    source.wait_for_answers();
    accounts.take(source.sources());
    ASSERT_TRUE(accounts.known());
  }
  CgroupsTook find(Kib lost, const std::string& top = "") {
    return accounts.find(source.sources(), {.slot = 0, .lost_kib = lost}, top);
  }
  static std::string first(const CgroupsTook& took) {
    return took.count == 0 ? std::string()
                           : std::string(took.list[0].path.view());
  }

  test::FakeSource source{Snapshot{}};
  Accounts accounts;
};

TEST_F(AccountsOfCgroups, TheDeepestOneThatTookHalfIsFound) {
  charge("/user", 100'000);
  charge("/user/u1", 60'000);
  charge("/user/u1/app", 50'000);
  charge("/system", 90'000);
  note(0);
  charge("/user", 1'100'000);
  charge("/user/u1", 1'060'000);
  charge("/user/u1/app", 950'000);
  const CgroupsTook took = find(1'000'000);
  EXPECT_EQ(took.source, CgroupsTook::Source::kNow);
  ASSERT_EQ(took.count, 1U);
  EXPECT_EQ(first(took), "/user/u1/app");
  EXPECT_EQ(took.took_kib, 900'000U);
  EXPECT_EQ(took.list[0].grown.kib[2], 900'000U);
  EXPECT_FALSE(took.dead);
}

TEST_F(AccountsOfCgroups, ThoseThatCannotAllBeReadAreSeenAsSuch) {
  charge("/user", 100'000);
  note(0);
  EXPECT_FALSE(accounts.cut());
  for (std::size_t i = 0; i < AccountReader::kMostChildren; ++i) {
    charge("/c" + std::to_string(i), 100'000);
  }
  note(1);
  EXPECT_TRUE(accounts.cut());
}

// One with thousands of children is blamed itself, and the others stay known.
TEST_F(AccountsOfCgroups, WhoseChildrenAreNotNotedTookIt) {
  charge("/system", 90'000);
  charge("/user", 100'000);
  for (std::size_t i = 0; i <= AccountReader::kMostChildren; ++i) {
    charge("/user/c" + std::to_string(i), 90);
  }
  note(0);
  EXPECT_FALSE(accounts.cut());
  charge("/user", 1'000'000);
  charge("/user/c7", 900'000);
  EXPECT_EQ(first(find(900'000)), "/user");
}

TEST_F(AccountsOfCgroups, WithoutANoteNothingIsKnown) {
  charge("/system", 900'000);
  EXPECT_EQ(find(900'000).source, CgroupsTook::Source::kNone);
  note(3);  // not of the slot that is asked for
  EXPECT_EQ(find(900'000).source, CgroupsTook::Source::kNone);
}

TEST_F(AccountsOfCgroups, OnesThatTookLittleAreNone) {
  charge("/system", 90'000);
  note(0);
  charge("/system", 300'000);
  const CgroupsTook took = find(1'000'000);
  EXPECT_EQ(took.source, CgroupsTook::Source::kNow);
  EXPECT_EQ(took.count, 0U);
}

TEST_F(AccountsOfCgroups, ACgroupOfTheSameNameIsAnotherOne) {
  charge("/system", 700'000);
  note(0);
  source.remove_cgroup("/system");
  charge("/new", 10);  // so that the inode is not used again at once
  charge("/system", 700'000);
  EXPECT_EQ(find(700'000).took_kib, 700'000U);
}

TEST_F(AccountsOfCgroups, OneThatWasTooSmallToBeNotedHeldNothing) {
  charge("/system", 900);
  note(0);
  charge("/system", 500'900);
  EXPECT_EQ(find(500'000).took_kib, 500'900U);
}

TEST_F(AccountsOfCgroups, OneThatIsSmallOnceKeepsItsOtherNotes) {
  charge("/system", 700'000);
  note(0);
  charge("/system", 10);
  note(1);
  charge("/system", 750'000);
  EXPECT_EQ(find(700'000).count, 0U);
}

TEST_F(AccountsOfCgroups, WhatNoLivingChildTookIsOfTheDead) {
  charge("/system", 100'000);
  charge("/system/a", 90'000);
  note(0);
  charge("/system", 900'000);
  const CgroupsTook took = find(800'000);
  EXPECT_EQ(first(took), "/system");
  EXPECT_TRUE(took.dead);
}

// A cgroup without children of its own has no dead ones either.
TEST_F(AccountsOfCgroups, ALeafTookItItself) {
  charge("/system", 100'000);
  note(0);
  charge("/system", 900'000);
  EXPECT_FALSE(find(800'000).dead);
}

TEST_F(AccountsOfCgroups, ManyChildrenThatTookALittleAreTheirParent) {
  charge("/pods", 10'000);
  note(0);
  for (char name = 'a'; name < 'h'; ++name) {
    charge(std::string("/pods/") + name, 150'000);
  }
  charge("/pods", 1'050'000);
  const CgroupsTook took = find(1'000'000);
  ASSERT_EQ(took.count, 1U);
  EXPECT_EQ(first(took), "/pods");
  EXPECT_FALSE(took.dead);
}

TEST_F(AccountsOfCgroups, AScopeIsSearchedFromItself) {
  charge("/user", 10'000);
  charge("/user/u1", 5'000);
  charge("/user/u1/app", 4'000);
  charge("/system", 10'000);
  note(0);
  charge("/system", 900'000);
  charge("/user", 310'000);
  charge("/user/u1", 305'000);
  charge("/user/u1/app", 304'000);
  EXPECT_EQ(first(find(300'000, "/user/u1")), "/user/u1/app");
}

TEST_F(AccountsOfCgroups, TheLeavesThatTookTheMostAreNamed) {
  charge("/system", 100'000);
  charge("/system/a", 50'000);
  charge("/system/b", 50'000);
  note(0);
  charge("/system", 400'000);
  charge("/system/a", 150'000);
  charge("/system/b", 250'000);
  note(1);
  const auto takers = accounts.takers(0, 5);
  ASSERT_EQ(takers.size(), 2U);
  EXPECT_EQ(takers[0].path.view(), "/system/b");
  EXPECT_EQ(takers[0].took_kib, 200'000U);
}

}  // namespace
}  // namespace badnessd
