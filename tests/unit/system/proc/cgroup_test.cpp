// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/proc/cgroup.h"

#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tree.h"

namespace badnessd {
namespace {

using test::dir;
using test::Entry;
using test::file;
using test::TempTree;

std::string bytes(std::uint64_t mib) {
  return std::to_string(mib << 20) + "\n";
}

// A cgroup of version 2 with a limit of 100 MiB of which 90 are in use, 30 of
// them page cache.
Entry cgroup(const std::string& name, std::vector<Entry> more = {}) {
  std::vector<Entry> entries{
      file("memory.current", bytes(90)),
      file("memory.max", bytes(100)),
      file("memory.high", "max\n"),
      file("memory.stat", "anon 1\ninactive_file " + bytes(20) +
                              "active_file " + bytes(9) + "slab_reclaimable " +
                              bytes(1)),
      file("memory.swap.current", bytes(3)),
      file("memory.swap.max", bytes(10)),
      file("memory.pressure",
           "some avg10=1.00 avg60=0.00 avg300=0.00 total=5\n"
           "full avg10=0.50 avg60=0.00 avg300=0.00 total=2\n"),
      file("cgroup.procs", "7\n8\n")};
  entries.insert(entries.end(), more.begin(), more.end());
  return dir(name, entries);
}

std::vector<Entry> two(std::vector<Entry> cgroups) {
  cgroups.push_back(file("cgroup.controllers", "cpu memory pids\n"));
  return cgroups;
}

PressureReading system_reading() {
  PressureReading reading;
  reading.time_us = 77;
  reading.mem_total_kib = 1 << 20;
  reading.mem_available_kib = 1 << 19;
  reading.swap_total_kib = 1 << 20;
  reading.swap_free_kib = 1 << 20;
  reading.psi_some = PsiLine{.total_us = 9};
  return reading;
}

std::vector<std::string> found(const TempTree& tree, const char* scope) {
  return CgroupTree(tree.path()).list(*Glob::parse(scope));
}

TEST(CgroupTree, ListsTheFirstMatchOnEachPath) {
  const TempTree tree(two({
      dir("user.slice", {cgroup("user-1.slice", {cgroup("session-1.slice")}),
                         cgroup("user-2.slice"), cgroup("other.scope")}),
      dir("system.slice", {cgroup("user-3.slice")}),
  }));
  const std::vector<std::string> users{"/user.slice/user-1.slice",
                                       "/user.slice/user-2.slice"};
  EXPECT_EQ(found(tree, "user.slice/user-*.slice"), users);
  EXPECT_EQ(found(tree, "/user.slice/user-*.slice"), users);
  EXPECT_EQ(found(tree, "*/user-3.slice"),
            std::vector<std::string>{"/system.slice/user-3.slice"});
  EXPECT_TRUE(found(tree, "nobody.slice/*").empty());
}

TEST(CgroupTree, ReadsItsMemoryAsIfItWereASystem) {
  const TempTree tree(two({cgroup("a.slice")}));
  const auto reading =
      CgroupTree(tree.path()).read("/a.slice", system_reading(), {});
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->time_us, 77U);
  EXPECT_EQ(reading->mem_total_kib, 100U * 1024);
  EXPECT_EQ(reading->mem_available_kib, 40U * 1024);
  EXPECT_EQ(reading->swap_total_kib, 10U * 1024);
  EXPECT_EQ(reading->swap_free_kib, 7U * 1024);
  ASSERT_TRUE(reading->psi_full);
  EXPECT_EQ(reading->psi_full->total_us, 2U);
}

TEST(CgroupTree, TheLowerOfMaxAndHighIsTheLimit) {
  const TempTree tree(two({cgroup("a.slice")}));
  tree.write("a.slice/memory.high", bytes(80));
  CgroupTree cgroups(tree.path());
  const auto reading = cgroups.read("/a.slice", system_reading(), {});
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->mem_total_kib, 80U * 1024);
  EXPECT_EQ(reading->mem_available_kib, 20U * 1024);
  tree.write("a.slice/memory.high", "max\n");
  tree.write("a.slice/memory.max", "max\n");
  EXPECT_EQ(cgroups.read("/a.slice", system_reading(), {})->mem_total_kib,
            system_reading().mem_total_kib);
}

TEST(CgroupTree, TheLeastLimitAboveCounts) {
  const TempTree tree(two({cgroup("a", {cgroup("b", {cgroup("c")})})}));
  CgroupTree cgroups(tree.path());
  const auto read = [&] {
    return cgroups.read("/a/b/c", system_reading(), {}).value();
  };
  for (const char* file : {"a/memory.max", "a/b/memory.high"}) {
    tree.write(file, bytes(60));
    EXPECT_EQ(read().mem_total_kib, 60U * 1024);
    EXPECT_EQ(read().mem_available_kib, 0U);
    tree.write(file, bytes(100));
  }
  tree.write("a/b/memory.swap.max", bytes(4));
  EXPECT_EQ(read().swap_total_kib, 4U * 1024);
  EXPECT_EQ(read().swap_free_kib, 1U * 1024);
  tree.write("memory.max", bytes(30));  // of a container's own root
  EXPECT_EQ(read().mem_total_kib, 30U * 1024);
}

TEST(CgroupTree, AListThatIsCutShortIsSeenAsSuch) {
  const TempTree tree(two({cgroup("a.slice")}));
  for (std::size_t i = 0; i < CgroupTree::kMost; ++i) {
    tree.write(std::to_string(i) + "/cgroup.procs", "");
  }
  CgroupTree cgroups(tree.path());
  EXPECT_EQ(cgroups.list(*Glob::parse("?*")).size(), CgroupTree::kMost);
  EXPECT_TRUE(cgroups.cut());
  EXPECT_EQ(cgroups.list(*Glob::parse("a.slice")).size(), 1U);
  EXPECT_FALSE(cgroups.cut());
}

TEST(CgroupTree, MoreThanTheLimitIsNothingAvailable) {
  const TempTree tree(two({cgroup("a.slice")}));
  tree.write("a.slice/memory.current", bytes(500));
  const auto reading =
      CgroupTree(tree.path()).read("/a.slice", system_reading(), {});
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->mem_available_kib, 0U);
}

TEST(CgroupTree, WithoutSwapAndPressureFilesTheyAreTheSystemsAndNone) {
  const TempTree tree(two({cgroup("a.slice")}));
  tree.remove("a.slice/memory.swap.current");
  tree.remove("a.slice/memory.pressure");
  const auto reading =
      CgroupTree(tree.path()).read("/a.slice", system_reading(), {});
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->swap_free_kib, system_reading().swap_free_kib);
  EXPECT_FALSE(reading->psi_some);
}

// The kernel adds up what thousands of dying cgroups have counted.
TEST(CgroupTree, AMemoryStatThatTakesLongCountsAsItWasRead) {
  const TempTree tree(two({cgroup("a.slice")}));
  CgroupTree cgroups(tree.path());
  const auto before = cgroups.read("/a.slice", system_reading(), {});
  ASSERT_TRUE(before);
  EXPECT_EQ(before->reclaimable_kib, 30U * 1024);
  tree.remove("a.slice/memory.stat");
  ASSERT_EQ(::mkfifo(tree.path("a.slice/memory.stat").c_str(), 0600), 0);
  tree.write("a.slice/memory.current", bytes(70));
  const auto reading = cgroups.read("/a.slice", system_reading(), *before);
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->mem_available_kib, 60U * 1024);
  EXPECT_FALSE(cgroups.read("/a.slice", system_reading(), {}));
  EXPECT_FALSE(cgroups.hangs(1));
  EXPECT_TRUE(cgroups.hangs(10'000'001));
}

TEST(CgroupTree, OneThatIsGoneIsAnError) {
  const TempTree tree(two({cgroup("a.slice")}));
  CgroupTree cgroups(tree.path());
  EXPECT_FALSE(cgroups.read("/b.slice", system_reading(), {}));
  EXPECT_FALSE(cgroups.for_each_process("/b.slice", [](std::int32_t) {}));
  EXPECT_FALSE(CgroupTree(nullptr).read("/a.slice", system_reading(), {}));
}

TEST(CgroupTree, ListsItsProcessesAndThoseBelow) {
  const TempTree tree(two({cgroup(
      "a.slice",
      {dir("b.service", {file("cgroup.procs", "9\n"),
                         dir("c", {file("cgroup.procs", "10\n0\n")})})})}));
  CgroupTree cgroups(tree.path());
  std::vector<std::int32_t> pids;
  const auto list = [&](const char* path) {
    pids.clear();
    EXPECT_TRUE(cgroups.for_each_process(
        path, [&](std::int32_t pid) { pids.push_back(pid); }));
    std::sort(pids.begin(), pids.end());
    return pids;
  };
  EXPECT_EQ(list("/a.slice"), (std::vector<std::int32_t>{7, 8, 9, 10}));
  EXPECT_EQ(list("/a.slice/b.service"), (std::vector<std::int32_t>{9, 10}));
}

TEST(CgroupTree, ManyCgroupsAndDeepOnesDoNotHideTheOthers) {
  std::vector<Entry> crowd;
  for (int i = 0; i < 5000; ++i) {
    crowd.push_back(dir(std::to_string(i), {}));
  }
  const TempTree tree(
      two({dir("a", {file("cgroup.procs", ""), dir("crowd", crowd),
                     dir("z", {file("cgroup.procs", "8\n")})})}));
  std::string deep = "a";
  for (int level = 0; level < 20; ++level) {
    deep += "/d";
  }
  tree.write(deep + "/cgroup.procs", "10\n");
  tree.write(deep + "/memory.oom.group", "1\n");
  CgroupTree cgroups(tree.path());
  std::vector<std::int32_t> found;
  EXPECT_TRUE(cgroups.for_each_process(
      "/a", [&](std::int32_t pid) { found.push_back(pid); }));
  EXPECT_EQ(found, std::vector<std::int32_t>{8});  // above the crowd
  EXPECT_EQ(cgroups.list(*Glob::parse("*/z")),
            std::vector<std::string>{"/a/z"});
  EXPECT_EQ(cgroups.oom_group("/" + deep, ""), "");
}

TEST(CgroupTree, TheHighestOomGroupIsTheOne) {
  const TempTree tree(two({cgroup(
      "a.slice",
      {file("memory.oom.group", "0\n"),
       dir("b.service", {file("memory.oom.group", "1\n"),
                         dir("c", {file("memory.oom.group", "1\n")})})})}));
  CgroupTree cgroups(tree.path());
  EXPECT_EQ(cgroups.oom_group("/a.slice/b.service/c", ""),
            "/a.slice/b.service");
  EXPECT_EQ(cgroups.oom_group("/a.slice/b.service/c", "/a.slice/b.service/c"),
            "/a.slice/b.service/c");
  EXPECT_EQ(cgroups.oom_group("/a.slice", ""), "");
  EXPECT_EQ(cgroups.oom_group("/", ""), "");
  EXPECT_EQ(cgroups.oom_group("", ""), "");
}

TEST(CgroupTree, VersionOneIsNotUsed) {
  const TempTree tree(
      {dir("memory", {file("memory.stat", ""),
                      dir("u", {file("memory.usage_in_bytes", bytes(90)),
                                file("memory.limit_in_bytes", bytes(100)),
                                file("cgroup.procs", "7\n")})})});
  CgroupTree cgroups(tree.path());
  EXPECT_FALSE(cgroups.mounted());
  EXPECT_TRUE(cgroups.list(*Glob::parse("*")).empty());
  EXPECT_FALSE(cgroups.read("/memory/u", system_reading(), {}));
}

TEST(CgroupTree, NothingMountedIsNothing) {
  const TempTree empty({});
  CgroupTree cgroups(empty.path());
  EXPECT_FALSE(cgroups.mounted());
  EXPECT_TRUE(cgroups.list(*Glob::parse("*")).empty());
}

TEST(ParseCgroup, TakesTheUnifiedHierarchyOrThatOfSystemd) {
  EXPECT_EQ(parse_cgroup("0::/a.slice/b.service\n"), "/a.slice/b.service");
  EXPECT_EQ(parse_cgroup("4:memory:/m\n1:name=systemd:/s\n0::/u\n"), "/u");
  EXPECT_EQ(parse_cgroup("4:memory:/m\n1:name=systemd:/s\n0::/\n"), "/s");
  EXPECT_EQ(parse_cgroup("4:memory:/m\n1:name=systemd:/s\n"), "/s");
  EXPECT_EQ(parse_cgroup("3:cpu:/c:name=systemd:/x\n0::/\n"), "/");
  EXPECT_EQ(parse_cgroup("0::/a (deleted)\n"), "/a");
  EXPECT_EQ(parse_cgroup("0::/with:colon\n"), "/with:colon");
  for (const char* text :
       {"", "\n", "nonsense\n", ":\n", "3:cpu:/c\n", "4:memory:/m\n"}) {
    EXPECT_EQ(parse_cgroup(text), "") << text;
  }
}

}  // namespace
}  // namespace badnessd
