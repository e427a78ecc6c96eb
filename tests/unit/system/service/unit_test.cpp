// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/service/unit.h"

#include <string>

#include <gtest/gtest.h>

#include "tree.h"

namespace badnessd {
namespace {

using test::dir;
using test::Entry;
using test::file;
using test::TempTree;

// A root with these entries where packages and administrators put units.
TempTree root(const std::vector<Entry>& package,
              const std::vector<Entry>& administrator = {}) {
  return TempTree(
      {dir("usr", {dir("lib", {dir("systemd", {dir("system", package)})})}),
       dir("etc", {dir("systemd", {dir("system", administrator)})})});
}

std::string restart_of(const TempTree& tree, const char* unit) {
  const auto settings = read_unit(unit, tree.path());
  return settings ? settings->restart : "none";
}

TEST(ReadUnit, WhatTheFileSaysInItsSection) {
  const TempTree tree = root(
      {file("a.service",
            "[Unit]\nRestart=always\n[Service]\nExecStart=/x\n"
            " Restart = on-failure \nOOMPolicy=kill\n[Install]\nRestart=no\n"),
       file("b.service", "[Service]\nExecStart=/x\n")});
  EXPECT_EQ(restart_of(tree, "a.service"), "on-failure");
  EXPECT_EQ(read_unit("a.service", tree.path())->oom_policy, "kill");
  EXPECT_EQ(restart_of(tree, "b.service"), "no");
  EXPECT_EQ(restart_of(tree, "c.service"), "none");
  EXPECT_EQ(restart_of(tree, "session-1.scope"), "none");
}

TEST(ReadUnit, AnAdministratorsFileReplacesAPackages) {
  const TempTree tree = root({file("a.service", "[Service]\nRestart=always\n")},
                             {file("a.service", "[Service]\n")});
  EXPECT_EQ(restart_of(tree, "a.service"), "no");
}

TEST(ReadUnit, DropInsAreTakenInTheOrderOfTheirNames) {
  const TempTree tree = root(
      {file("a.service", "[Service]\nRestart=no\n"),
       dir("a.service.d", {file("20.conf", "[Service]\nRestart=always\n"),
                           file("30.txt", "[Service]\nRestart=x\n")})},
      {dir("a.service.d", {file("10.conf", "[Service]\nRestart=on-abort\n")})});
  EXPECT_EQ(restart_of(tree, "a.service"), "always");
  // Of one name the administrator's counts.
  const TempTree both = root(
      {file("a.service", "[Service]\n"),
       dir("a.service.d", {file("10.conf", "[Service]\nRestart=always\n")})},
      {dir("a.service.d", {file("10.conf", "[Service]\nRestart=no\n")})});
  EXPECT_EQ(restart_of(both, "a.service"), "no");
}

TEST(ReadUnit, InstancesPrefixesAndAllServices) {
  const TempTree tree = root(
      {file("db@.service", "[Service]\nRestart=on-abnormal\n"),
       file("web-a.service", "[Service]\n"), file("x.service", "")},
      {dir("web-.service.d", {file("1.conf", "[Service]\nRestart=no\n"),
                              file("2.conf", "[Service]\nRestart=always\n")}),
       dir("service.d", {file("0.conf", "[Service]\nOOMPolicy=stop\n")})});
  EXPECT_EQ(restart_of(tree, "db@main.service"), "on-abnormal");
  EXPECT_EQ(restart_of(tree, "web-a.service"), "always");
  EXPECT_EQ(read_unit("x.service", tree.path())->oom_policy, "stop");
}

TEST(UnitSettings, AKilledMainProcessIsStartedAgainByThese) {
  for (const char* restart :
       {"always", "on-failure", "on-abnormal", "on-abort"}) {
    EXPECT_TRUE((UnitSettings{restart, ""}.restarts_after_kill())) << restart;
  }
  for (const char* restart : {"no", "on-success", "on-watchdog"}) {
    EXPECT_FALSE((UnitSettings{restart, ""}.restarts_after_kill())) << restart;
  }
}

}  // namespace
}  // namespace badnessd
