// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/cycle/domains.h"

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "snapshots.h"
#include "tree.h"

namespace badnessd {
namespace {

using test::dir;
using test::file;
using test::TempTree;
using test::with_available;

std::string kib_text(Kib kib) {
  return std::to_string(kib * 1024) + "\n";
}

// Cgroups of 100,000 KiB below /u, a trigger that acts below a tenth of one.
class DomainsTest : public testing::Test {
 protected:
  DomainsTest() { rules.triggers[0].scope = Glob::parse("u/*"); }

  void set(const std::string& name, Kib used, Micros stalled_us = 0) {
    const std::string total = " avg10=0.00 avg60=0.00 avg300=0.00 total=" +
                              std::to_string(stalled_us) + "\n";
    tree.write(name + "/memory.current", kib_text(used));
    tree.write(name + "/memory.max", kib_text(100'000));
    tree.write(name + "/memory.pressure", "some" + total + "full" + total);
  }
  // One pass at `now_us`.
  Firing pass(Micros now_us) {
    PressureReading system = with_available(900'000);
    system.time_us = now_us;
    list_cgroups(cgroups, rules, domains, now_us);
    return take_readings(cgroups, rules, domains, system, false);
  }

  TempTree tree{{file("cgroup.controllers", "memory\n"), dir("u", {})}};
  CgroupTree cgroups{tree.path()};
  Policy rules = test::acts_below_a_tenth();
  OomDomains domains = system_domain(rules);
};

TEST_F(DomainsTest, AnotherCgroupAtThePathHasNoHistory) {
  rules.triggers[0].mem_available_below.reset();
  rules.triggers[0].psi_full_above = 2500;
  set("u/a", 50'000);
  for (Micros now = kSecond; now <= 30 * kSecond; now += kSecond) {
    EXPECT_FALSE(pass(now).fired.kill);
  }
  domains.cgroups[0].noted_free_kib[3] = 50'000;
  count_kill(domains.cgroups[0].kills, 30 * kSecond);
  // Its successor has stalled for all of its life, and for longer than the
  // time since the last reading.
  set("new", 50'000, 9 * kSecond);
  tree.remove("u/a");
  std::filesystem::rename(tree.path("new"), tree.path("u/a"));
  EXPECT_FALSE(pass(31 * kSecond).fired.kill);
  EXPECT_EQ(domains.cgroups[0].noted_free_kib[3], 0U);
  // The budget is that of the path: a unit restarts after each kill.
  EXPECT_EQ(domains.cgroups[0].kills.count, 1U);
}

TEST_F(DomainsTest, EachCgroupIsReadAtItsOwnPace) {
  set("u/near", 89'000);
  set("u/far", 10'000);
  static_cast<void>(pass(kSecond));
  set("u/near", 89'900);  // grows: due again within 14 ms
  static_cast<void>(pass(kSecond + 250'000));
  set("u/near", 91'000);
  set("u/far", 95'000);
  const Firing firing = pass(kSecond + 270'000);
  EXPECT_EQ(firing.fired.kill, 0U);
  EXPECT_EQ(domains.actor().cgroup, "/u/near");
  EXPECT_FALSE(domains.cgroups[0].fired.kill) << domains.cgroups[0].cgroup;
  EXPECT_TRUE(pass(kSecond + 500'000).elsewhere);
}

TEST_F(DomainsTest, AnOtherDomainThatCannotActIsNoReasonToHurry) {
  set("u/a", 95'000);
  set("u/b", 95'000);
  EXPECT_TRUE(pass(kSecond).elsewhere);
  count_kill(domains.cgroups[1].kills, kSecond);
  rules.kills_per_minute = 1;
  EXPECT_FALSE(pass(kSecond + 2'000).elsewhere);
}

}  // namespace
}  // namespace badnessd
