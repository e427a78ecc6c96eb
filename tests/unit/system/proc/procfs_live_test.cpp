// SPDX-License-Identifier: GPL-2.0-only
// procfs.h on the kernel that runs the test, and processes of its own.
#include <fcntl.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "badnessd/engine/badness.h"
#include "badnessd/system/proc/procfs.h"
#include "forked.h"
#include "roots.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using test::children_of;
using test::Forked;
using test::open_root;
using test::scan_of;
using test::task_of;
using Pids = std::vector<std::int32_t>;

bool kcmp_permitted(pid_t pid) {
  return ::syscall(SYS_kcmp, pid, ::getpid(), KCMP_VM, 0, 0) >= 0;
}

bool has_lists_of_children() {
  const std::string self = std::to_string(::getpid());
  return ::access(("/proc/" + self + "/task/" + self + "/children").c_str(),
                  R_OK) == 0;
}

TEST(ProcfsLive, FindsItself) {
  const auto source = open_root("/proc");
  EXPECT_TRUE(source->live());
  EXPECT_EQ(source->self_pid(), ::getpid());
  EXPECT_EQ(source->reference_pid(), ::getpid());
  EXPECT_GE(source->root_fd(), 0);
  Snapshot snapshot = scan_of(*source);
  EXPECT_TRUE(snapshot.gaps.live);
  const Task& self = task_of(snapshot, ::getpid());
  EXPECT_EQ(self.ppid, ::getppid());
  EXPECT_TRUE(self.has_mm);
  EXPECT_GT(self.total_vm, 0U);
  EXPECT_GE(self.mm_threads, 1U);
  EXPECT_EQ(self.uid, ::getuid());
  EXPECT_GT(self.rss_anon_kib, 0U);
  EXPECT_TRUE(self.mems_intersect);
  EXPECT_GT(badness(snapshot, test::judged(self).view(), {}).points(), 0U);
}

TEST(ProcfsLive, UptimeIsTheBootClock) {
  const auto source = open_root("/proc");
  timespec before{};
  timespec after{};
  ::clock_gettime(CLOCK_BOOTTIME, &before);
  const Snapshot snapshot = scan_of(*source);
  ::clock_gettime(CLOCK_BOOTTIME, &after);
  EXPECT_GE(snapshot.uptime_s, static_cast<std::uint64_t>(before.tv_sec));
  EXPECT_LE(snapshot.uptime_s, static_cast<std::uint64_t>(after.tv_sec));
}

TEST(ProcfsLive, ReadsThePressure) {
  const auto reading = open_root("/proc")->read_pressure();
  ASSERT_TRUE(reading);
  EXPECT_GT(reading->mem_total_kib, 0U);
  EXPECT_EQ(reading->psi_some.has_value(),
            std::ifstream("/proc/pressure/memory").peek() != EOF);
}

TEST(ProcfsLive, SeesAForkedChild) {
  const Forked child;
  const auto source = open_root("/proc");
  Snapshot snapshot = scan_of(*source);
  const Task& self = task_of(snapshot, ::getpid());
  EXPECT_EQ(children_of(snapshot, self), Pids{child.pid()});
  EXPECT_FALSE(snapshot.children.at(self.first_child).shares_mm);
}

TEST(ProcfsLive, OneThatIsGoneIsAnError) {
  Forked child;
  const auto source = open_root("/proc");
  Gaps gaps;
  auto task = source->read(child.pid(), gaps);
  ASSERT_TRUE(task);
  ASSERT_EQ(::kill(child.pid(), SIGKILL), 0);
  child.reap();
  StatmFields known;
  EXPECT_FALSE(source->read_memory(*task, known, false));
  EXPECT_FALSE(source->read(child.pid(), gaps));
}

// What was noted of it stays: its memory may not be free yet.
TEST(ProcfsLive, OneThatIsDyingIsNoted) {
  Forked child;
  const auto source = open_root("/proc");
  Gaps gaps;
  Task task = source->read(child.pid(), gaps).value();
  const Kib held = task.held_kib();
  EXPECT_GT(held, 0U);
  ASSERT_EQ(::kill(child.pid(), SIGKILL), 0);
  while (!child.ended()) {
    ::sched_yield();
  }
  StatmFields known;
  ASSERT_TRUE(source->read_memory(task, known, false));
  EXPECT_FALSE(task.has_mm);
  EXPECT_EQ(task.state, 'Z');
  EXPECT_EQ(task.noted_kib, held);
}

TEST(ProcfsLive, AZombieHasNoMm) {
  Forked child;
  ASSERT_EQ(::kill(child.pid(), SIGKILL), 0);
  while (!child.ended()) {
    ::sched_yield();
  }
  Snapshot snapshot = scan_of(*open_root("/proc"));
  const Task& zombie = task_of(snapshot, child.pid());
  EXPECT_EQ(zombie.state, 'Z');
  EXPECT_FALSE(zombie.has_mm);
  EXPECT_EQ(zombie.mm_threads, 0U);
}

// Clones a child with the address space of its parent. It dies with it.
void clone_sharing_mm(int flags) {
  static std::array<char, 65536> stack;
  pid_t parent = ::getpid();
  ::clone(test::waiting_child, stack.data() + stack.size(),
          CLONE_VM | SIGCHLD | flags, &parent);
  test::wait_for_ever();
}

// Scans until `parent` has a child.
Snapshot snapshot_with_child_of(const Forked& parent) {
  const auto source = open_root("/proc");
  for (;;) {
    Snapshot snapshot = scan_of(*source);
    if (task_of(snapshot, parent.pid()).child_count != 0) {
      return snapshot;
    }
  }
}

TEST(ProcfsLive, SeesThatAChildSharesTheMm) {
  // CLONE_VFORK is how vfork() leaves both until the child execs: the parent
  // waits in clone().
  for (const int flags : {0, CLONE_VFORK}) {
    const Forked parent([flags](const Forked::Ready& ready) {
      ready();
      clone_sharing_mm(flags);
    });
    if (!kcmp_permitted(parent.pid())) {
      GTEST_SKIP() << "kcmp is not permitted here";
    }
    Snapshot snapshot = snapshot_with_child_of(parent);
    const Task& task = task_of(snapshot, parent.pid());
    const Child& child = snapshot.children.at(task.first_child);
    EXPECT_TRUE(child.shares_mm) << flags;
    EXPECT_EQ(snapshot.gaps.mm_identity_unknown, 0U);
    EXPECT_EQ(child_points(snapshot, child), 0U);
  }
}

TEST(ProcfsLive, AForkedTwinOfTheSameSizesHasAnMmOfItsOwn) {
  // Equal statm: only kcmp can tell.
  const Forked parent([](const Forked::Ready& ready) {
    const pid_t self = ::getpid();
    if (::fork() == 0) {
      test::die_with_parent(self);
      ready();
    }
    test::wait_for_ever();
  });
  if (!kcmp_permitted(parent.pid())) {
    GTEST_SKIP() << "kcmp is not permitted here";
  }
  Snapshot snapshot = snapshot_with_child_of(parent);
  const Task& task = task_of(snapshot, parent.pid());
  EXPECT_FALSE(snapshot.children.at(task.first_child).shares_mm);
  EXPECT_EQ(snapshot.gaps.mm_identity_unknown, 0U);
}

TEST(ProcfsLive, ChildForkedByAnotherThreadIsNotOnTheLeadersList) {
  if (!has_lists_of_children()) {
    GTEST_SKIP() << "this kernel has no lists of children";
  }
  const Forked parent([](const Forked::Ready& ready) {
    std::thread forker([&ready] {
      const pid_t self = ::getpid();
      if (::fork() == 0) {
        test::die_with_parent(self);
        test::wait_for_ever();
      }
      ready();
      test::wait_for_ever();
    });
    forker.join();
  });
  const auto source = open_root("/proc");
  Snapshot snapshot = scan_of(*source);
  EXPECT_EQ(task_of(snapshot, parent.pid()).child_count, 0U);
  EXPECT_EQ(task_of(snapshot, parent.pid()).mm_threads, 2U);
  link_children(snapshot);
  EXPECT_EQ(task_of(snapshot, parent.pid()).child_count, 1U) << "by its ppid";
}

TEST(ProcfsLive, DeadLeaderWithALiveThread) {
  const Forked parent([](const Forked::Ready& ready) {
    std::thread(test::wait_for_ever).detach();
    ready();
    ::syscall(SYS_exit, 0);  // of this thread only
  });
  const auto source = open_root("/proc");
  Snapshot snapshot = scan_of(*source);
  while (task_of(snapshot, parent.pid()).live_tid == 0) {
    snapshot = scan_of(*source);
  }
  const Task& task = task_of(snapshot, parent.pid());
  EXPECT_FALSE(task.has_mm);
  EXPECT_EQ(task.mm_threads, 1U);
  EXPECT_GT(task.total_vm, 0U);
}

}  // namespace
}  // namespace badnessd
