// SPDX-License-Identifier: GPL-2.0-only
#include "forked.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace badnessd::test {

void wait_for_ever() {
  for (;;) {
    ::pause();
  }
}

void die_with_parent(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) {  // it was faster
    ::_exit(1);
  }
}

Forked::Forked(const std::function<void(const Ready& ready)>& body) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe");
  }
  const pid_t test = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    die_with_parent(test);
    const Ready ready = [&pipe] {
      if (::write(pipe[1], "r", 1) != 1) {
        ::_exit(1);
      }
    };
    if (body) {
      body(ready);
    } else {
      ready();
    }
    wait_for_ever();
  }
  ::close(pipe[1]);
  char byte = 0;
  const bool is_ready = pid_ > 0 && ::read(pipe[0], &byte, 1) == 1;
  ::close(pipe[0]);
  if (!is_ready) {
    if (pid_ > 0) {
      reap();
    }
    throw std::runtime_error("the child of the test did not get ready");
  }
}

Forked::~Forked() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    reap();
  }
}

bool Forked::ended() const {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid_), &info,
                  WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == pid_ &&
         // A traced process is also reported when it stops.
         (info.si_code == CLD_EXITED || info.si_code == CLD_KILLED ||
          info.si_code == CLD_DUMPED);
}

int Forked::reap() {
  int status = 0;
  const pid_t pid = std::exchange(pid_, -1);
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

Leaker::Pipe::Pipe() {
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe");
  }
}

Leaker::Pipe::~Pipe() {
  ::close(ends[0]);
  ::close(ends[1]);
}

namespace {

void take(std::size_t bytes) {
  // Volatile, or the compiler leaves it out.
  auto* const block = static_cast<volatile char*>(std::malloc(bytes));
  for (std::size_t i = 0; i < bytes; i += 1024) {
    block[i] = 1;
  }
}

}  // namespace

Leaker::Leaker(std::size_t bytes)
    : child_([this, bytes](const Forked::Ready& ready) {
        take(kHeld);
        ready();
        char byte = 0;
        if (::read(go_.ends[0], &byte, 1) == 1) {
          take(bytes);
          if (::write(done_.ends[1], &byte, 1) != 1) {
            ::_exit(1);
          }
        }
      }) {}

void Leaker::leak() const {
  char byte = 0;
  if (::write(go_.ends[1], &byte, 1) != 1 ||
      ::read(done_.ends[0], &byte, 1) != 1) {
    throw std::runtime_error("the leaking child is gone");
  }
}

int waiting_child(void* parent) {
  die_with_parent(*static_cast<pid_t*>(parent));
  for (;;) {
    ::pause();
  }
}

}  // namespace badnessd::test
