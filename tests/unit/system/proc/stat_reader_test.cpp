// SPDX-License-Identifier: GPL-2.0-only
// A FIFO stands for a file whose read waits for an exec that hangs.
#include "badnessd/system/proc/stat_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "proc_tree.h"
#include "tree.h"

namespace badnessd {
namespace {

class StatReaderTest : public testing::Test {
 protected:
  void SetUp() override {
    auto root = open_directory(AT_FDCWD, tree.path());
    ASSERT_TRUE(root);
    root_ = std::move(*root);
    reader.emplace(root_.get());
    ASSERT_TRUE(reader->start());
  }
  void TearDown() override {
    for (std::int32_t pid = kFirst; pid < next_; ++pid) {
      release(pid);
    }
  }
  // One more process that hangs.
  std::int32_t add_hanging() {
    const std::int32_t pid = next_++;
    tree.write(std::to_string(pid) + "/comm", "x\n");
    EXPECT_EQ(::mkfifo(path_of(pid).c_str(), 0600), 0);
    return pid;
  }
  // From a pipe nothing can be read by position: the next read is good.
  void release(std::int32_t pid) const {
    const UniqueFd end(::open(path_of(pid).c_str(), O_WRONLY | O_NONBLOCK));
    tree.remove(std::to_string(pid) + "/stat");
    tree.write(std::to_string(pid) + "/stat",
               test::stat_text({.pid = pid, .start_time = 7}));
  }
  [[nodiscard]] std::string path_of(std::int32_t pid) const {
    return tree.path(std::to_string(pid) + "/stat");
  }
  // On a busy machine a thread can be late for a process that does not hang.
  [[nodiscard]] int error_of(std::int32_t pid) {
    constexpr int kTries = 50;
    auto stat = reader->stat(pid);
    for (int i = 0;
         i < kTries && pid < kFirst && !stat && stat.error().code == ETIMEDOUT;
         ++i) {
      ::usleep(10'000);
      stat = reader->stat(pid);
    }
    return stat ? 0 : stat.error().code;
  }

  static constexpr std::int32_t kFirst = 100;
  test::TempTree tree{
      {test::dir("10", {test::file("stat", test::stat_text(
                                               {.pid = 10, .start_time = 5}))}),
       test::dir("12", {test::file("stat", test::stat_text({.pid = 12})),
                        test::dir("ns", {test::link("user",
                                                    "user:[4026531837]")})})}};
  std::optional<StatReader> reader;

 private:
  UniqueFd root_;
  std::int32_t next_ = kFirst;
};

TEST_F(StatReaderTest, AHangCostsADeadlineOnce) {
  using Clock = std::chrono::steady_clock;
  const std::int32_t pid = add_hanging();
  const auto begin = Clock::now();
  EXPECT_EQ(error_of(pid), ETIMEDOUT);
  EXPECT_GE(Clock::now() - begin,
            std::chrono::microseconds(StatReader::kMostUs));
  EXPECT_EQ(reader->hung(1), HungRead());
  EXPECT_EQ(reader->hung(1 + Worker<ExecLockReader>::kTooLongUs),
            (HungRead{pid, "stat"}));
  const auto again = Clock::now();
  EXPECT_EQ(error_of(pid), ETIMEDOUT);
  EXPECT_LT(Clock::now() - again,
            std::chrono::microseconds(StatReader::kMostUs));
  EXPECT_EQ(error_of(10), 0);
}

TEST_F(StatReaderTest, AProcessThatComesBackIsReadAgain) {
  const std::int32_t pid = add_hanging();
  EXPECT_EQ(error_of(pid), ETIMEDOUT);
  release(pid);
  for (int i = 0; i < 1000 && error_of(pid) != 0; ++i) {
    ::usleep(1000);
  }
  EXPECT_EQ(error_of(pid), 0);
}

TEST_F(StatReaderTest, ThreadsAreFew) {
  for (std::size_t i = 0; i < StatReader::kThreads; ++i) {
    EXPECT_EQ(error_of(10), 0);
    EXPECT_EQ(error_of(add_hanging()), ETIMEDOUT);
  }
  EXPECT_FALSE(reader->stat(10));
}

TEST_F(StatReaderTest, OneThatIsGoneIsGone) {
  EXPECT_EQ(error_of(11), ENOENT);
  EXPECT_EQ(reader->hung(1), HungRead());
}

TEST_F(StatReaderTest, ReadsTheUserNamespaceWithStat) {
  EXPECT_EQ(error_of(10), 0);
  EXPECT_EQ(reader->user_ns(), "");
  EXPECT_EQ(error_of(12), 0);
  EXPECT_EQ(reader->user_ns(), "user:[4026531837]");
  EXPECT_EQ(error_of(11), ENOENT);
  EXPECT_EQ(reader->user_ns(), "");
}

TEST_F(StatReaderTest, WhatIsReadAheadIsUsedOnce) {
  reader->read_ahead(std::array{10, 11});
  tree.write("10/stat", test::stat_text({.pid = 10, .start_time = 6}));
  const auto start_of = [](const StatFields& it) {
    return it.start_time_ticks;
  };
  EXPECT_EQ(reader->stat(10).map(start_of), 5U);
  EXPECT_EQ(reader->stat(10).map(start_of), 6U);
  EXPECT_EQ(error_of(11), ENOENT);
}

TEST_F(StatReaderTest, OneThatHangsHidesNoneBehindIt) {
  const std::int32_t pid = add_hanging();
  reader->read_ahead(std::array{10, pid, 12});
  EXPECT_EQ(error_of(10), 0);
  EXPECT_EQ(error_of(pid), ETIMEDOUT);
  EXPECT_EQ(error_of(12), 0);
}

TEST_F(StatReaderTest, ComparesTheMemoryOfLiveProcesses) {
  const auto same = reader->same_mm(::getpid(), ::getpid());
  if (!same) {
    GTEST_SKIP() << "kcmp is not permitted here";
  }
  EXPECT_TRUE(*same);
}

}  // namespace
}  // namespace badnessd
