// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/proc/account_reader.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tree.h"

namespace badnessd {
namespace {

using test::dir;
using test::Entry;
using test::file;
using test::TempTree;

// As 6.18 writes it, with what is not used between.
constexpr std::string_view kMemoryStat618 =
    "anon 1048576\nfile 9437184\nkernel 819200\nkernel_stack 16384\n"
    "pagetables 102400\nsec_pagetables 0\npercpu 2048\nsock 8192\n"
    "vmalloc 4096\nshmem 3145728\nfile_mapped 77\nslab_reclaimable 204800\n"
    "slab_unreclaimable 307200\nslab 512000\npgfault 12345\n";

Account account_of(Kib anonymous, Kib swap, Kib shmem, Kib tables, Kib kernel,
                   Kib sockets) {
  return {.kib = {anonymous, swap, shmem, tables, kernel, sockets}};
}

TEST(ParseMemoryStat, TakesWhatCannotBeReclaimed) {
  EXPECT_EQ(parse_memory_stat(kMemoryStat618).kib,
            account_of(1024, 0, 3072, 100, 800 - 100 - 200, 8).kib);
}

// Before 5.18 its parts are added.
TEST(ParseMemoryStat, WithoutASumOfTheKernelItsPartsCount) {
  std::string text(kMemoryStat618);
  text.erase(text.find("kernel 819200\n"), 14);
  EXPECT_EQ(parse_memory_stat(text).kib,
            account_of(1024, 0, 3072, 100, 16 + 2 + 4 + 300, 8).kib);
}

TEST(ParseMemoryStat, KeysAreWhole) {
  EXPECT_EQ(parse_memory_stat("anon_thp 4096\nxanon 4096\nanon 8192\n").total(),
            8U);
}

TEST(ParseMemoryStat, WhatIsMissingIsZero) {
  for (const char* text :
       {"", "\n", "anon", "anon \n", "file 4096\n", "\n\n?"}) {
    EXPECT_EQ(parse_memory_stat(text).total(), 0U) << text;
  }
}

TEST(ParseMemoryStat, NoTextIsTooShort) {
  const std::string text(kMemoryStat618);
  const Kib most = parse_memory_stat(text).total() + 200;
  for (std::size_t length = 0; length < text.size(); ++length) {
    const Account account =
        parse_memory_stat(std::string_view(text).substr(0, length));
    ASSERT_LE(account.total(), most) << length;
  }
}

TEST(ParseMemoryStat, MoreThanAnyMemoryIsNothing) {
  EXPECT_EQ(parse_memory_stat("anon 18446744073709551615\n").total(), 0U);
  EXPECT_EQ(parse_memory_stat("anon 99999999999999999999999\n").total(), 0U);
  EXPECT_EQ(parse_memory_stat("anon -4096\n").total(), 0U);
  EXPECT_EQ(parse_memory_stat("anon 1152921504606846975\n").total(),
            1'125'899'906'842'623U);
  // A sum below its parts.
  EXPECT_EQ(
      parse_memory_stat("kernel 4096\npagetables 8192\n")[Charge::kKernel], 0U);
}

// A cgroup that is charged with this.
Entry cgroup(const std::string& name, Kib anonymous, Kib swap,
             std::vector<Entry> below = {}) {
  below.push_back(
      file("memory.current", std::to_string(anonymous * 1024) + "\n"));
  below.push_back(
      file("memory.swap.current", std::to_string(swap * 1024) + "\n"));
  below.push_back(
      file("memory.stat", "anon " + std::to_string(anonymous * 1024) + "\n"));
  return dir(name, below);
}

AccountReader::Answer answer(const TempTree& tree, const std::string& top,
                             Kib least_kib = 0, bool deep = false) {
  AccountReader::Question question{
      .top = {}, .least_kib = least_kib, .deep = deep};
  question.top = top;
  return AccountReader(tree.path()).read(question);
}

std::vector<std::string> paths(const AccountReader::Answer& answer) {
  std::vector<std::string> paths;
  for (const CgroupAccount& account : answer.cgroups) {
    paths.push_back(account.path);
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

using Paths = std::vector<std::string>;

class AccountReaderTest : public testing::Test {
 protected:
  const TempTree tree{{
      file("memory.stat", "anon 1\n"),
      cgroup("a.slice", 5000, 300,
             {cgroup("b.service", 4000, 200, {cgroup("c", 3000, 0)}),
              cgroup("d.service", 90, 9)}),
      cgroup("e.slice", 70, 0),
      dir("no_controller", {file("cgroup.procs", "")}),
  }};
};

TEST_F(AccountReaderTest, ReadsTheChildrenOfTheRoot) {
  const auto read = answer(tree, "");
  EXPECT_EQ(paths(read), (Paths{"/a.slice", "/e.slice"}));
  EXPECT_EQ(read.children, 2U);
  EXPECT_TRUE(read.complete);
  EXPECT_TRUE(read.top.empty());
  const auto a = std::find_if(
      read.cgroups.begin(), read.cgroups.end(),
      [](const CgroupAccount& it) { return it.path == "/a.slice"; });
  ASSERT_NE(a, read.cgroups.end());
  EXPECT_EQ(a->account.kib, account_of(5000, 300, 0, 0, 0, 0).kib);
  EXPECT_NE(a->inode, 0U);
}

TEST_F(AccountReaderTest, ReadsThoseOfOneCgroup) {
  const auto read = answer(tree, "/a.slice");
  EXPECT_EQ(paths(read), (Paths{"/a.slice/b.service", "/a.slice/d.service"}));
  EXPECT_EQ(read.top.view(), "/a.slice");
}

TEST_F(AccountReaderTest, LeavesOutTheSmallOnesAndCountsThem) {
  const auto read = answer(tree, "/a.slice", 100);
  EXPECT_EQ(paths(read), (Paths{"/a.slice/b.service"}));
  EXPECT_EQ(read.children, 2U);
  EXPECT_TRUE(read.complete);
  // What is in swap is charged too.
  EXPECT_EQ(answer(tree, "/a.slice", 99).cgroups.size(), 2U);
}

TEST_F(AccountReaderTest, ReadsDeeperOnes) {
  const auto read = answer(tree, "", 0, true);
  EXPECT_EQ(paths(read),
            (Paths{"/a.slice", "/a.slice/b.service", "/a.slice/b.service/c",
                   "/a.slice/d.service", "/e.slice"}));
  EXPECT_EQ(read.children, 2U);  // of the top
  EXPECT_TRUE(read.complete);
}

TEST_F(AccountReaderTest, OneThatIsGoneHasNone) {
  const auto gone = answer(tree, "/x.slice");
  EXPECT_TRUE(gone.cgroups.empty());
  EXPECT_EQ(gone.children, 0U);
  // It vanishes between two reads.
  tree.remove("a.slice/b.service/memory.stat");
  EXPECT_EQ(paths(answer(tree, "/a.slice")), (Paths{"/a.slice/d.service"}));
}

TEST_F(AccountReaderTest, WithoutSwapAccountingTheRestCounts) {
  tree.remove("e.slice/memory.swap.current");
  EXPECT_EQ(paths(answer(tree, "")), (Paths{"/a.slice", "/e.slice"}));
}

TEST_F(AccountReaderTest, AnotherOfTheSameNameHasAnotherInode) {
  const auto before = answer(tree, "/a.slice", 100).cgroups.at(0).inode;
  // Both exist for a moment, so that the inode cannot be used again.
  tree.write("a.slice/new/memory.current", "409600\n");
  tree.write("a.slice/new/memory.stat", "anon 409600\n");
  std::filesystem::rename(tree.path("a.slice/b.service"),
                          tree.path("a.slice/old"));
  std::filesystem::rename(tree.path("a.slice/new"),
                          tree.path("a.slice/b.service"));
  for (const CgroupAccount& it : answer(tree, "/a.slice", 100).cgroups) {
    EXPECT_EQ(it.inode == before, it.path == "/a.slice/old") << it.path;
  }
}

TEST(AccountReaderLimits, MoreChildrenThanThatAreNotLookedAt) {
  std::vector<Entry> children;
  for (std::size_t i = 0; i < AccountReader::kMostChildren; ++i) {
    children.push_back(cgroup("c" + std::to_string(i), 5, 0));
  }
  const TempTree tree(children);
  EXPECT_TRUE(answer(tree, "").complete);
  tree.write("one_more/memory.current", "4096\n");
  const auto read = answer(tree, "");
  EXPECT_FALSE(read.complete);
  EXPECT_EQ(read.children, 0U);
}

TEST(AccountReaderLimits, WhoHasMoreChildrenIsALeaf) {
  std::vector<Entry> children;
  for (std::size_t i = 0; i <= AccountReader::kMostChildren; ++i) {
    children.push_back(cgroup("c" + std::to_string(i), 5, 0));
  }
  const TempTree tree({cgroup("user", 5, 0, children),
                       cgroup("other", 5, 0, {cgroup("c", 5, 0)})});
  const auto read = answer(tree, "", 0, true);
  EXPECT_TRUE(read.complete);
  ASSERT_EQ(read.cgroups.size(), 3U);
  for (const CgroupAccount& it : read.cgroups) {
    EXPECT_EQ(it.leaf, it.path == "/user") << it.path;
  }
}

TEST(AccountReaderLimits, DeeperOnesThanThatAreNotLookedAt) {
  Entry chain = cgroup("c", 5, 0);
  for (std::size_t depth = 1; depth < AccountReader::kDeepest; ++depth) {
    chain = cgroup("c", 5, 0, {chain});
  }
  const TempTree tree({cgroup("d", 5, 0, {chain})});
  const auto read = answer(tree, "", 0, true);
  EXPECT_TRUE(read.complete);
  ASSERT_EQ(read.cgroups.size(), AccountReader::kDeepest);
  EXPECT_TRUE(read.cgroups.back().leaf);
  EXPECT_EQ(read.children, 1U);
  // One level less is all of them.
  EXPECT_EQ(answer(tree, "/d").children, 1U);
}

TEST(AccountReaderLimits, MoreInAllThanThatAreNotLookedAt) {
  // Nine slices of a thousand.
  std::vector<Entry> slices;
  for (int slice = 0; slice < 9; ++slice) {
    std::vector<Entry> children;
    for (int i = 0; i < 1000; ++i) {
      children.push_back(dir("c" + std::to_string(i), {}));
    }
    slices.push_back(cgroup("s" + std::to_string(slice), 5, 0, children));
  }
  const TempTree tree(slices);
  EXPECT_TRUE(answer(tree, "").complete);
  const auto read = answer(tree, "", 0, true);
  EXPECT_TRUE(read.complete);
  EXPECT_EQ(std::ranges::count_if(read.cgroups, &CgroupAccount::leaf), 1);
}

TEST(AccountReaderLimits, HiddenDirectoriesAreNoCgroups) {
  const TempTree tree({cgroup(".hidden", 5, 0)});
  EXPECT_EQ(answer(tree, "").children, 0U);
}

TEST(AccountReader, WithoutAThreadNothingIsKnown) {
  AccountReader::Question question;
  question.top = "/a";
  const auto unknown = AccountReader::unknown(question);
  EXPECT_EQ(unknown.top.view(), "/a");
  EXPECT_FALSE(unknown.complete);
}

}  // namespace
}  // namespace badnessd
