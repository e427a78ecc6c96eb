// SPDX-License-Identifier: GPL-2.0-only
// What processes hold, on the kernel that runs the test and processes of its
// own: what they took is measured by it.
#include <linux/kcmp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <thread>

#include <gtest/gtest.h>

#include "badnessd/engine/kernel26.h"
#include "badnessd/system/proc/procfs.h"
#include "forked.h"
#include "roots.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using test::Forked;
using test::open_root;
using test::scan_of;
using test::task_of;

constexpr std::size_t kSize = std::size_t{32} << 20;
constexpr Kib kSizeKib = kSize / 1024;
constexpr Kib kLittleKib = 12'000;  // of the test itself, under a sanitizer too

char* mapped(int flags) {
  void* memory = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE,
                        MAP_ANONYMOUS | flags, -1, 0);
  // Copied page by page, wherever the machine prefers huge ones.
  static_cast<void>(::madvise(memory, kSize, MADV_NOHUGEPAGE));
  return static_cast<char*>(memory);
}

void write_to(char* memory, std::size_t size) {
  constexpr std::size_t kPage = 4096;
  for (std::size_t offset = 0; offset < size; offset += kPage) {
    ++memory[offset];
  }
}

// All facts of `pid`.
Task facts_of(ProcfsSource& source, pid_t pid) {
  Gaps gaps;
  return source.read(pid, gaps).value();
}

Kib beyond_own(Kib kib) {
  const auto source = open_root("/proc");
  const Kib own = facts_of(*source, ::getpid()).private_kib();
  return kib - std::min(kib, own);
}

TEST(HeldLive, PrivateMemoryIsWhatWasWritten) {
  const Forked child([](const Forked::Ready& ready) {
    write_to(mapped(MAP_PRIVATE), kSize / 2);
    ready();
    test::wait_for_ever();
  });
  const auto source = open_root("/proc");
  const Kib kib = beyond_own(facts_of(*source, child.pid()).private_kib());
  EXPECT_GE(kib + kLittleKib, kSizeKib / 2);
  EXPECT_LE(kib, kSizeKib / 2 + kLittleKib);
}

TEST(HeldLive, SharedMemoryIsNotPrivate) {
  const Forked child([](const Forked::Ready& ready) {
    write_to(mapped(MAP_SHARED), kSize);
    ready();
    test::wait_for_ever();
  });
  const auto source = open_root("/proc");
  const Task task = facts_of(*source, child.pid());
  EXPECT_GE(task.rss_shmem_kib, kSizeKib);
  EXPECT_LE(beyond_own(task.private_kib()), kLittleKib);
}

// A page of it maps 2 MiB.
TEST(HeldLive, PageTablesAreHeldToo) {
  const Forked child([](const Forked::Ready& ready) {
    write_to(mapped(MAP_PRIVATE), kSize);
    ready();
    test::wait_for_ever();
  });
  const auto source = open_root("/proc");
  EXPECT_GE(facts_of(*source, child.pid()).page_tables_kib, kSizeKib / 512);
}

TEST(HeldLive, AgainIsReadOnlyWhatHasChanged) {
  char* go = mapped(MAP_SHARED);
  const Forked child([go](const Forked::Ready& ready) {
    char* memory = mapped(MAP_PRIVATE);
    ready();
    while (*static_cast<volatile char*>(go) == 0) {
      ::usleep(1000);
    }
    write_to(memory, kSize);
    *static_cast<volatile char*>(go) = 2;
    test::wait_for_ever();
  });
  const auto source = open_root("/proc");
  Task task = facts_of(*source, child.pid());
  EXPECT_EQ(task.ppid, ::getpid());
  EXPECT_NE(task.flags & kPfForkNoExec, 0U);
  StatmFields known;
  EXPECT_TRUE(source->read_memory(task, known, false).value());
  const Kib before = task.private_kib();
  EXPECT_FALSE(source->read_memory(task, known, false).value());
  *static_cast<volatile char*>(go) = 1;
  while (*static_cast<volatile char*>(go) != 2) {
    ::sched_yield();
  }
  EXPECT_TRUE(source->read_memory(task, known, false).value());
  EXPECT_GE(task.private_kib() + 64, before + kSizeKib);
  EXPECT_EQ(task.noted_kib, task.held_kib());
  ::munmap(go, kSize);
}

// Its leader has exited, and shows no memory; a thread holds it.
TEST(HeldLive, ADeadLeaderHidesNothing) {
  const Forked child([](const Forked::Ready& ready) {
    std::thread([&ready] {
      write_to(mapped(MAP_PRIVATE), kSize);
      ready();
      test::wait_for_ever();
    }).detach();
    ::syscall(SYS_exit, 0);  // of this thread only
  });
  const auto source = open_root("/proc");
  Snapshot snapshot = scan_of(*source);
  while (task_of(snapshot, child.pid()).live_tid == 0) {
    snapshot = scan_of(*source);
  }
  EXPECT_GE(facts_of(*source, child.pid()).private_kib(), kSizeKib);
  // What stands for the leader is the thread.
  const Task& task = task_of(snapshot, child.pid());
  EXPECT_FALSE(task.has_mm);
  EXPECT_NE(task.state, 'Z');
  EXPECT_GE(task.rss_anon_kib, kSizeKib);
}

// Asks until the thread that reads has answered.
Unshared measured(ProcfsSource& source,
                  const UnsharedReader::Question& question) {
  Worker<UnsharedReader>& worker = source.sources().unshared;
  worker.ask(std::array{question});
  for (;;) {
    const auto answers = worker.take_answers();
    if (!answers.empty()) {
      return answers.front();
    }
    ::sched_yield();
  }
}

// A worker that writes a half of what it was forked with.
TEST(HeldLive, WhatAForkedProcessCopiesIsItsOwn) {
  if (::access("/proc/self/smaps_rollup", R_OK) != 0) {
    GTEST_SKIP() << "this kernel has no smaps_rollup";
  }
  char* memory = mapped(MAP_PRIVATE);
  write_to(memory, kSize);
  char* go = mapped(MAP_SHARED);
  const Forked idle([](const Forked::Ready& ready) {
    ready();
    test::wait_for_ever();
  });
  const Forked worker([&](const Forked::Ready& ready) {
    write_to(memory, kSize / 2);
    ready();
    while (*static_cast<volatile char*>(go) == 0) {
      ::usleep(1000);
    }
    write_to(memory + kSize / 2, kSize / 2);
    *static_cast<volatile char*>(go) = 2;
    test::wait_for_ever();
  });
  const auto source = open_root("/proc");
  const Unshared none = measured(*source, {.pid = idle.pid()});
  const Unshared half = measured(*source, {.pid = worker.pid()});
  ASSERT_EQ(half.id.pid, worker.pid());
  EXPECT_GE(half.anonymous_kib, kSizeKib);
  EXPECT_LE(none.unshared_kib, kLittleKib);
  EXPECT_GE(half.unshared_kib, kSizeKib / 2);
  EXPECT_LE(half.unshared_kib, kSizeKib / 2 + kLittleKib);
  EXPECT_GE(half.faulted_kib, kSizeKib / 2);
  EXPECT_GT(half.cost_us, 0U);  // it walks 8,192 pages

  // Without more faults there is nothing new to be read.
  const UnsharedReader::Question again{
      worker.pid(), half.faulted_kib + half.parent_faulted_kib};
  EXPECT_EQ(measured(*source, again).id.pid, 0);
  *static_cast<volatile char*>(go) = 1;
  while (*static_cast<volatile char*>(go) != 2) {
    ::sched_yield();
  }
  EXPECT_GE(measured(*source, again).unshared_kib, kSizeKib);

  // What the parent copies leaves its old pages to the child.
  write_to(memory, kSize);
  const Unshared left = measured(*source, {.pid = idle.pid()});
  EXPECT_GE(left.unshared_kib, kSizeKib);
  EXPECT_LE(left.faulted_kib, none.faulted_kib + kLittleKib);
  EXPECT_GE(left.parent_faulted_kib, none.parent_faulted_kib + kSizeKib / 2);
  ::munmap(memory, kSize);
  ::munmap(go, kSize);
}

TEST(HeldLive, ProcessesThatShareAnMmAreFound) {
  const Forked parent([](const Forked::Ready& ready) {
    static std::array<char, 65536> stack;
    pid_t self = ::getpid();
    ::clone(test::waiting_child, stack.data() + stack.size(),
            CLONE_VM | SIGCHLD, &self);
    ready();
    test::wait_for_ever();
  });
  if (::syscall(SYS_kcmp, parent.pid(), ::getpid(), KCMP_VM, 0, 0) < 0) {
    GTEST_SKIP() << "kcmp is not permitted here";
  }
  const auto source = open_root("/proc");
  Snapshot snapshot = scan_of(*source);
  const Task& task = task_of(snapshot, parent.pid());
  ASSERT_EQ(task.child_count, 1U);
  const Task& child =
      snapshot.tasks.at(snapshot.children.at(task.first_child).task);
  EXPECT_TRUE(source->share_mm(task, child));
  EXPECT_FALSE(source->share_mm(task, task_of(snapshot, ::getpid())));
}

}  // namespace
}  // namespace badnessd
