// SPDX-License-Identifier: GPL-2.0-only
// A receiver of datagrams at a path of its own: the journal, or a service
// manager, in a test.
#pragma once

#include <string>

#include "badnessd/system/sys.h"
#include "tree.h"

namespace badnessd::test {

class Receiver {
 public:
  // Throws std::system_error where there can be none.
  Receiver();
  [[nodiscard]] const std::string& path() const { return path_; }
  // The next datagram; empty if there is none.
  [[nodiscard]] std::string take() const;

 private:
  TempTree tree_{{}};
  std::string path_;
  UniqueFd fd_;
};

}  // namespace badnessd::test
