// SPDX-License-Identifier: GPL-2.0-only
// procfs.h: the facts of one process, and its memory again.
#include <fcntl.h>
#include <malloc.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "badnessd/engine/kernel26.h"
#include "badnessd/system/proc/procfs.h"
#include "proc_tree.h"
#include "roots.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using test::children_of;
using test::dir;
using test::Entry;
using test::file;
using test::link;
using test::oom_files;
using test::open_root;
using test::Proc;
using test::process;
using test::scan_of;
using test::system_files;
using test::task_of;
using test::TempTree;
using test::together;
using Pids = std::vector<std::int32_t>;

constexpr const char* kInitUserNs = "user:[4026531837]";
constexpr std::uint64_t kFullSet = 0x1ffffffffff;

Entry userns(const std::string& target) {
  return dir("ns", {link("user", target)});
}

// A process of a 6.18 kernel.
Entry process618(const Proc& proc,
                 const std::optional<std::string>& children = std::nullopt,
                 const char* user_namespace = kInitUserNs) {
  std::vector<Entry> more = together(oom_files(0, 0), {userns(user_namespace)});
  if (children) {
    more.push_back(dir("task", {dir(std::to_string(proc.pid),
                                    {file("children", *children)})}));
  }
  return process(proc, std::move(more));
}

std::vector<Entry> root618(std::vector<Entry> processes) {
  return together(
      together(system_files("Linux version 6.18.44\n"),
               {process618({.pid = 1, .ppid = 0, .start_time = 1}, "")}),
      std::move(processes));
}

TEST(ProcfsProcess, TakesTheFactsOfStatus) {
  const TempTree tree(root618({process618({.pid = 10,
                                           .uid = 33,
                                           .caps = kCapSysRawio,
                                           .rss_anon_kib = 300,
                                           .rss_shmem_kib = 40,
                                           .swap_kib = 80,
                                           .page_tables_kib = 12})}));
  Snapshot snapshot = scan_of(*open_root(tree.path()));
  const Task& task = task_of(snapshot, 10);
  EXPECT_EQ(task.uid, 33U);
  EXPECT_EQ(task.cap_effective, kCapSysRawio);
  EXPECT_EQ(task.rss_anon_kib, 300U);
  EXPECT_EQ(task.rss_shmem_kib, 40U);
  EXPECT_EQ(task.swap_kib, 80U);
  EXPECT_EQ(task.page_tables_kib, 12U);
  EXPECT_EQ(task.noted_kib, 432U);
  EXPECT_TRUE(task.mems_intersect);
}

TEST(ProcfsProcess, WithoutStatusIsGone) {
  const TempTree tree(root618({process618({.pid = 10})}));
  const auto source = open_root(tree.path());
  tree.remove("10/status");
  Gaps gaps;
  EXPECT_EQ(source->read(10, gaps).error().code, ENOENT);
}

TEST(ProcfsProcess, UnreadableStatusGivesNoDiscount) {
  const TempTree tree(root618({process618({.pid = 10, .caps = kFullSet})}));
  const auto source = open_root(tree.path());
  tree.write("10/status", "Uid:\tnobody\n");
  Gaps gaps;
  const auto task = source->read(10, gaps);
  ASSERT_TRUE(task);
  EXPECT_TRUE(task->has_mm);
  EXPECT_EQ(task->cap_effective, 0U);
  EXPECT_FALSE(task->uid);
  EXPECT_EQ(gaps.unreadable, 1U);
}

// One process of 6.18 and what was read of it before.
class MemoryAgain : public testing::Test {
 protected:
  MemoryAgain() : tree(root618({process618(before)})) {
    source = open_root(tree.path());
    Gaps gaps;
    task = source->read(10, gaps).value();
    EXPECT_TRUE(read(false));
    EXPECT_FALSE(read(false));
  }
  bool read(bool swapped) {
    const auto anew = source->read_memory(task, known, swapped);
    EXPECT_TRUE(anew);
    return anew.value_or(false);
  }
  void write(const Proc& now) const {
    tree.write("10/stat", test::stat_text(now));
    tree.write("10/statm", test::statm_text(now));
    tree.write("10/status", test::status_text(now));
  }

  const Proc before{.pid = 10,
                    .ppid = 1,
                    .rss_anon_kib = 300,
                    .rss_shmem_kib = 40,
                    .swap_kib = 80};
  const TempTree tree;
  std::unique_ptr<ProcfsSource> source;
  Task task;
  StatmFields known;
};

TEST_F(MemoryAgain, IsReadOnlyIfStatmHasChanged) {
  Proc now = before;
  now.rss_anon_kib = 700;
  write(now);
  EXPECT_FALSE(read(false));
  EXPECT_EQ(task.rss_anon_kib, 300U);
  ++now.resident;
  write(now);
  EXPECT_TRUE(read(false));
  EXPECT_EQ(task.rss_anon_kib, 700U);
  EXPECT_EQ(task.rss, 101U);
}

TEST_F(MemoryAgain, IsReadIfSwapMayHaveChanged) {
  Proc now = before;
  now.swap_kib = 500;
  write(now);
  EXPECT_FALSE(read(false));
  EXPECT_TRUE(read(true));
  EXPECT_EQ(task.swap_kib, 500U);
}

TEST_F(MemoryAgain, TakesAllAmountsAndTheParent) {
  write({.pid = 10,
         .comm = "other",
         .ppid = 7,
         .nice = 5,
         .size = 2000,
         .resident = 900,
         .rss_anon_kib = 3000,
         .rss_shmem_kib = 400,
         .swap_kib = 81,
         .page_tables_kib = 24});
  EXPECT_TRUE(read(false));
  EXPECT_EQ(task.ppid, 7);
  EXPECT_EQ(task.total_vm, 2000U);
  EXPECT_EQ(task.rss, 900U);
  EXPECT_EQ(task.rss_anon_kib, 3000U);
  EXPECT_EQ(task.rss_shmem_kib, 400U);
  EXPECT_EQ(task.swap_kib, 81U);
  EXPECT_EQ(task.page_tables_kib, 24U);
  EXPECT_EQ(task.noted_kib, 3505U);
  // It takes stat to know the rest.
  EXPECT_EQ(task.name(), "task");
  EXPECT_EQ(task.nice, 0);
}

// A process that is exiting has given up its mm: what it held is known still.
TEST_F(MemoryAgain, OfOneThatIsExitingIsWhatItHeld) {
  write({.pid = 10,
         .state = 'R',
         .flags = kPfExiting,
         .size = 0,
         .resident = 0,
         .shared = 0});
  task.child_count = 3;
  EXPECT_TRUE(read(false));
  EXPECT_FALSE(task.has_mm);
  EXPECT_EQ(task.flags & kPfExiting, kPfExiting);
  EXPECT_EQ(task.held_kib(), 0U);
  EXPECT_EQ(task.noted_kib, 420U);
  EXPECT_EQ(task.child_count, 3U);
  EXPECT_FALSE(read(false));
}

TEST_F(MemoryAgain, OfOneThatIsGoneIsAnError) {
  tree.remove("10");
  EXPECT_EQ(source->read_memory(task, known, false).error().code, ENOENT);
}

TEST_F(MemoryAgain, KernelThreadsHaveNone) {
  task.flags |= kPfKthread;
  tree.remove("10");
  EXPECT_FALSE(read(true));
}

TEST_F(MemoryAgain, OomAdjIsReadAlone) {
  tree.write("10/oom_adj", "-5\n");
  ASSERT_TRUE(source->read_oom_adj(task));
  EXPECT_EQ(task.oom_adj, -5);
  tree.remove("10");
  EXPECT_EQ(source->read_oom_adj(task).error().code, ENOENT);
}

TEST(ProcfsUserns, InitialOneMakesCapabilitiesCount) {
  const TempTree tree(root618({process618({.pid = 10, .caps = kFullSet})}));
  Snapshot snapshot = scan_of(*open_root(tree.path()));
  EXPECT_EQ(task_of(snapshot, 10).cap_effective, kFullSet);
  EXPECT_EQ(snapshot.gaps.userns_unreadable, 0U);
}

TEST(ProcfsUserns, FullSetInAnotherOneIsNoDiscount) {
  const TempTree tree(root618({process618({.pid = 10, .caps = kFullSet},
                                          std::nullopt, "user:[4026532744]")}));
  Snapshot snapshot = scan_of(*open_root(tree.path()));
  EXPECT_EQ(task_of(snapshot, 10).cap_effective, 0U);
  EXPECT_FALSE(task_of(snapshot, 10).userns_unreadable);
}

TEST(ProcfsUserns, ContainersOwnViewKnowsTheInitialOneAllTheSame) {
  // pid 1 is the container's; its namespace is not the initial one.
  const TempTree tree(together(
      system_files(), {process618({.pid = 1, .caps = kFullSet}, std::nullopt,
                                  "user:[4026532744]")}));
  Snapshot snapshot = scan_of(*open_root(tree.path()));
  EXPECT_EQ(task_of(snapshot, 1).cap_effective, 0U);
}

TEST(ProcfsUserns, UnreadableIsNoDiscountAndIsCounted) {
  const TempTree tree(root618({process618({.pid = 10, .caps = kFullSet})}));
  tree.remove("10/ns/user");
  Snapshot snapshot = scan_of(*open_root(tree.path()));
  EXPECT_EQ(task_of(snapshot, 10).cap_effective, 0U);
  EXPECT_TRUE(task_of(snapshot, 10).userns_unreadable);
  EXPECT_EQ(snapshot.gaps.userns_unreadable, 1U);
}

TEST(ProcfsUserns, IsNotAskedForCapabilitiesThatDoNotScore) {
  constexpr std::uint64_t kNetBindService = 1U << 10;
  const TempTree tree(
      root618({process618({.pid = 10, .caps = kNetBindService})}));
  tree.remove("10/ns/user");
  Snapshot snapshot = scan_of(*open_root(tree.path()));
  EXPECT_EQ(task_of(snapshot, 10).cap_effective, kNetBindService);
  EXPECT_EQ(snapshot.gaps.userns_unreadable, 0U);
}

// A process of threads 10 and 11 beside an init on node 0.
std::vector<Entry> numa_root(const char* leader_mems, const char* thread_mems) {
  const Proc leader{.pid = 10, .threads = 2, .mems = leader_mems};
  const Proc thread{.pid = 11, .mems = thread_mems};
  std::vector<Entry> more = together(
      oom_files(0, 0),
      {dir("task", {dir("10", {file("status", status_text(leader))}),
                    dir("11", {file("status", status_text(thread))})})});
  return together(system_files(),
                  {process({.pid = 1, .mems = "00000000,1"}, oom_files(0, 0)),
                   process(leader, std::move(more))});
}

bool intersects(const char* leader_mems, const char* thread_mems) {
  const TempTree tree(numa_root(leader_mems, thread_mems));
  Snapshot snapshot = scan_of(*open_root(tree.path()));
  return task_of(snapshot, 10).mems_intersect;
}

TEST(ProcfsMems, NodeOfAnyThreadSuffices) {
  EXPECT_TRUE(intersects("3", "2"));
  EXPECT_TRUE(intersects("2", "3"));
  EXPECT_FALSE(intersects("2", "2"));
  // Bit 0 of the second word is node 32.
  EXPECT_FALSE(intersects("1,00000000", "2"));
  EXPECT_TRUE(intersects("1,00000000", "ffffffff,00000001"));
}

TEST(ProcfsMems, ReferenceIsSelfWhereThereIsOne) {
  std::vector<Entry> entries = numa_root("2", "2");
  entries.push_back(process({.pid = 20, .mems = "2"}, oom_files(0, 0)));
  entries.push_back(link("self", "20"));
  const TempTree tree(entries);
  Snapshot snapshot = scan_of(*open_root(tree.path()));
  EXPECT_TRUE(task_of(snapshot, 10).mems_intersect);
  EXPECT_FALSE(task_of(snapshot, 1).mems_intersect);
}

TEST(ProcfsMems, UnknownNodesAreNoDiscountAndAreCounted) {
  const TempTree tree(root618({process618({.pid = 10, .mems = ""})}));
  Snapshot snapshot = scan_of(*open_root(tree.path()));
  EXPECT_TRUE(task_of(snapshot, 10).mems_intersect);
  EXPECT_EQ(snapshot.gaps.nodes_unknown, 1U);
}

// pid 10 with the children 20, 21 and 22 by ppid, and a list in its task/.
Pids listed_children(const std::string& list, Snapshot* result = nullptr) {
  const TempTree tree(
      root618({process618({.pid = 10}, list),
               process618({.pid = 20, .ppid = 10, .start_time = 300}, ""),
               process618({.pid = 21, .ppid = 10, .start_time = 200}, ""),
               process618({.pid = 22, .ppid = 10, .start_time = 400}, "")}));
  Snapshot snapshot = scan_of(*open_root(tree.path()));
  if (result != nullptr) {
    *result = snapshot;
  }
  return children_of(snapshot, task_of(snapshot, 10));
}

TEST(ProcfsChildren, AreTheLeadersOwnListInItsOrder) {
  EXPECT_EQ(listed_children("22 20 21 "), (Pids{22, 20, 21}));
}

TEST(ProcfsChildren, ForkedByAnotherThreadAreNotOnIt) {
  Snapshot snapshot;
  EXPECT_EQ(listed_children("21 ", &snapshot), Pids{21});
  EXPECT_EQ(listed_children(""), Pids{});
  EXPECT_EQ(snapshot.gaps.children_by_ppid, 0U);
}

// A list of 9,000 children has 72,000 bytes.
TEST(ProcfsChildren, OfALeaderWithThousandsTakeNoMemoryToRead) {
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
  std::string list;
  std::vector<Entry> processes{process618({.pid = 10}, "")};
  Pids children;
  for (std::int32_t pid = 200; pid < 400; ++pid) {
    children.push_back(pid);
    processes.push_back(process618({.pid = pid, .ppid = 10}, ""));
    list += std::to_string(pid) + " ";
  }
  for (std::int32_t i = 0; i < 9'000; ++i) {
    list += std::to_string(1'000'000 + i) + " ";
  }
  const TempTree tree(root618(processes));
  tree.write("10/task/10/children", list);
  const auto source = open_root(tree.path());
  Snapshot snapshot;
  std::vector<ListedProcess> listed;
  ASSERT_TRUE(source->list(listed, kAllPids));
  for (const ListedProcess& process : listed) {
    snapshot.tasks.push_back(*source->read(process.pid, snapshot.gaps));
  }
  link_children(snapshot);
  const auto held = [] {
    const auto info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  const auto before = held();
  source->read_children(snapshot,
                        static_cast<std::uint32_t>(find_task(snapshot, 10)));
  EXPECT_EQ(held(), before);
  EXPECT_EQ(children_of(snapshot, task_of(snapshot, 10)), children);
  EXPECT_EQ(snapshot.gaps.children_by_ppid, 0U);
#endif
}

TEST(ProcfsChildren, YoungerThanTheSnapshotAreLeftOut) {
  EXPECT_EQ(listed_children("20 999 21 22 "), (Pids{20, 21, 22}));
}

TEST(ProcfsChildren, OfSomebodyElseByPpidAreLeftOut) {
  // Its pid has been reused since the scan.
  EXPECT_EQ(listed_children("20 1 21 "), (Pids{20, 21}));
}

TEST(ProcfsChildren, WithoutAListAreThoseByPpid) {
  const TempTree tree(
      root618({process618({.pid = 10}), process618({.pid = 20, .ppid = 10})}));
  Snapshot snapshot = scan_of(*open_root(tree.path()));
  EXPECT_EQ(children_of(snapshot, task_of(snapshot, 10)), Pids{20});
  EXPECT_EQ(snapshot.gaps.children_by_ppid, 1U);
}

TEST(ProcfsChildren, OnAListThatIsNoneAreThoseByPpid) {
  Snapshot snapshot;
  EXPECT_EQ(listed_children("22 x ", &snapshot), (Pids{21, 20, 22}));
  EXPECT_EQ(snapshot.gaps.children_by_ppid, 1U);
}

TEST(ProcfsChildren, MmIdentityOfAStoredTreeIsUnknownWhereSizesAgree) {
  // 20 could share the mm of 10, 21 could not.
  const TempTree tree(
      root618({process618({.pid = 10, .size = 500}, "20 21 "),
               process618({.pid = 20, .ppid = 10, .size = 500}, ""),
               process618({.pid = 21, .ppid = 10, .size = 501}, "")}));
  Snapshot snapshot = scan_of(*open_root(tree.path()));
  EXPECT_EQ(snapshot.gaps.mm_identity_unknown, 1U);
  for (const Child& child : snapshot.children) {
    EXPECT_FALSE(child.shares_mm);
  }
}

TEST(ProcfsServer, DiscountsAreTheHostsAndNotTheContainers) {
  Snapshot snapshot = scan_of(*open_root(TEST_PROC_DIR "/server"));
  EXPECT_NE(task_of(snapshot, 640).cap_effective & kCapSysAdmin, 0U);
  EXPECT_EQ(task_of(snapshot, 2040).cap_effective, 0U);
}

TEST(ProcfsServer, IsKnownCompletely) {
  const Snapshot snapshot = scan_of(*open_root(TEST_PROC_DIR "/server"));
  EXPECT_EQ(snapshot.gaps.children_by_ppid, 0U);
  EXPECT_EQ(snapshot.gaps.userns_unreadable, 0U);
  EXPECT_EQ(snapshot.gaps.nodes_unknown, 0U);
  EXPECT_EQ(snapshot.gaps.mm_identity_unknown, 0U);
  EXPECT_EQ(snapshot.gaps.unreadable + snapshot.gaps.malformed, 0U);
  EXPECT_TRUE(snapshot.gaps.swap_known);
}

// A FIFO hangs as stat does while an exec of the process does not end.
TEST(ProcfsHung, AProcessIsKnownByWhatDoesNotHang) {
  const Proc hog{.pid = 100,
                 .comm = "hog",
                 .ppid = 1,
                 .caps = kFullSet,
                 .rss_anon_kib = 300,
                 .swap_kib = 0};
  const TempTree tree(root618({process618(hog)}));
  tree.write("100/comm", "hog\n");
  tree.remove("100/stat");
  ASSERT_EQ(::mkfifo(tree.path("100/stat").c_str(), 0600), 0);
  const auto source = open_root(tree.path());
  Snapshot snapshot = scan_of(*source);
  EXPECT_EQ(source->hung_read(1), HungRead());
  EXPECT_EQ(source->hung_read(1 + 10 * kSecond), (HungRead{100, "stat"}));
  const Task& task = task_of(snapshot, 100);
  EXPECT_EQ(task.id, (TaskId{100, TaskId::kUnknown}));
  EXPECT_EQ(task.name(), "hog");
  EXPECT_EQ(task.ppid, 1);
  EXPECT_TRUE(task.has_mm);
  EXPECT_EQ(task.total_vm, hog.size);
  EXPECT_EQ(task.rss_anon_kib, 300U);
  EXPECT_TRUE(task.userns_unreadable);
  EXPECT_EQ(task_of(snapshot, 1).id.start_time, 1U);
  // Its end frees the thread.
  const UniqueFd end(
      ::open(tree.path("100/stat").c_str(), O_WRONLY | O_NONBLOCK));
  EXPECT_TRUE(end.valid());
}

}  // namespace
}  // namespace badnessd
