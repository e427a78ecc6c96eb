// SPDX-License-Identifier: GPL-2.0-only
// Real signals, to processes that the test itself has started.
#include "badnessd/system/kill/killer.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "badnessd/engine/kernel26.h"
#include "badnessd/system/proc/proc_text.h"
#include "badnessd/system/sys.h"
#include "forked.h"
#include "proc_tree.h"
#include "tree.h"

namespace badnessd {
namespace {

using test::Forked;
using Outcome = KillOutcome::Kind;

// Waits for the exit of the pinned process, at most for a while.
bool exits(const PidfdKiller& killer) {
  constexpr int kLongMs = 60'000;
  pollfd fd{.fd = killer.exit_fd(), .events = POLLIN, .revents = 0};
  return ::poll(&fd, 1, kLongMs) > 0;
}

class PidfdKillerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto root = open_directory(AT_FDCWD, "/proc");
    ASSERT_TRUE(root);
    proc = std::move(*root);
    stats.emplace(proc.get());
  }

  // The facts about a running process that a killer looks at.
  Task task_of(pid_t pid) {
    FileReader reader;
    PidPath path;
    Task task;
    const auto stat =
        reader.read(proc.get(), path.of(pid, "stat")).and_then(parse_stat);
    EXPECT_TRUE(stat);
    if (stat) {
      task.id = {stat->pid, stat->start_time_ticks};
      task.flags = stat->flags;
    }
    return task;
  }

  [[nodiscard]] PidfdKiller killer() {
    return {proc.get(), *stats, ::getpid(), 0};
  }

  UniqueFd proc;
  std::optional<StatReader> stats;
};

TEST_F(PidfdKillerTest, KillsAndSeesTheExit) {
  Forked child;
  PidfdKiller under_test = killer();
  EXPECT_EQ(under_test.send(task_of(child.pid()), Signal::kKill).kind,
            Outcome::kSent);
  EXPECT_TRUE(exits(under_test));
  EXPECT_TRUE(under_test.exited());
  const int status = child.reap();
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TEST_F(PidfdKillerTest, TermFirstAndKillForWhoIgnoresIt) {
  Forked child([](const Forked::Ready& ready) {
    ::signal(SIGTERM, SIG_IGN);
    ready();
  });
  PidfdKiller under_test = killer();
  EXPECT_EQ(under_test.send(task_of(child.pid()), Signal::kTerm).kind,
            Outcome::kSent);
  EXPECT_FALSE(under_test.exited());
  EXPECT_EQ(under_test.escalate().kind, Outcome::kSent);
  EXPECT_TRUE(exits(under_test));
}

TEST_F(PidfdKillerTest, TermEndsWhoObeys) {
  Forked child;
  PidfdKiller under_test = killer();
  ASSERT_EQ(under_test.send(task_of(child.pid()), Signal::kTerm).kind,
            Outcome::kSent);
  ASSERT_TRUE(exits(under_test));
  EXPECT_EQ(WTERMSIG(child.reap()), SIGTERM);
}

TEST_F(PidfdKillerTest, KillsWhoIsStopped) {
  Forked child;
  ASSERT_EQ(::kill(child.pid(), SIGSTOP), 0);
  PidfdKiller under_test = killer();
  EXPECT_EQ(under_test.send(task_of(child.pid()), Signal::kKill).kind,
            Outcome::kSent);
  EXPECT_TRUE(exits(under_test));
}

TEST_F(PidfdKillerTest, KillsOneOfTwoAndNotTheOther) {
  Forked first;
  Forked second;
  PidfdKiller under_test = killer();
  ASSERT_EQ(under_test.send(task_of(first.pid()), Signal::kKill).kind,
            Outcome::kSent);
  ASSERT_TRUE(exits(under_test));
  EXPECT_FALSE(second.ended());
}

TEST_F(PidfdKillerTest, KillsAnotherBesidesTheOneThatIsPinned) {
  Forked pinned([](const Forked::Ready& ready) {
    ::signal(SIGTERM, SIG_IGN);
    ready();
  });
  Forked also;
  PidfdKiller under_test = killer();
  ASSERT_EQ(under_test.send(task_of(pinned.pid()), Signal::kTerm).kind,
            Outcome::kSent);
  EXPECT_EQ(under_test.kill_also(task_of(also.pid())).kind, Outcome::kSent);
  EXPECT_EQ(WTERMSIG(also.reap()), SIGKILL);
  EXPECT_FALSE(under_test.exited());
  Task reused = task_of(pinned.pid());
  ++reused.id.start_time;
  EXPECT_EQ(under_test.kill_also(reused).kind, Outcome::kVanished);
  EXPECT_EQ(under_test.kill_also(task_of(::getpid())).kind, Outcome::kRefused);
}

TEST_F(PidfdKillerTest, ReleasingTheMemoryHarmsNobody) {
  Forked child;
  PidfdKiller under_test = killer();
  ASSERT_EQ(under_test.send(task_of(child.pid()), Signal::kKill).kind,
            Outcome::kSent);
  under_test.release_memory();
  EXPECT_TRUE(exits(under_test));
}

TEST_F(PidfdKillerTest, AdoptsWhomAnEarlierDaemonSignalled) {
  Forked child;
  PidfdKiller under_test = killer();
  under_test.adopt(task_of(child.pid()).id);
  EXPECT_FALSE(under_test.exited());
  EXPECT_EQ(under_test.escalate().kind, Outcome::kSent);
  EXPECT_TRUE(exits(under_test));
}

TEST_F(PidfdKillerTest, AdoptingWhoIsGoneFindsItGone) {
  Forked child;
  TaskId id = task_of(child.pid()).id;
  ++id.start_time;
  PidfdKiller under_test = killer();
  under_test.adopt(id);
  EXPECT_TRUE(under_test.exited());
  EXPECT_FALSE(child.ended());
}

TEST_F(PidfdKillerTest, DoesNotTouchAReusedPid) {
  Forked child;
  for (const std::int64_t off : {-1, 1, 1'000'000}) {
    Task task = task_of(child.pid());
    task.id.start_time += static_cast<std::uint64_t>(off);
    EXPECT_EQ(killer().send(task, Signal::kKill).kind, Outcome::kVanished);
    EXPECT_FALSE(child.ended());
  }
}

// The stat of a process whose exec hangs is not read.
TEST_F(PidfdKillerTest, TheInodeTellsWithoutAStartTime) {
  Forked child;
  Task task = task_of(child.pid());
  const std::uint64_t start_time =
      std::exchange(task.id.start_time, TaskId::kUnknown);
  struct stat directory {};
  ASSERT_EQ(
      ::fstatat(proc.get(), std::to_string(child.pid()).c_str(), &directory, 0),
      0);
  for (const std::uint64_t wrong : {std::uint64_t{0}, directory.st_ino + 1}) {
    task.inode = wrong;
    EXPECT_EQ(killer().send(task, Signal::kKill).kind, Outcome::kVanished);
    EXPECT_FALSE(child.ended());
  }
  task.inode = directory.st_ino;
  PidfdKiller under_test = killer();
  EXPECT_EQ(under_test.send(task, Signal::kTerm).kind, Outcome::kSent);
  // The kernel drops inodes when memory is short: then the start time tells.
  task.id.start_time = start_time;
  task.inode = directory.st_ino + 1;
  EXPECT_EQ(under_test.send(task, Signal::kKill).kind, Outcome::kSent);
  child.reap();
}

TEST_F(PidfdKillerTest, FindsThatTheProcessIsGone) {
  Forked child;
  const Task task = task_of(child.pid());
  ASSERT_EQ(::kill(child.pid(), SIGKILL), 0);
  child.reap();
  EXPECT_EQ(killer().send(task, Signal::kKill).kind, Outcome::kVanished);
}

TEST_F(PidfdKillerTest, RefusesInitItselfAndPidsThatAreNone) {
  PidfdKiller under_test = killer();
  for (const std::int32_t pid : {1, 0, -1, ::getpid()}) {
    Task task;
    task.id = {pid, 0};
    EXPECT_EQ(under_test.send(task, Signal::kKill).kind, Outcome::kRefused)
        << pid;
  }
}

TEST_F(PidfdKillerTest, RefusesItsParent) {
  Forked child;
  PidfdKiller under_test(proc.get(), *stats, ::getpid(), child.pid());
  EXPECT_EQ(under_test.send(task_of(child.pid()), Signal::kKill).kind,
            Outcome::kRefused);
  EXPECT_FALSE(child.ended());
}

TEST_F(PidfdKillerTest, RefusesKernelThreads) {
  Forked child;
  Task task = task_of(child.pid());
  task.flags |= kPfKthread;
  EXPECT_EQ(killer().send(task, Signal::kKill).kind, Outcome::kRefused);
  EXPECT_FALSE(child.ended());
}

TEST_F(PidfdKillerTest, DoesNotSignalWhoseStartTimeCannotBeCompared) {
  Forked child;
  const std::string pid = std::to_string(child.pid());
  const test::TempTree garbage({test::dir(pid, {test::file("stat", "?\n")})});
  const test::TempTree unreadable(
      {test::dir(pid, {test::dir("stat", {test::file("x", "")})})});
  for (const auto& [tree, code] :
       {std::pair(&garbage, EBADMSG), std::pair(&unreadable, EISDIR)}) {
    const auto root = open_directory(AT_FDCWD, tree->path());
    ASSERT_TRUE(root);
    StatReader its_stats(root->get());
    PidfdKiller under_test(root->get(), its_stats, ::getpid(), 0);
    const KillOutcome outcome =
        under_test.send(task_of(child.pid()), Signal::kKill);
    EXPECT_EQ(outcome.kind, Outcome::kFailed);
    EXPECT_EQ(outcome.error.code, code);
    EXPECT_FALSE(child.ended());
  }
}

TEST_F(PidfdKillerTest, SaysWhenTheVictimIsStillAlive) {
  // A tracer may hold a process between its death and its exit.
  Forked child([](const Forked::Ready& ready) {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) {
      ::_exit(1);
    }
    ready();
    ::raise(SIGSTOP);
  });
  int status = 0;
  if (::waitpid(child.pid(), &status, 0) != child.pid() ||
      !WIFSTOPPED(status) ||
      ::ptrace(PTRACE_SETOPTIONS, child.pid(), nullptr,
               PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL) != 0) {
    GTEST_SKIP() << "tracing is not permitted here";
  }
  PidfdKiller under_test = killer();
  ASSERT_EQ(under_test.send(task_of(child.pid()), Signal::kKill).kind,
            Outcome::kSent);
  if (child.ended()) {
    GTEST_SKIP() << "this kernel does not stop for a tracer on SIGKILL";
  }
  EXPECT_FALSE(under_test.exited());
  ASSERT_EQ(::waitpid(child.pid(), &status, 0), child.pid());
  EXPECT_EQ(status >> 8, SIGTRAP | (PTRACE_EVENT_EXIT << 8));
  ::ptrace(PTRACE_CONT, child.pid(), nullptr, nullptr);
}

TEST_F(PidfdKillerTest, DryRunSendsNothing) {
  Forked child;
  DryRunKiller dry_run;
  EXPECT_EQ(dry_run.send(task_of(child.pid()), Signal::kKill).kind,
            Outcome::kNotSent);
  EXPECT_FALSE(child.ended());
}

}  // namespace
}  // namespace badnessd
