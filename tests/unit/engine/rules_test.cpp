// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/engine/rules.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "rules.h"

namespace badnessd {
namespace {

// A rule whose name does not matter.
Rule rule(std::int32_t oom_adj,
          std::initializer_list<std::pair<const char*, const char*>> given) {
  return test::rule("r", oom_adj, given);
}

std::int32_t adj_of(const std::vector<Rule>& rules, const Identity& identity) {
  return apply_rules(rules, identity, 0).oom_adj;
}

TEST(Rules, AllThatIsGivenMustMatch) {
  const std::vector<Rule> rules{
      rule(5, {{"comm", "java,node"}, {"user", "1000-1999"}})};
  EXPECT_EQ(adj_of(rules, {.comm = "java", .uid = 1500}), 5);
  EXPECT_EQ(adj_of(rules, {.comm = "node", .uid = 1999}), 5);
  EXPECT_EQ(adj_of(rules, {.comm = "java", .uid = 2000}), 0);
  EXPECT_EQ(adj_of(rules, {.comm = "ruby", .uid = 1500}), 0);
}

TEST(Rules, TheFirstThatMatchesCounts) {
  const std::vector<Rule> rules{rule(-17, {{"comm", "java"}}),
                                rule(5, {{"comm", "*"}})};
  const RuleVerdict java = apply_rules(rules, {.comm = "java"}, 3);
  EXPECT_EQ(java.oom_adj, -17);
  EXPECT_EQ(java.matched, bit_of(0) | bit_of(1));
  EXPECT_EQ(first_of(java.matched), 0U);
  EXPECT_EQ(apply_rules(rules, {.comm = "node"}, 3).oom_adj, 5);
}

TEST(Rules, WithoutAMatchItsOwnCounts) {
  const RuleVerdict verdict =
      apply_rules({rule(5, {{"comm", "java"}})}, {.comm = "node"}, -3);
  EXPECT_EQ(verdict.oom_adj, -3);
  EXPECT_TRUE(verdict.known);
  EXPECT_EQ(verdict.matched, 0U);
}

TEST(Rules, WhatIsNotKnownDoesNotMatchAndIsSaid) {
  const std::vector<Rule> rules{rule(7, {{"comm", "java"}, {"exe", "/opt/*"}}),
                                rule(-17, {{"comm", "java"}, {"user", "0"}})};
  const RuleVerdict open = apply_rules(rules, {.comm = "java"}, 0);
  EXPECT_EQ(open.oom_adj, 0);
  EXPECT_EQ(open.matched, 0U);
  EXPECT_FALSE(open.known);
  // What is known and does not hold settles it.
  EXPECT_TRUE(apply_rules(rules, {.comm = "node"}, 0).known);
  // A rule that matches leaves nothing to those behind it.
  const RuleVerdict sure =
      apply_rules({rule(2, {{"comm", "java"}}), rules[0]}, {.comm = "java"}, 0);
  EXPECT_TRUE(sure.known);
  EXPECT_EQ(sure.oom_adj, 2);
  // One before it does.
  EXPECT_FALSE(
      apply_rules({rules[0], rule(2, {{"comm", "java"}})}, {.comm = "java"}, 0)
          .known);
}

// To read the program waits for an exec that does not end.
TEST(Rules, TheProgramIsReadInCalmTimes) {
  const std::vector<Rule> rules{rule(7, {{"exe", "/opt/*"}})};
  EXPECT_TRUE(asks_for(rules, Known::kExe));
  EXPECT_FALSE(asks_for(rules, Known::kCmdline));
  EXPECT_FALSE(asks_for(rules, Known::kScanned));
  const auto bits = [&](const char* exe) {
    return calm_conditions(rules, Known::kExe, {.exe = exe});
  };
  EXPECT_EQ(bits("/opt/java"), bit_of(0));
  EXPECT_EQ(bits("/usr/bin/java"), 0U);
  CalmBits known{};
  known[place_of(Known::kExe)] = bits("/opt/java");
  EXPECT_EQ(adj_of(rules, {.calm = known}), 7);
  known[place_of(Known::kExe)] = RuleBits{0};
  EXPECT_EQ(adj_of(rules, {.calm = known}), 0);
}

RuleBits calm(const Rule& one, const char* cmdline, const char* cgroup) {
  const Identity identity{.cmdline = cmdline, .cgroup = cgroup};
  return calm_conditions({one}, Known::kCmdline, identity) &
         calm_conditions({one}, Known::kCgroup, identity);
}

TEST(Rules, ACgroupIsMatchedWithAllThatIsBelow) {
  const Rule db = rule(1, {{"cgroup", "system.slice/db.service"}});
  EXPECT_TRUE(calm(db, "", "/system.slice/db.service"));
  EXPECT_TRUE(calm(db, "", "/system.slice/db.service/worker"));
  EXPECT_FALSE(calm(db, "", "/system.slice/db.service2"));
  EXPECT_FALSE(calm(db, "", "/x/system.slice/db.service"));
  EXPECT_FALSE(calm(db, "", ""));
  EXPECT_TRUE(calm(rule(1, {{"cgroup", "/system.slice"}}), "",
                   "/system.slice/a.service"));
}

TEST(Rules, AUnitIsTheServiceOrASliceAboveItNeverWhatIsBelow) {
  const Rule db = rule(1, {{"unit", "db.service"}});
  EXPECT_TRUE(calm(db, "", "/system.slice/db.service"));
  EXPECT_TRUE(calm(db, "", "/system.slice/db.service/worker"));
  EXPECT_TRUE(calm(db, "", "/system.slice/_db.service"));  // systemd's escape
  // A user's own manager and a container name their units as they like.
  EXPECT_FALSE(calm(db, "",
                    "/user.slice/user-9.slice/user@9.service/app.slice/"
                    "db.service"));
  EXPECT_FALSE(
      calm(db, "", "/system.slice/docker-1.scope/system.slice/db.service"));
  EXPECT_FALSE(calm(db, "", "/payload/db.service"));
  EXPECT_TRUE(calm(rule(1, {{"unit", "user-9.slice"}}), "",
                   "/user.slice/user-9.slice/session-1.scope"));
}

// A pod below the service that runs it (kubernetes/kubernetes#106514).
TEST(Rules, AUnitDoesNotTakeWhatLiesInUnitsBelowIt) {
  const std::string service = "/system.slice/containerd.service";
  const std::string pod =
      service + "/kubepods-burstable-pod36b6a1b2.slice:cri-containerd:79fe3f8b";
  const Rule node = rule(-17, {{"unit", "containerd.service"}});
  EXPECT_TRUE(calm(node, "", service.c_str()));
  EXPECT_FALSE(calm(node, "", pod.c_str()));
  EXPECT_TRUE(calm(rule(1, {{"cgroup", "system.slice/containerd.service"}}), "",
                   pod.c_str()));
  const Rule user = rule(1, {{"unit", "user@*.service"}});
  EXPECT_TRUE(calm(user, "",
                   "/user.slice/user-9.slice/user@9.service"
                   "/init.scope"));
  EXPECT_FALSE(calm(user, "",
                    "/user.slice/user-9.slice/user@9.service"
                    "/app.slice/db.service"));
  EXPECT_TRUE(calm(rule(1, {{"unit", "libpod-*.scope"}}), "",
                   "/machine.slice/libpod-1f.scope/container"));
}

TEST(Rules, CmdlineCgroupAndUnitTogether) {
  const Rule all = rule(
      1, {{"cmdline", "*-x*"}, {"cgroup", "a.slice"}, {"unit", "b.service"}});
  EXPECT_TRUE(calm(all, "j -x y", "/a.slice/b.service"));
  EXPECT_FALSE(calm(all, "j -y", "/a.slice/b.service"));
  EXPECT_FALSE(calm(all, "j -x", "/a.slice/c.service"));
  // A rule that asks for none of them holds as far as they go.
  EXPECT_TRUE(calm(rule(1, {{"comm", "x"}}), "", ""));
}

TEST(UnitOf, IsTheFirstServiceOrScope) {
  EXPECT_EQ(unit_of("/system.slice/a.service/b.service"), "a.service");
  EXPECT_EQ(unit_of("/user.slice/user-1.slice/session-2.scope"),
            "session-2.scope");
  EXPECT_EQ(unit_of("/kubepods/pod1"), "");
  EXPECT_EQ(unit_of("/"), "");
}

}  // namespace
}  // namespace badnessd
