// SPDX-License-Identifier: GPL-2.0-only
// procfs.h on the trees of different kernels: what each of them shows and what
// stands in for the rest.
#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "badnessd/engine/badness.h"
#include "badnessd/engine/kernel26.h"
#include "badnessd/system/proc/procfs.h"
#include "proc_tree.h"
#include "roots.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using test::dir;
using test::Entry;
using test::file;
using test::oom_files;
using test::open_root;
using test::Proc;
using test::process;
using test::scan_of;
using test::stat_text;
using test::system_files;
using test::task_of;
using test::TempTree;
using test::together;
using test::verdict_of;

constexpr const char* kLinux26 = "Linux version 2.6.32.69 (root@build) #1\n";

// A process of 2.6.32: no oom_score_adj, namespaces, lists of children,
// RssAnon or VmSwap.
Entry process26(const Proc& proc, int oom_adj = 0) {
  return process(proc, {file("oom_adj", std::to_string(oom_adj) + "\n")});
}

std::vector<Entry> root26(std::vector<Entry> processes) {
  return together(
      together(system_files(kLinux26), {process26({.pid = 1, .ppid = 0})}),
      std::move(processes));
}

TEST(ProcfsLinux26, NeedsNoneOfWhatCameLater) {
  const TempTree tree(root26(
      {process26({.pid = 10, .caps = kCapSysAdmin, .mems = "00000001"}, -4),
       process26({.pid = 11, .ppid = 10})}));
  const auto source = open_root(tree.path());
  Snapshot snapshot = scan_of(*source);
  const Task& task = task_of(snapshot, 10);
  EXPECT_EQ(task.oom_adj, -4);
  EXPECT_FALSE(task.has_oom_score_adj);
  EXPECT_EQ(task.cap_effective, kCapSysAdmin);
  EXPECT_FALSE(task.userns_unreadable);
  EXPECT_EQ(task.child_count, 1U);
  EXPECT_TRUE(snapshot.gaps.kernel26);
  EXPECT_FALSE(snapshot.gaps.oom_adj_converted);
  EXPECT_FALSE(snapshot.gaps.swap_known);
  EXPECT_EQ(snapshot.gaps.children_by_ppid, 1U);
  EXPECT_EQ(snapshot.gaps.userns_unreadable, 0U);
}

TEST(ProcfsLinux26, AnonymousMemoryIsWhatIsResidentAndNotShared) {
  const TempTree tree(
      root26({process26({.pid = 10, .resident = 100, .shared = 25})}));
  Snapshot snapshot = scan_of(*open_root(tree.path()));
  EXPECT_EQ(task_of(snapshot, 10).rss_anon_kib, 300U);
}

TEST(ProcfsLinux26, OomOriginIsSeenInTheFlags) {
  const TempTree tree(root26({process26({.pid = 10, .flags = kPfOomOrigin})}));
  Snapshot snapshot = scan_of(*open_root(tree.path()));
  EXPECT_TRUE(task_of(snapshot, 10).pf_oom_origin);
}

TEST(ProcfsLater, TheBitOfOomOriginMeansSomethingElse) {
  const TempTree tree(
      together(system_files(),
               {process({.pid = 1, .flags = kPfOomOrigin}, oom_files(0, 0))}));
  Snapshot snapshot = scan_of(*open_root(tree.path()));
  EXPECT_FALSE(task_of(snapshot, 1).pf_oom_origin);
  EXPECT_FALSE(snapshot.gaps.kernel26);
}

TEST(ProcfsLater, VersionsAreNotTakenByTheirFirstDigits) {
  for (const char* version :
       {"Linux version 2.60.1\n", "Linux version 6.2.6.32\n", "2.6.32\n", ""}) {
    const TempTree tree(
        together(system_files(version), {process26({.pid = 1})}));
    EXPECT_FALSE(scan_of(*open_root(tree.path())).gaps.kernel26) << version;
  }
}

TEST(ProcfsScoreAdj, AloneIsConverted) {
  // A kernel without the deprecated file, should it go one day.
  const auto with_adj = [](std::int32_t pid, int adj) {
    return process({.pid = pid},
                   {file("oom_score_adj", std::to_string(adj) + "\n")});
  };
  const TempTree tree(
      together(system_files(), {with_adj(1, 0), with_adj(10, -1000),
                                with_adj(11, 500), with_adj(12, 1000)}));
  Snapshot snapshot = scan_of(*open_root(tree.path()));
  EXPECT_TRUE(snapshot.gaps.oom_adj_converted);
  EXPECT_EQ(task_of(snapshot, 10).oom_adj, kOomDisable);
  EXPECT_EQ(task_of(snapshot, 11).oom_adj, 8);
  EXPECT_EQ(task_of(snapshot, 12).oom_adj, 15);
  EXPECT_TRUE(task_of(snapshot, 12).has_oom_score_adj);
  EXPECT_EQ(task_of(snapshot, 12).oom_score_adj, 1000);
}

TEST(ProcfsScoreAdj, UnknownAdjustmentIsNoZero) {
  // It could be -1000. A process that cannot be read is no candidate.
  const TempTree tree(together(
      system_files(), {process({.pid = 1}, {file("oom_score_adj", "0\n")}),
                       process({.pid = 10}, {})}));
  const auto source = open_root(tree.path());
  EXPECT_EQ(scan_of(*source).tasks.size(), 1U);
  Gaps gaps;
  EXPECT_EQ(source->read(10, gaps).error().code, EACCES);
}

TEST(ProcfsScoreAdj, BesideOomAdjIsOnlyShown) {
  const TempTree tree(
      together(system_files(), {process({.pid = 1}, oom_files(0, 0)),
                                process({.pid = 10}, oom_files(3, 200))}));
  Snapshot snapshot = scan_of(*open_root(tree.path()));
  EXPECT_EQ(task_of(snapshot, 10).oom_adj, 3);
  EXPECT_EQ(task_of(snapshot, 10).oom_score_adj, 200);
  EXPECT_TRUE(task_of(snapshot, 10).has_oom_score_adj);
}

TEST(ProcfsPageSize, IsFoundInTheTree) {
  const Proc init{.pid = 1, .page_size = 65536, .size = 50};
  const Proc other{.pid = 10, .page_size = 65536, .size = 1000};
  const TempTree tree(together(
      system_files(),
      {process(init, oom_files(0, 0)), process(other, oom_files(0, 0))}));
  Snapshot snapshot = scan_of(*open_root(tree.path()));
  EXPECT_EQ(snapshot.page_size, 65536U);
  EXPECT_EQ(task_of(snapshot, 10).total_vm, 1000U);
}

TEST(ProcfsPageSize, IsFourKibibytesWhereNothingSaysSo) {
  for (const char* statm : {"0 0 0 0 0 0 0\n", "7 1 1 0 0 0 0\n", "?\n"}) {
    const TempTree tree(
        together(system_files(), {process({.pid = 1}, oom_files(0, 0))}));
    tree.write("1/statm", statm);
    EXPECT_EQ(scan_of(*open_root(tree.path())).page_size, 4096U) << statm;
  }
}

// The leader of pid 10 is a zombie; threads 11 and 12 live on.
std::vector<Entry> dead_leader_root(const std::string& thread_stat) {
  const Proc leader{.pid = 10,
                    .state = 'Z',
                    .ppid = 1,
                    .threads = 3,
                    .size = 0,
                    .resident = 0};
  return together(
      system_files(),
      {process({.pid = 1}, oom_files(0, 0)),
       process(leader,
               together(oom_files(-2, -150),
                        {dir("task",
                             {dir("10", {file("stat", stat_text(leader))}),
                              dir("11", {file("stat", thread_stat),
                                         file("status", status_text(leader))}),
                              dir("12", {file("stat", thread_stat)})})}))});
}

TEST(ProcfsDeadLeader, HasNoMmButThreadsOnItsParentsList) {
  const TempTree tree(dead_leader_root(
      stat_text({.pid = 11, .threads = 3, .size = 700, .resident = 70})));
  Snapshot snapshot = scan_of(*open_root(tree.path()));
  const Task& task = task_of(snapshot, 10);
  EXPECT_FALSE(task.has_mm);
  EXPECT_EQ(task.total_vm, 700U);
  EXPECT_EQ(task.rss, 70U);
  EXPECT_EQ(task.mm_threads, 2U);
  EXPECT_EQ(task.oom_adj, -2);
  score_all(snapshot, {});
  EXPECT_EQ(verdict_of(snapshot, 10).points, 0U);
  EXPECT_EQ(verdict_of(snapshot, 1).points, 1000U + 2 * 351);
}

TEST(ProcfsDeadLeader, WithoutALiveThreadIsAZombie) {
  const TempTree tree(dead_leader_root(
      stat_text({.pid = 11, .state = 'Z', .threads = 3, .size = 0})));
  Snapshot snapshot = scan_of(*open_root(tree.path()));
  EXPECT_EQ(task_of(snapshot, 10).mm_threads, 0U);
  EXPECT_EQ(task_of(snapshot, 10).total_vm, 0U);
}

TEST(ProcfsDeadLeader, WhoseThreadsCannotBeReadIsAZombie) {
  const TempTree tree(dead_leader_root("?"));
  Snapshot snapshot = scan_of(*open_root(tree.path()));
  EXPECT_EQ(task_of(snapshot, 10).mm_threads, 0U);
}

TEST(ProcfsDeadLeader, HoldsWhatItsThreadsHold) {
  std::vector<Entry> entries = dead_leader_root(
      stat_text({.pid = 11, .threads = 3, .size = 700, .resident = 70}));
  const TempTree tree(entries);
  tree.write("10/task/11/status",
             test::status_text({.pid = 11, .rss_anon_kib = 250}));
  const auto source = open_root(tree.path());
  Gaps gaps;
  auto task = source->read(10, gaps);
  ASSERT_TRUE(task);
  EXPECT_EQ(task->live_tid, 11);
  EXPECT_EQ(task->rss_anon_kib, 250U);
  // The leader's statm stays 0: the thread is read again each time.
  tree.write("10/task/11/status",
             test::status_text({.pid = 11, .rss_anon_kib = 900}));
  StatmFields known;
  EXPECT_TRUE(source->read_memory(*task, known, false).value());
  EXPECT_EQ(task->rss_anon_kib, 900U);
}

}  // namespace
}  // namespace badnessd
