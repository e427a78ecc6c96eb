// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/account.h"

#include <string>

#include <gtest/gtest.h>

namespace badnessd {
namespace {

Account account(Kib anonymous, Kib swap, Kib shmem) {
  Account made;
  made[Charge::kAnonymous] = anonymous;
  made[Charge::kSwap] = swap;
  made[Charge::kShmem] = shmem;
  return made;
}

TEST(Account, TotalIsOfAllKinds) {
  Account all;
  for (Kib& kib : all.kib) {
    kib = 7;
  }
  EXPECT_EQ(all.total(), 7 * kCharges);
  EXPECT_EQ(Account().total(), 0U);
}

TEST(Account, GrowthIsOfEachKind) {
  Account grown = growth(account(900, 10, 50), account(600, 40, 50));
  EXPECT_EQ(grown[Charge::kAnonymous], 300U);
  EXPECT_EQ(grown[Charge::kSwap], 0U);
  EXPECT_EQ(grown[Charge::kShmem], 0U);
  EXPECT_EQ(grown[Charge::kSockets], 0U);
}

// Memory that goes out to swap was taken before.
TEST(Account, WhatChangedItsKindWasNotTaken) {
  EXPECT_EQ(took_kib(account(300, 700, 0), account(900, 0, 0)), 100U);
  EXPECT_EQ(took_kib(account(300, 500, 0), account(900, 0, 0)), 0U);
}

TEST(CgroupPath, IsCutOff) {
  CgroupPath path;
  EXPECT_TRUE(path.empty());
  path = "/system.slice";
  EXPECT_EQ(path.view(), "/system.slice");
  path = std::string(600, 'x');
  EXPECT_EQ(path.view(), std::string(512, 'x'));
  path = "/a";
  EXPECT_EQ(path.view(), "/a");
}

}  // namespace
}  // namespace badnessd
