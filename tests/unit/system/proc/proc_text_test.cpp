// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/proc/proc_text.h"

#include <cerrno>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "proc_tree.h"

namespace badnessd {
namespace {

using test::stat_text;
using test::status_text;

// Lines as kernels wrote them.
constexpr std::string_view kStat618 =
    "15107 (cat) R 15105 15105 14259 0 -1 4194304 104 0 0 0 3 4 0 0 25 5 2 0 "
    "151912 3133440 376 18446744073709551615 93993637400576 93993637420457 "
    "140724015226816 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 93993637436464 "
    "93993637438080 93993718304768 140724015233588 140724015233697 "
    "140724015233697 140724015235051 0\n";
constexpr std::string_view kKthreaddStat =
    "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 2 0 0 20 0 1 0 32 0 0 "
    "18446744073709551615 0 0 0 0 0 0 0 2147483647 0 1 0 0 0 1 0 0 0 0 0 0 0 0 "
    "0 0 0 0 0\n";

TEST(ParseStat, TakesTheFieldsByTheirNumbersInProc5) {
  const auto stat = parse_stat(kStat618);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->pid, 15107);
  EXPECT_EQ(stat->comm, "cat");
  EXPECT_EQ(stat->state, 'R');
  EXPECT_EQ(stat->ppid, 15105);
  EXPECT_EQ(stat->flags, 4194304U);
  EXPECT_EQ(stat->utime_ticks, 3U);
  EXPECT_EQ(stat->stime_ticks, 4U);
  EXPECT_EQ(stat->nice, 5);
  EXPECT_EQ(stat->num_threads, 2U);
  EXPECT_EQ(stat->start_time_ticks, 151912U);
  EXPECT_EQ(stat->vsize_bytes, 3133440U);
  EXPECT_EQ(stat->rss, 376U);
}

TEST(ParseStat, OfAKernelThreadHasNoMemory) {
  const auto stat = parse_stat(kKthreaddStat);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->vsize_bytes, 0U);
  EXPECT_EQ(stat->flags, 2129984U);
}

TEST(ParseStat, NameMayHoldAnything) {
  const std::vector<std::string> names{
      "a b",       "(sd-pam)",     ") S 1 (", "a) R 1 2 3", "))))",     "((((",
      "new\nline", "\xff\xfe\x80", "",        " ",          "tab\there"};
  for (const std::string& name : names) {
    const std::string text = stat_text({.comm = name, .nice = 7});
    const auto stat = parse_stat(text);
    ASSERT_TRUE(stat) << name;
    EXPECT_EQ(stat->comm, name);
    EXPECT_EQ(stat->state, 'S');
    EXPECT_EQ(stat->nice, 7);
  }
}

TEST(ParseStat, NegativeNiceAndLargestNumbers) {
  const std::string text =
      stat_text({.pid = 4194304,
                 .flags = std::numeric_limits<std::uint32_t>::max(),
                 .utime = std::numeric_limits<std::uint64_t>::max(),
                 .nice = -20,
                 .start_time = std::numeric_limits<std::uint64_t>::max()});
  const auto stat = parse_stat(text);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->pid, 4194304);
  EXPECT_EQ(stat->nice, -20);
  EXPECT_EQ(stat->flags, std::numeric_limits<std::uint32_t>::max());
  EXPECT_EQ(stat->utime_ticks, std::numeric_limits<std::uint64_t>::max());
}

TEST(ParseStat, FailsWhereverTheTextIsCutBeforeRss) {
  const std::string text(kStat618);
  const std::size_t end_of_rss = text.find(" 376") + 4;
  for (std::size_t length = 0; length < end_of_rss - 3; ++length) {
    const auto stat = parse_stat(std::string_view(text).substr(0, length));
    ASSERT_FALSE(stat) << length;
    ASSERT_EQ(stat.error().code, EBADMSG);
  }
  EXPECT_TRUE(parse_stat(std::string_view(text).substr(0, end_of_rss)));
}

TEST(ParseStat, FailsOnWhatNoKernelWrites) {
  for (const std::string_view text :
       {"", "\n", "12", "12 (", "12 )", "12 (x)", ") 12 (x", "x (cat) R 1",
        "12 (cat) RR 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "12 (cat) R 1 1 1 1 1 -1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "12 (cat) R 1 1 1 1 1 1 1 1 1 1 -1 1 1 1 1 1 1 1 1 1 1 1 1"}) {
    EXPECT_FALSE(parse_stat(text)) << text;
  }
}

TEST(ParseStat, FailsOnANumberThatDoesNotFit) {
  const std::string head =
      "12 (cat) R 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 ";
  EXPECT_TRUE(parse_stat(head + "18446744073709551615"));
  EXPECT_FALSE(parse_stat(head + "18446744073709551616"));
}

TEST(ParseStatus, TakesWhatIsUsed) {
  const auto status = parse_status(
      "Name:\tsshd\nState:\tD (disk "
      "sleep)\nThreads:\t7\nPPid:\t4711\nUid:\t33\t34\t35\t36\n"
      "RssAnon:\t     116 kB\nRssShmem:\t       8 kB\n"
      "VmPTE:\t      76 kB\nVmSwap:\t      12 kB\n"
      "CapPrm:\t000001ffffffffff\nCapEff:\t0000000000020000\n"
      "Mems_allowed:\t00000000,00000003\n");
  ASSERT_TRUE(status);
  EXPECT_EQ(status->state, 'D');
  EXPECT_EQ(status->threads, 7U);
  EXPECT_EQ(status->ppid, 4711);
  EXPECT_EQ(status->uid, 33U);
  EXPECT_EQ(status->cap_effective, 0x20000U);
  EXPECT_EQ(status->page_tables_kib, 76U);
  EXPECT_EQ(status->rss_anon_kib, 116U);
  EXPECT_EQ(status->rss_shmem_kib, 8U);
  EXPECT_EQ(status->swap_kib, 12U);
  ASSERT_TRUE(status->mems_allowed);
  EXPECT_EQ(status->mems_allowed->words[0], 3U);
}

TEST(ParseStatus, NsPidTellsTheInitOfANamespace) {
  const auto init = [](const std::string& line) {
    const auto status =
        parse_status("Uid:\t0\t0\t0\t0\nCapEff:\t0\n" + line + "\n");
    EXPECT_TRUE(status) << line;
    return status && status->pid_ns_init;
  };
  EXPECT_TRUE(init("NSpid:\t4711\t1"));
  EXPECT_TRUE(init("NSpid:\t4711\t12\t1"));
  EXPECT_FALSE(init("NSpid:\t4711\t12"));
  EXPECT_FALSE(init("NSpid:\t4711\t1\t12"));
  EXPECT_FALSE(init("NSpid:\t1"));  // of badnessd's own namespace
  EXPECT_FALSE(init("NSpid:\t"));
}

TEST(ParseStatus, KernelsWithoutAFieldAreNotWrong) {
  // 2.6.32, and any task without mm.
  const auto status = parse_status(status_text({.mems = ""}));
  ASSERT_TRUE(status);
  EXPECT_FALSE(status->rss_anon_kib);
  EXPECT_FALSE(status->rss_shmem_kib);
  EXPECT_FALSE(status->swap_kib);
  EXPECT_EQ(status->page_tables_kib, 0U);
  EXPECT_FALSE(status->mems_allowed);
}

TEST(ParseStatus, KeysAreWhole) {
  // Cpus_allowed_list and Mems_allowed_list hold lists, not masks.
  const auto status = parse_status(
      "Uid:\t0\nCapEff:\t0\nMems_allowed:\t1\nMems_allowed_list:\t0-1,7\n"
      "xVmSwap:\tno\n");
  ASSERT_TRUE(status);
  EXPECT_FALSE(status->swap_kib);
  EXPECT_EQ(status->mems_allowed->words[0], 1U);
}

TEST(ParseStatus, FailsWithoutUidOrCapabilities) {
  EXPECT_FALSE(parse_status(""));
  EXPECT_FALSE(parse_status("Uid:\t0\t0\t0\t0\n"));
  EXPECT_FALSE(parse_status("CapEff:\t0000000000000000\n"));
}

TEST(ParseStatus, FailsOnAValueThatIsNoNumber) {
  const std::string good = "Uid:\t0\nCapEff:\t0\n";
  ASSERT_TRUE(parse_status(good));
  for (const char* line :
       {"PPid:\tx\n", "VmPTE:\t kB\n", "Uid:\t-1\n", "Uid:\n", "CapEff:\tg\n",
        "CapEff:\t10000000000000000\n", "VmSwap:\t kB\n", "RssAnon:\t-4 kB\n",
        "RssShmem:\tx kB\n", "Mems_allowed:\t\n", "Mems_allowed:\tx\n",
        "Mems_allowed:\t1,\n", "Mems_allowed:\t,1\n",
        "Mems_allowed:\t100000000,0\n"}) {
    const auto status = parse_status(good + line);
    ASSERT_FALSE(status) << line;
    EXPECT_EQ(status.error().code, EBADMSG);
  }
}

TEST(NodeMask, LowestNodesAreLastInTheText) {
  const auto status =
      parse_status("Uid:\t0\nCapEff:\t0\nMems_allowed:\t80000000,00000000,2\n");
  ASSERT_TRUE(status);
  EXPECT_EQ(status->mems_allowed->words[0], 2U);
  EXPECT_EQ(status->mems_allowed->words[1], 0U);
  EXPECT_EQ(status->mems_allowed->words[2], 0x80000000U);
}

// The mask of a status whose Mems_allowed has `words` words, the highest `top`.
Expected<StatusFields> mask_of(int words, const std::string& top) {
  std::string value = top;
  for (int i = 1; i < words; ++i) {
    value += ",00000000";
  }
  return parse_status("Uid:\t0\nCapEff:\t0\nMems_allowed:\t" + value + "\n");
}

TEST(NodeMask, HoldsTheWidestKernelsNodesAndNoMore) {
  const auto widest = mask_of(32, "80000000");
  ASSERT_TRUE(widest);
  EXPECT_EQ(widest->mems_allowed->words[31], 0x80000000U);
  EXPECT_FALSE(mask_of(33, "00000001"));
}

TEST(NodeMask, IntersectsInAnyWord) {
  NodeMask mask;
  NodeMask other;
  EXPECT_FALSE(mask.intersects(other));
  mask.words[31] = 0x6;
  other.words[31] = 0x9;
  other.words[0] = 0x6;
  EXPECT_FALSE(mask.intersects(other));
  other.words[31] = 0x2;
  EXPECT_TRUE(mask.intersects(other));
  EXPECT_TRUE(other.intersects(mask));
}

TEST(ParseStatm, TakesTheFirstThree) {
  EXPECT_EQ(parse_statm("765 405 376 5 0 123 0\n"),
            (StatmFields{.size = 765, .resident = 405, .shared = 376}));
}

TEST(ParseStatm, FailsOnLessOrWorse) {
  for (const char* text : {"", "\n", "1 2", "1 2 x", "-1 2 3", "1.5 2 3"}) {
    const auto statm = parse_statm(text);
    ASSERT_FALSE(statm) << text;
    EXPECT_EQ(statm.error().code, EBADMSG);
  }
}

TEST(ParseSmapsRollup, TakesTheAmountsThatAreUsed) {
  const auto smaps = parse_smaps_rollup(
      "55d0c0de0000-7ffd9cd5e000 ---p 00000000 00:00 0        [rollup]\n"
      "Rss:                2016 kB\n"
      "Private_Clean:         8 kB\n"
      "Private_Dirty:       120 kB\n"
      "Anonymous:           140 kB\n");
  ASSERT_TRUE(smaps);
  EXPECT_EQ(smaps->anonymous_kib, 140U);
  EXPECT_EQ(smaps->private_dirty_kib, 120U);
}

TEST(ParseSmapsRollup, FailsOnLessOrWorse) {
  for (const char* text : {"", "Anonymous: 140 kB\n", "Private_Dirty: 1 kB\n",
                           "Private_Dirty: x kB\nAnonymous: 140 kB\n"}) {
    const auto smaps = parse_smaps_rollup(text);
    ASSERT_FALSE(smaps) << text;
    EXPECT_EQ(smaps.error().code, EBADMSG);
  }
}

TEST(ParseAdj, TakesItsRangeAndNoMore) {
  EXPECT_EQ(parse_adj("-17\n", -17, 15), -17);
  EXPECT_EQ(parse_adj("15\n", -17, 15), 15);
  EXPECT_EQ(parse_adj("0", -17, 15), 0);
  EXPECT_EQ(parse_adj("-1000\n", -1000, 1000), -1000);
  for (const char* text :
       {"", "\n", "x\n", "-18\n", "16\n", "1000\n", "--1\n", "99999999999\n"}) {
    EXPECT_FALSE(parse_adj(text, -17, 15)) << text;
  }
}

TEST(NextChild, GivesEachAndThenZero) {
  std::string_view rest = "12 4194304 13 ";
  EXPECT_EQ(next_child(rest), 12);
  EXPECT_EQ(next_child(rest), 4194304);
  EXPECT_EQ(next_child(rest), 13);
  EXPECT_EQ(next_child(rest), 0);
  EXPECT_EQ(next_child(rest), 0);
}

TEST(NextChild, FailsOnWhatIsNoPid) {
  for (std::string_view rest : {"x", "-1 ", "0 ", "12a ", "2147483648 "}) {
    EXPECT_FALSE(next_child(rest)) << rest;
  }
}

TEST(ParseUptime, TakesTheWholeSeconds) {
  EXPECT_EQ(parse_uptime("90061.99 298214.07\n"), 90061U);
  EXPECT_EQ(parse_uptime("0.00 0.00\n"), 0U);
}

TEST(ParseUptime, FailsOnWhatIsNoNumber) {
  for (const char* text : {"", "\n", ".5", "x.5", "-1.0 0.0\n", "\n12.3 4\n"}) {
    EXPECT_FALSE(parse_uptime(text)) << text;
  }
}

TEST(ParseLastPid, IsTheLastFieldOfLoadavg) {
  EXPECT_EQ(parse_last_pid("0.11 0.20 1.01 2/431 5230\n"), 5230);
  EXPECT_EQ(parse_last_pid("0.11 0.20 1.01 2/431 x\n").error().code, EBADMSG);
  EXPECT_EQ(parse_last_pid("5230").error().code, EBADMSG);
}

}  // namespace
}  // namespace badnessd
