// SPDX-License-Identifier: GPL-2.0-only
// Real processes for tests that need some.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
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

// A child that takes memory when it is told to.
class Leaker {
 public:
  // What it holds from the start, more than most processes of a machine.
  static constexpr std::size_t kHeld = 32UL << 20;
  explicit Leaker(std::size_t bytes);
  [[nodiscard]] pid_t pid() const noexcept { return child_.pid(); }
  // Returns when the child has the memory.
  void leak() const;

 private:
  struct Pipe {
    Pipe();
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    Pipe(Pipe&&) = delete;
    Pipe& operator=(Pipe&&) = delete;
    ~Pipe();
    std::array<int, 2> ends{};
  };

  Pipe go_;
  Pipe done_;
  Forked child_;
};

// Never returns; for bodies.
[[noreturn]] void wait_for_ever();

// For children of children: ends this process with `parent`, which forked it.
void die_with_parent(pid_t parent);

// For clone(2): waits, and dies with `parent`, a pid_t. It calls nothing that
// does not return: AddressSanitizer would look for its stack then.
int waiting_child(void* parent);

}  // namespace badnessd::test
