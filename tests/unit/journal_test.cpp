// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/journal.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <string>

#include <gtest/gtest.h>

#include "tree.h"

namespace badnessd {
namespace {

// A receiver of datagrams at a path of its own.
class Receiver {
 public:
  Receiver() : path_(std::string(tree_.path()) + "/socket") {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    fd_ = UniqueFd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0));
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address),
                     sizeof(address)),
              0);
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  // The next datagram; empty if there is none.
  [[nodiscard]] std::string take() const {
    std::array<char, 4096> buffer{};
    const ssize_t n = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    return n < 0 ? std::string()
                 : std::string(buffer.data(), static_cast<std::size_t>(n));
  }

 private:
  test::TempTree tree_{{}};
  std::string path_;
  UniqueFd fd_;
};

TEST(ServiceManager, IsToldInOneDatagram) {
  const Receiver receiver;
  ServiceManager manager(receiver.path());
  EXPECT_TRUE(manager.present());
  manager.notify("READY=1\nSTATUS=watching");
  EXPECT_EQ(receiver.take(), "READY=1\nSTATUS=watching");
}

TEST(ServiceManager, ThereNeedNotBeOne) {
  for (const char* path : {"", "/nonexistent/socket", "@nobody-listens-here"}) {
    ServiceManager manager(path);
    EXPECT_FALSE(manager.present());
    manager.notify("READY=1");
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

TEST(LooseWriter, WritesWhatFitsAndDropsTheRest) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd out(ends[0]);
  const UniqueFd in(ends[1]);
  LooseWriter writer(in.get());
  const std::string line(4096, 'x');
  int written = 0;
  while (written < 10'000 && writer.write(line)) {
    ++written;
  }
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
  const std::string line(4096, 'x');
  int written = 0;
  while (written < 10'000 && writer.write(line)) {
    ++written;
  }
  EXPECT_LT(written, 10'000);
}

}  // namespace
}  // namespace badnessd
