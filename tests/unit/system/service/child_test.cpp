// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/service/child.h"

#include <string>

#include <gtest/gtest.h>

namespace badnessd {
namespace {

TEST(Child, ItsOutputIsRead) {
  std::string text;
  EXPECT_EQ(
      run_program({"printf", "%s", "a\nb"},
                  [&text](std::FILE* output) { text = read_all(output); }),
      0);
  EXPECT_EQ(text, "a\nb");
}

TEST(Child, ItsExitCodeIsReturned) {
  const auto unread = [](std::FILE*) {};
  EXPECT_EQ(run_program({"sh", "-c", "exit 3"}, unread), 3);
  EXPECT_EQ(run_program({"/nonexistent"}, unread), kNoSuchProgram);
  EXPECT_EQ(run_program({"sh", "-c", "kill -9 $$"}, unread), -1);
}

}  // namespace
}  // namespace badnessd
