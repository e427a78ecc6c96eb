// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/service/journal.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string>

#include <gtest/gtest.h>

#include "receiver.h"
#include "tree.h"

namespace badnessd {
namespace {

using test::Receiver;

TEST(DatagramSocket, SendsAStateInOneDatagram) {
  const Receiver receiver;
  DatagramSocket manager(receiver.path());
  EXPECT_TRUE(manager.connected());
  EXPECT_TRUE(manager.send("READY=1\nSTATUS=watching"));
  EXPECT_EQ(receiver.take(), "READY=1\nSTATUS=watching");
}

TEST(DatagramSocket, ThereNeedNotBeAReceiver) {
  for (const char* path : {"", "/nonexistent/socket", "@nobody-listens-here"}) {
    DatagramSocket manager(path);
    EXPECT_FALSE(manager.connected());
    EXPECT_FALSE(manager.send("READY=1"));
  }
}

TEST(Journal, FieldsMayHoldAnyByte) {
  const Receiver receiver;
  Journal journal(receiver.path());
  ASSERT_TRUE(journal.send(
      std::array<JournalField, 2>{{{"MESSAGE", "a\nb"}, {"PRIORITY", "4"}}}));
  using namespace std::string_literals;
  EXPECT_EQ(receiver.take(),
            "MESSAGE\n\x03\0\0\0\0\0\0\0a\nb\n"
            "PRIORITY\n\x01\0\0\0\0\0\0\0"
            "4\n"s);
}

TEST(Journal, AReceiverThatDoesNotReadIsNotWaitedFor) {
  const Receiver receiver;
  Journal journal(receiver.path());
  const std::string value(1000, 'x');
  int sent = 0;
  while (sent < 100'000 &&
         journal.send(std::array<JournalField, 1>{{{"MESSAGE", value}}})) {
    ++sent;
  }
  EXPECT_LT(sent, 100'000);
  EXPECT_EQ(journal.dropped(), 1U);
}

TEST(JournalStream, IsTheOneThatTheManagerNamed) {
  const test::TempTree tree({test::file("a", "x"), test::file("b", "y")});
  const UniqueFd a(::open(tree.path("a").c_str(), O_RDONLY));
  const UniqueFd b(::open(tree.path("b").c_str(), O_RDONLY));
  struct stat status {};
  ASSERT_EQ(::fstat(a.get(), &status), 0);
  const std::string stream =
      std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  EXPECT_TRUE(is_journal_stream(a.get(), stream));
  EXPECT_FALSE(is_journal_stream(b.get(), stream));  // sent elsewhere since
  EXPECT_FALSE(is_journal_stream(a.get(), ""));
  EXPECT_FALSE(is_journal_stream(-1, stream));
}

// How many lines it took, at most 10,000.
int write_until_full(LooseWriter& writer) {
  const std::string line(4096, 'x');
  int written = 0;
  while (written < 10'000 && writer.write(line)) {
    ++written;
  }
  return written;
}

TEST(LooseWriter, WritesWhatFitsAndDropsTheRest) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd out(ends[0]);
  const UniqueFd in(ends[1]);
  LooseWriter writer(in.get());
  const int written = write_until_full(writer);
  EXPECT_GT(written, 0);
  EXPECT_LT(written, 10'000);
  EXPECT_EQ(writer.dropped(), 1U);
}

TEST(LooseWriter, ASocketThatIsFullIsNotWaitedFor) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  const UniqueFd out(ends[0]);
  const UniqueFd in(ends[1]);
  LooseWriter writer(in.get());
  const int written = write_until_full(writer);
  EXPECT_LT(written, 10'000);
}

}  // namespace
}  // namespace badnessd
