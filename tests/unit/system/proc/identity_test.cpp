// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/proc/identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "badnessd/engine/kernel26.h"
#include "badnessd/system/proc/procfs.h"
#include "forked.h"
#include "proc_tree.h"
#include "roots.h"

namespace badnessd {
namespace {

using test::Entry;
using test::file;
using test::link;
using test::open_root;
using test::TempTree;

constexpr auto kArguments = IdentityPart::kArguments;

TempTree tree_with(std::vector<Entry> more) {
  std::vector<Entry> entries = test::system_files();
  entries.push_back(test::process({.pid = 1}, test::oom_files(0, 0)));
  entries.push_back(
      test::process({.pid = 20, .comm = "java", .start_time = 7},
                    test::together(test::oom_files(0, 0), std::move(more))));
  return TempTree(entries);
}

// Waits for the answer, for as long as a test may take.
IdentityTexts identify(ProcfsSource& source, std::int32_t pid,
                       IdentityPart part = IdentityPart::kPlace) {
  const std::array<ListedProcess, 1> asked{{{.pid = pid, .inode = 5}}};
  auto& worker = source.sources().identities.worker(part);
  worker.ask(asked);
  while (worker.busy_with() != 0) {
    ::usleep(1000);
  }
  const auto answers = worker.take_answers();
  EXPECT_EQ(answers.size(), 1U);
  return answers.empty() ? IdentityTexts{} : answers.front();
}

TEST(Identify, ArgumentsHaveBlanksBetweenThem) {
  const TempTree tree =
      tree_with({file("cmdline", std::string("java\0-jar\0a b\0\0", 15)),
                 file("cgroup", "0::/a.slice\n")});
  const auto source = open_root(tree.path());
  const IdentityTexts texts = identify(*source, 20, kArguments);
  EXPECT_EQ(texts.cmdline, "java -jar a b");
  EXPECT_EQ(identify(*source, 20).cgroup, "/a.slice");
  EXPECT_EQ(texts.id, (TaskId{20, 7}));
  EXPECT_STREQ(texts.comm.data(), "java");
}

TEST(Identify, OfAHugeCommandLineTheBeginning) {
  const TempTree tree =
      tree_with({file("cmdline", std::string(2UL << 20, 'x'))});
  const auto source = open_root(tree.path());
  const IdentityTexts texts = identify(*source, 20, kArguments);
  EXPECT_EQ(texts.cmdline.size(), 64U * 1024);
  EXPECT_EQ(identify(*source, 20).cgroup, "");  // there is no such file
}

TEST(Identify, OneThatIsGoneIsNobody) {
  const TempTree tree = tree_with({file("cmdline", "x")});
  const auto source = open_root(tree.path());
  const IdentityTexts texts = identify(*source, 30);
  EXPECT_EQ(texts.process.pid, 30);
  EXPECT_EQ(texts.id.pid, 0);
}

// Like a process whose mmap lock is held behind a dead file server: opening its
// command line does not end. No other process waits for it.
TEST(Identify, OneThatHangsKeepsNobodyWaiting) {
  const TempTree tree = tree_with({file("cgroup", "0::/a.slice\n")});
  const std::string cmdline = tree.path("20/cmdline");
  ASSERT_EQ(::mkfifo(cmdline.c_str(), 0600), 0);
  const auto source = open_root(tree.path());
  const std::array<ListedProcess, 1> asked{{{.pid = 20, .inode = 5}}};
  auto& worker = source->sources().identities.worker(kArguments);
  worker.ask(asked);
  EXPECT_EQ(worker.busy_with(), 1U);
  EXPECT_EQ(test::scan_of(*source).tasks.size(), 2U);
  EXPECT_EQ(worker.busy_with(), 1U);
  EXPECT_EQ(identify(*source, 20).cgroup, "/a.slice");  // it is read apart
  // Then it ends after all; from a pipe nothing can be read by position.
  const int end = ::open(cmdline.c_str(), O_WRONLY);
  ASSERT_GE(end, 0);
  while (worker.busy_with() != 0) {
    ::usleep(1000);
  }
  ::close(end);
  const auto answers = worker.take_answers();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].id.pid, 20);
}

TEST(Identify, HugeCommandLinesComeAFewAtATime) {
  const TempTree tree =
      tree_with({file("cmdline", std::string(64UL * 1024, 'x'))});
  const auto source = open_root(tree.path());
  const std::vector<ListedProcess> asked(100, {.pid = 20, .inode = 5});
  auto& worker = source->sources().identities.worker(kArguments);
  worker.ask(asked);
  while (worker.busy_with() != 0) {
    ::usleep(1000);
  }
  EXPECT_EQ(worker.take_answers().size(), 16U);
}

// A decision waits for the accounts, but no longer than that.
TEST(Worker, WaitEndsWithTheAnswersOrTheTime) {
  const TempTree tree = tree_with({file("cgroup", "0::/a.slice\n")});
  const std::string cmdline = tree.path("20/cmdline");
  ASSERT_EQ(::mkfifo(cmdline.c_str(), 0600), 0);
  const auto source = open_root(tree.path());
  auto& worker = source->sources().identities.worker(kArguments);
  EXPECT_TRUE(worker.wait(0));  // nothing was asked yet
  worker.ask(std::array{ListedProcess{.pid = 20, .inode = 5}});
  EXPECT_FALSE(worker.wait(0));
  EXPECT_FALSE(worker.wait(5'000));
  EXPECT_TRUE(worker.answers().empty());
  const int end = ::open(cmdline.c_str(), O_WRONLY);
  ASSERT_GE(end, 0);
  EXPECT_TRUE(worker.wait(60'000'000));
  ::close(end);
  ASSERT_EQ(worker.answers().size(), 1U);
  EXPECT_EQ(worker.answers()[0].id.pid, 20);
  EXPECT_EQ(worker.answers().size(), 1U);  // they stay in place
}

// What was answered is known although the next answer does not come.
TEST(Worker, AnswersComeOneByOne) {
  const TempTree tree = tree_with({});
  tree.write("1/cmdline", "init");
  const std::string cmdline = tree.path("20/cmdline");
  ASSERT_EQ(::mkfifo(cmdline.c_str(), 0600), 0);
  const auto source = open_root(tree.path());
  auto& worker = source->sources().identities.worker(kArguments);
  worker.ask(std::array{ListedProcess{.pid = 1, .inode = 4},
                        ListedProcess{.pid = 20, .inode = 5}});
  while (worker.busy_with() != 2) {
    ::usleep(1000);
  }
  ASSERT_EQ(worker.answers().size(), 1U);
  EXPECT_EQ(worker.answers()[0].cmdline, "init");
  const int end = ::open(cmdline.c_str(), O_WRONLY);
  EXPECT_TRUE(worker.wait(60'000'000));
  ::close(end);
  EXPECT_EQ(worker.answers().size(), 2U);
}

TEST(Worker, WaitsForEachQuestionAnew) {
  const TempTree tree = tree_with({file("cmdline", "x")});
  const auto source = open_root(tree.path());
  auto& worker = source->sources().identities.worker(kArguments);
  // Each of them ends before or after the wait begins.
  for (std::int32_t i = 0; i < 200; ++i) {
    const std::vector<ListedProcess> asked(static_cast<std::size_t>(1 + i % 7),
                                           {.pid = 20, .inode = 5});
    worker.ask(asked);
    if (i % 3 == 0) {
      ::usleep(200);
    }
    ASSERT_TRUE(worker.wait(60'000'000)) << i;
    ASSERT_EQ(worker.answers().size(), asked.size()) << i;
  }
  worker.ask({});
  EXPECT_TRUE(worker.wait(0));
  EXPECT_TRUE(worker.answers().empty());
}

TEST(Identify, TheProgramIsItsPathEvenIfTheFileWasReplaced) {
  const TempTree tree = tree_with({link("exe", "/usr/bin/java (deleted)")});
  const auto source = open_root(tree.path());
  EXPECT_EQ(identify(*source, 20).exe, "/usr/bin/java");
  EXPECT_EQ(identify(*source, 1).exe, std::nullopt);  // it may not be read
}

TEST(LiveIdentity, OfThisVeryProcess) {
  const auto source = open_root("/proc");
  const IdentityTexts texts = identify(*source, ::getpid());
  EXPECT_NE(identify(*source, ::getpid(), kArguments)
                .cmdline.find("badnessd_unit_test"),
            std::string::npos);
  ASSERT_TRUE(texts.exe);
  EXPECT_TRUE(texts.exe->ends_with("badnessd_unit_test"));
}

// A child that has not called exec has the flag by which it counts as its
// parent (include/linux/sched.h: PF_FORKNOEXEC).
TEST(LiveIdentity, AForkIsSeenToBeOne) {
  const test::Forked child;
  const auto source = open_root("/proc");
  const Snapshot snapshot = test::scan_of(*source);
  const std::size_t index = find_task(snapshot, child.pid());
  ASSERT_LT(index, snapshot.tasks.size());
  EXPECT_NE(snapshot.tasks[index].flags & kPfForkNoExec, 0U);
  const std::size_t self = find_task(snapshot, ::getpid());
  EXPECT_EQ(snapshot.tasks[self].flags & kPfForkNoExec, 0U);
}

}  // namespace
}  // namespace badnessd
