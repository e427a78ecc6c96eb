// SPDX-License-Identifier: GPL-2.0-only
// Real processes for tests that need some.
#pragma once

#include <sys/types.h>

#include <functional>

namespace badnessd::test {

// A child of the test, killed and reaped at the end of its scope. It is ready
// when the constructor returns.
class Forked {
 public:
  // `body` runs in the child, calls `ready` once and does not return before it
  // is killed. Without one the child just waits.
  using Ready = std::function<void()>;
  explicit Forked(const std::function<void(const Ready& ready)>& body = {});
  Forked(const Forked&) = delete;
  Forked& operator=(const Forked&) = delete;
  Forked(Forked&&) = delete;
  Forked& operator=(Forked&&) = delete;
  ~Forked();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  // Whether it has ended; it stays a zombie.
  [[nodiscard]] bool ended() const;
  // Takes its place in the table of processes away and gives its wait status.
  int reap();

 private:
  pid_t pid_ = -1;
};

// Never returns; for bodies.
[[noreturn]] void wait_for_ever();

// For children of children: ends this process with `parent`, which forked it.
void die_with_parent(pid_t parent);

}  // namespace badnessd::test
