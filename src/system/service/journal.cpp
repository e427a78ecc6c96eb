// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/service/journal.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

namespace badnessd {

DatagramSocket::DatagramSocket(std::string_view path) {
  sockaddr_un address{};
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return;
  }
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, path.size());
  if (path.front() == '@') {
    address.sun_path[0] = '\0';
  }
  const auto length =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // The socket API takes every address as a sockaddr.
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (fd.valid() && ::connect(fd.get(), generic, length) == 0) {
    fd_ = std::move(fd);
  }
}

bool DatagramSocket::send(std::span<const std::string_view> parts) noexcept {
  constexpr std::size_t kMaxParts = 256;
  std::array<iovec, kMaxParts> vectors{};
  if (!fd_.valid() || parts.size() > vectors.size()) {
    return false;
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    // sendmsg does not write to what it sends.
    vectors[i] = {const_cast<char*>(parts[i].data()), parts[i].size()};
  }
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = parts.size();
  if (::sendmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
    ++dropped_;
    return false;
  }
  return true;
}

bool Journal::send(std::span<const JournalField> fields) {
  // NAME, a newline, the length in 64 bits little-endian, the value, a newline.
  // This form permits newlines in the value.
  std::vector<std::array<char, 8>> lengths(fields.size());
  std::vector<std::string_view> parts;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    for (std::size_t byte = 0; byte < 8; ++byte) {
      lengths[i][byte] =
          static_cast<char>(fields[i].value.size() >> (8 * byte));
    }
    parts.insert(parts.end(),
                 {fields[i].name, "\n",
                  std::string_view(lengths[i].data(), lengths[i].size()),
                  fields[i].value, "\n"});
  }
  return socket_.send(parts);
}

bool is_journal_stream(int fd, std::string_view journal_stream) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 &&
         journal_stream == std::to_string(status.st_dev) + ":" +
                               std::to_string(status.st_ino);
}

bool LooseWriter::write(std::string_view text) noexcept {
  pollfd poll_fd{.fd = fd_, .events = POLLOUT, .revents = 0};
  const bool ready =
      ::poll(&poll_fd, 1, 0) > 0 && (poll_fd.revents & POLLOUT) != 0;
  // MSG_DONTWAIT keeps a socket from blocking. A pipe or a terminal that is
  // ready for writing accepts a line without blocking.
  ssize_t written = -1;
  if (ready) {
    written =
        ::send(fd_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (written < 0 && errno == ENOTSOCK) {
      written = ::write(fd_, text.data(), text.size());
    }
  }
  if (written != static_cast<ssize_t>(text.size())) {
    ++dropped_;
    return false;
  }
  return true;
}

}  // namespace badnessd
