// SPDX-License-Identifier: GPL-2.0-only
// The signals that a test raises here are blocked by what is tested, and taken
// by it. All of it happens in a child, whose mask is its own.
#include "badnessd/system/service/events.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>

#include <gtest/gtest.h>

#include "tree.h"

namespace badnessd {
namespace {

using std::chrono::microseconds;

// No test waits for it to pass.
constexpr microseconds kLong{60'000'000};

// Raises `signal` and gives what the wait says: 1 stop, 2 reload, 0 neither.
int woken_by(int signal) {
  auto events = Events::open();
  if (!events) {
    return 9;
  }
  ::raise(signal);  // held back, and the next wait is over at once
  const auto woken = events->wait(kLong, -1, -1);
  return (woken.stop ? 1 : 0) + (woken.reload ? 2 : 0);
}

TEST(Events, SignalsEndTheWait) {
  EXPECT_EXIT(::_exit(woken_by(SIGTERM)), testing::ExitedWithCode(1), "");
  EXPECT_EXIT(::_exit(woken_by(SIGINT)), testing::ExitedWithCode(1), "");
  EXPECT_EXIT(::_exit(woken_by(SIGHUP)), testing::ExitedWithCode(2), "");
}

TEST(Events, TimeThatPassesIsNoSignal) {
  EXPECT_EXIT(
      {
        auto events = Events::open();
        const auto woken = events->wait(microseconds(1000), -1, -1);
        ::_exit(woken.stop || woken.reload ? 1 : 0);
      },
      testing::ExitedWithCode(0), "");
}

TEST(Events, AReadableDescriptorEndsTheWait) {
  EXPECT_EXIT(
      {
        auto events = Events::open();
        const UniqueFd readable(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
        ::alarm(10);  // ends the process if the wait does not end
        const auto woken = events->wait(kLong, -1, readable.get());
        ::_exit(woken.stop || woken.reload ? 1 : 0);
      },
      testing::ExitedWithCode(0), "");
}

// 1: a descriptor with an error was told apart.
int told_by_error() {
  auto events = Events::open();
  std::array<int, 2> ends{};
  if (!events || ::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return 9;
  }
  ::close(ends[0]);  // to write to the other is an error now
  ::alarm(10);
  const bool told = events->wait(kLong, ends[1], -1).psi_failed;
  return told && !events->wait(microseconds(1000), -1, -1).psi_failed ? 1 : 0;
}

TEST(Events, ADescriptorWithAnErrorIsNoEvent) {
  EXPECT_EXIT(::_exit(told_by_error()), testing::ExitedWithCode(1), "");
}

TEST(PsiTrigger, IsNotSetInAStoredTree) {
  const test::TempTree tree(
      {test::dir("pressure", {test::file("memory", "some\n")})});
  const auto root = open_directory(AT_FDCWD, tree.path());
  ASSERT_TRUE(root);
  EXPECT_FALSE(PsiTrigger::arm(root->get(), microseconds(100'000),
                               microseconds(1'000'000)));
  EXPECT_EQ(test::contents_of(tree.path("pressure/memory")), "some\n");
}

TEST(PsiTrigger, IsRefusedWhereThereIsNoPressureFile) {
  const UniqueFd directory(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto trigger = PsiTrigger::arm(directory.get(), microseconds(100'000),
                                       microseconds(1'000'000));
  ASSERT_FALSE(trigger);
  EXPECT_EQ(trigger.error().code, EOPNOTSUPP);
}

}  // namespace
}  // namespace badnessd
