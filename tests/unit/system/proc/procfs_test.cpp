// SPDX-License-Identifier: GPL-2.0-only
// procfs.h: opening a tree, its pressure, its processes.
#include "badnessd/system/proc/procfs.h"

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "badnessd/engine/badness.h"
#include "badnessd/engine/kernel26.h"
#include "forked.h"
#include "proc_tree.h"
#include "roots.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using test::dir;
using test::Entry;
using test::file;
using test::link;
using test::oom_files;
using test::open_root;
using test::process;
using test::scan_of;
using test::system_files;
using test::task_of;
using test::TempTree;
using test::together;

constexpr const char* kHostile = TEST_PROC_DIR "/hostile";

// A root of a modern kernel with an init and the processes given.
std::vector<Entry> root_with(std::vector<Entry> processes) {
  return together(
      together(system_files(), {process({.pid = 1, .ppid = 0, .start_time = 1},
                                        oom_files(0, 0))}),
      std::move(processes));
}

int open_error(const char* root) {
  const auto source = ProcfsSource::open(root, {});
  return source ? 0 : source.error().code;
}

TEST(ProcfsOpen, FailsWithTheErrnoOfTheRoot) {
  const TempTree tree({file("file", "")});
  EXPECT_EQ(open_error(tree.path("none").c_str()), ENOENT);
  EXPECT_EQ(open_error(tree.path("file").c_str()), ENOTDIR);
}

TEST(ProcfsOpen, FailsWithoutAProcessToTakeAsReference) {
  const TempTree empty({});
  EXPECT_EQ(open_error(empty.path()), ENODATA);
  const TempTree no_init(
      together(system_files(), {process({.pid = 7}, oom_files(0, 0))}));
  EXPECT_EQ(open_error(no_init.path()), ENODATA);
}

TEST(ProcfsOpen, ReferenceOfAStoredTreeIsItsPidOne) {
  const TempTree tree(root_with({}));
  const auto source = open_root(tree.path());
  EXPECT_FALSE(source->live());
  EXPECT_EQ(source->reference_pid(), 1);
  EXPECT_EQ(source->self_pid(), 0);
}

TEST(ProcfsOpen, ReferenceOfACaptureIsItsSelf) {
  const TempTree tree(root_with(
      {process({.pid = 7, .caps = 5}, oom_files(0, 0)), link("self", "7")}));
  const auto source = open_root(tree.path());
  EXPECT_EQ(source->reference_pid(), 7);
  EXPECT_EQ(source->reference_caps(), 5U);
  // Its pid means nothing here.
  EXPECT_FALSE(source->live());
  EXPECT_EQ(source->self_pid(), 0);
}

TEST(ProcfsOpen, SelfThatPointsNowhereIsPassedOver) {
  for (const char* target : {"8", "nowhere", "7x", "-7", ""}) {
    std::vector<Entry> entries = root_with({});
    if (*target != '\0') {
      entries.push_back(link("self", target));
    }
    const TempTree tree(entries);
    EXPECT_EQ(open_root(tree.path())->reference_pid(), 1) << target;
  }
}

TEST(ProcfsOpen, StoredTreeWithOurOwnPidIsNotLive) {
  const std::int32_t pid = ::getpid();
  const TempTree tree(root_with({process({.pid = pid}, oom_files(0, 0)),
                                 link("self", std::to_string(pid))}));
  const auto source = open_root(tree.path());
  EXPECT_FALSE(source->live());
  EXPECT_EQ(source->self_pid(), 0);
}

TEST(ProcfsPressure, IsOfTheRoot) {
  const auto reading = open_root(TEST_PROC_DIR "/server")->read_pressure();
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->mem_total_kib, 16U * 1024 * 1024);
  EXPECT_EQ(reading->mem_available_kib, 614'400U);
  ASSERT_TRUE(reading->psi_full);
  EXPECT_EQ(reading->psi_full->avg10, 2205U);
}

TEST(ProcfsPressure, WithoutPsiIsNoError) {
  const TempTree tree(root_with({}));
  const auto reading = open_root(tree.path())->read_pressure();
  ASSERT_TRUE(reading);
  EXPECT_FALSE(reading->psi_some);
}

TEST(ProcfsPressure, AbsurdSampleIsAnError) {
  EXPECT_FALSE(open_root(kHostile)->read_pressure());
  const TempTree tree(
      together(root_with({}), {dir("pressure", {file("memory", "?")})}));
  EXPECT_FALSE(open_root(tree.path())->read_pressure());
}

TEST(ProcfsPressure, WhatStaysAbsurdIsClamped) {
  const TempTree tree(
      together(root_with({}), {dir("pressure", {file("memory", "?")})}));
  const auto source = open_root(tree.path());
  EXPECT_FALSE(source->read_pressure());
  for (int i = 0; i < 3; ++i) {
    const auto reading = source->read_pressure();
    ASSERT_TRUE(reading);
    EXPECT_TRUE(reading->clamped);
    EXPECT_FALSE(reading->psi_some);
  }
  tree.remove("pressure");
  EXPECT_FALSE(source->read_pressure()->clamped);
  tree.write("meminfo",
             "MemTotal: 1000 kB\nMemFree: 9 kB\n"
             "MemAvailable: 5000 kB\nSwapTotal: 0 kB\n"
             "SwapFree: 0 kB\n");
  EXPECT_FALSE(source->read_pressure());
  EXPECT_EQ(source->read_pressure()->mem_available_kib, 9U);
}

// ARC of a ZFS that is loaded after the start.
TEST(ProcfsPressure, ZfsCacheCountsWhereItCanBeOfThisMemory) {
  const TempTree tree(root_with({}));
  tree.write("meminfo",
             "MemTotal: 1000 kB\nMemFree: 100 kB\n"
             "MemAvailable: 100 kB\nSwapTotal: 0 kB\n"
             "SwapFree: 0 kB\n");
  const auto source = open_root(tree.path());
  const auto available = [&](int largest, int size) {
    tree.write("spl/kstat/zfs/arcstats",
               "13 1 0x01 147 39984 8 9\nname type data\nc_min 4 102400\n"
               "c_max 4 " +
                   std::to_string(largest * 1024) + "\nsize 4 " +
                   std::to_string(size * 1024) + "\n");
    return source->read_pressure()->mem_available_kib;
  };
  EXPECT_EQ(source->read_pressure()->mem_available_kib, 100U);
  EXPECT_EQ(available(500, 300), 300U);   // c_min stays
  EXPECT_EQ(available(1001, 300), 100U);  // it can grow above all memory
  EXPECT_EQ(available(500, 901), 100U);   // more than is in use
}

TEST(ProcfsPressure, MissingMeminfoIsAnError) {
  const TempTree tree(root_with({}));
  const auto source = open_root(tree.path());
  tree.remove("meminfo");
  EXPECT_EQ(source->read_pressure().error().code, ENOENT);
}

TEST(ProcfsRead, TakesTheFactsOfStat) {
  const TempTree tree(root_with({process({.pid = 50,
                                          .comm = "worker",
                                          .state = 'D',
                                          .ppid = 1,
                                          .flags = 0x40,
                                          .utime = 300,
                                          .stime = 101,
                                          .nice = -5,
                                          .threads = 9,
                                          .start_time = 777,
                                          .size = 2000,
                                          .resident = 500},
                                         oom_files(-3, -200))}));
  Snapshot snapshot = scan_of(*open_root(tree.path()));
  EXPECT_EQ(snapshot.uptime_s, 1000U);
  const Task& task = task_of(snapshot, 50);
  EXPECT_EQ(task.id, (TaskId{50, 777}));
  EXPECT_EQ(task.name(), "worker");
  EXPECT_EQ(task.state, 'D');
  EXPECT_EQ(task.flags, 0x40U);
  EXPECT_EQ(task.nice, -5);
  EXPECT_EQ(task.cpu_jiffies, 750U + 252U);  // at 250 Hz
  EXPECT_TRUE(task.has_mm);
  EXPECT_EQ(task.total_vm, 2000U);
  EXPECT_EQ(task.rss, 500U);
  EXPECT_EQ(task.mm_threads, 9U);
  EXPECT_EQ(task.oom_adj, -3);
}

TEST(ProcfsRead, CpuTimeIsInJiffiesOfTheKernelReproduced) {
  const TempTree tree(root_with(
      {process({.pid = 50, .utime = 7, .stime = 0}, oom_files(0, 0))}));
  for (const std::uint32_t hz : {100U, 250U, 300U, 1000U}) {
    const auto source = ProcfsSource::open(tree.path(), {.hz = hz});
    ASSERT_TRUE(source);
    Snapshot snapshot = scan_of(**source);
    EXPECT_EQ(task_of(snapshot, 50).cpu_jiffies, ticks_to_jiffies(7, hz));
  }
}

TEST(ProcfsRead, KnowsTheServer) {
  Snapshot snapshot = scan_of(*open_root(TEST_PROC_DIR "/server"));
  EXPECT_EQ(snapshot.uptime_s, 90061U);
  EXPECT_EQ(snapshot.tasks.size(), 17U);
  EXPECT_FALSE(snapshot.gaps.live);
  EXPECT_FALSE(task_of(snapshot, 2).has_mm);
  EXPECT_EQ(task_of(snapshot, 745).oom_adj, kOomDisable);
  EXPECT_GE(task_of(snapshot, 1410).total_vm, 16'777'216U);
  EXPECT_EQ(task_of(snapshot, 1410).rss, 1024U);
  EXPECT_EQ(test::children_of(snapshot, task_of(snapshot, 860)),
            (std::vector<std::int32_t>{871, 872, 1290}));
  EXPECT_EQ(task_of(snapshot, 1755).state, 'Z');
  EXPECT_FALSE(task_of(snapshot, 1755).has_mm);
}

TEST(ProcfsRead, SurvivesAHostileRoot) {
  const auto source = open_root(kHostile);
  Snapshot snapshot = scan_of(*source);
  std::vector<std::int32_t> pids;
  for (const Task& task : snapshot.tasks) {
    pids.push_back(task.id.pid);
  }
  EXPECT_EQ(pids, (std::vector<std::int32_t>{1, 20, 21, 22, 23, 24, 25, 37,
                                             4194304}));
  EXPECT_EQ(snapshot.gaps.unreadable, 1U);  // the status of 37
}

TEST(ProcfsRead, FailsWithWhatIsWrong) {
  const auto source = open_root(kHostile);
  const auto error_of = [&](std::int32_t pid) {
    Gaps gaps;
    const auto task = source->read(pid, gaps);
    return task ? 0 : task.error().code;
  };
  for (const std::int32_t gone : {33, 34, 36, 99}) {
    EXPECT_EQ(error_of(gone), ENOENT) << gone;
  }
  for (const std::int32_t malformed : {30, 31, 35}) {
    EXPECT_EQ(error_of(malformed), EBADMSG) << malformed;
  }
  for (const std::int32_t directory : {32, 38}) {
    EXPECT_EQ(error_of(directory), EISDIR) << directory;
  }
}

TEST(ProcfsRead, TakesNamesAsTheyAre) {
  Snapshot snapshot = scan_of(*open_root(kHostile));
  EXPECT_EQ(task_of(snapshot, 20).name(), "a b  c");
  EXPECT_EQ(task_of(snapshot, 21).name(), ") S 1 (");
  EXPECT_EQ(task_of(snapshot, 22).name(), "new\nline");
  EXPECT_EQ(task_of(snapshot, 23).name(), "\xff\xfe\x80\xc3(");
  EXPECT_EQ(task_of(snapshot, 24).name(), "\x1b[31mred\x1b[0m");
  EXPECT_EQ(task_of(snapshot, 25).name(), "");
  for (const Task& task : snapshot.tasks) {
    EXPECT_EQ(task.state, 'S') << task.id.pid;
  }
}

TEST(ProcfsRead, CutsNamesThatDoNotFit) {
  // A kernel thread's name in stat can have 64 bytes.
  const TempTree tree(root_with(
      {process({.pid = 50, .comm = std::string(200, 'k')}, oom_files(0, 0))}));
  Snapshot snapshot = scan_of(*open_root(tree.path()));
  EXPECT_EQ(task_of(snapshot, 50).name(), std::string(63, 'k'));
}

TEST(ProcfsRead, OrdersByPidAndLinksChildren) {
  const TempTree tree(root_with(
      {process({.pid = 300, .ppid = 20}, oom_files(0, 0)),
       process({.pid = 20, .ppid = 1}, oom_files(0, 0)),
       process({.pid = 100, .ppid = 20, .start_time = 200}, oom_files(0, 0))}));
  Snapshot snapshot = scan_of(*open_root(tree.path()));
  EXPECT_EQ(test::children_of(snapshot, task_of(snapshot, 20)),
            (std::vector<std::int32_t>{300, 100}));
}

TEST(ProcfsSystem, FailsWithoutUptime) {
  const TempTree tree(root_with({}));
  const auto source = open_root(tree.path());
  Snapshot snapshot;
  tree.write("uptime", "soon\n");
  EXPECT_EQ(source->read_system(snapshot).error().code, EBADMSG);
  tree.remove("uptime");
  EXPECT_EQ(source->read_system(snapshot).error().code, ENOENT);
}

TEST(ProcfsSystem, CountsGapsFromThereOn) {
  const TempTree tree(root_with({}));
  const auto source = open_root(tree.path());
  Snapshot snapshot;
  snapshot.gaps.vanished = 7;
  ASSERT_TRUE(source->read_system(snapshot));
  EXPECT_EQ(snapshot.gaps.vanished, 0U);
  EXPECT_EQ(snapshot.uptime_s, 1000U);
}

TEST(List, IsAllProcessesByPid) {
  std::vector<Entry> entries = test::system_files();
  entries.push_back(test::process({.pid = 20}));
  entries.push_back(test::process({.pid = 1}));
  const TempTree tree(entries);
  const auto source = open_root(tree.path());
  std::vector<ListedProcess> listed;
  ASSERT_TRUE(source->list(listed, kAllPids));
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].pid, 1);
  EXPECT_EQ(listed[1].pid, 20);
  EXPECT_NE(listed[0].inode, listed[1].inode);
  listed.clear();
  ASSERT_TRUE(source->list(listed, {2, 20}));
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].pid, 20);
  EXPECT_FALSE(source->last_pid());
}

// With and without the first list of all, which shows where an entry is.
TEST(List, OfARangeIsThatPartOfAll) {
  const test::Forked a;
  const test::Forked b;
  const auto source = open_root("/proc");
  for (const bool seekable : {false, true}) {
    std::vector<ListedProcess> listed;
    ASSERT_TRUE(source->list(listed, {a.pid(), a.pid()}));
    ASSERT_EQ(listed.size(), 1U) << seekable;
    EXPECT_EQ(listed[0].pid, a.pid());
    listed.clear();
    ASSERT_TRUE(source->list(listed, {a.pid(), b.pid()}));
    EXPECT_GE(listed.size(), 2U);
    EXPECT_EQ(listed.front().pid, a.pid());
    EXPECT_EQ(listed.back().pid, b.pid());
    listed.clear();
    ASSERT_TRUE(source->list(listed, kAllPids));
    EXPECT_GT(listed.size(), 2U);
  }
}

TEST(LastPid, IsThatOfTheNewestProcess) {
  const auto source = open_root("/proc");
  const auto before = source->last_pid();
  const test::Forked child;
  const auto after = source->last_pid();
  ASSERT_TRUE(before && after);
  EXPECT_NE(*before, *after);
  EXPECT_GE(source->pid_max(), child.pid());
}

}  // namespace
}  // namespace badnessd
