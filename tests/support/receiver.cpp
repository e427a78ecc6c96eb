// SPDX-License-Identifier: GPL-2.0-only
#include "receiver.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace badnessd::test {

Receiver::Receiver() : path_(std::string(tree_.path()) + "/socket") {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
  fd_ = UniqueFd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0));
  if (::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address),
             sizeof(address)) != 0) {
    throw std::system_error(errno, std::generic_category(), path_);
  }
}

std::string Receiver::take() const {
  std::array<char, 16'384> buffer{};
  const ssize_t n = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
  return n < 0 ? std::string()
               : std::string(buffer.data(), static_cast<std::size_t>(n));
}

}  // namespace badnessd::test
