// SPDX-License-Identifier: GPL-2.0-only
// usage: crowd COUNT COMMAND [ARGUMENT...]
// Runs the command beside COUNT idle processes, in families of 100, which end
// with it.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "forked.h"

namespace {

constexpr int kFamily = 100;

[[noreturn]] void family(pid_t parent, int size) {
  using badnessd::test::die_with_parent;
  die_with_parent(parent);
  const pid_t own = ::getpid();
  for (int i = 1; i < size; ++i) {
    if (::fork() == 0) {
      die_with_parent(own);
      break;
    }
  }
  badnessd::test::wait_for_ever();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    return 2;
  }
  const pid_t parent = ::getpid();
  for (int left = std::atoi(argv[1]); left > 0; left -= kFamily) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      family(parent, std::min(left, kFamily));
    }
    if (pid < 0) {
      return 1;
    }
  }
  const pid_t command = ::fork();
  if (command == 0) {
    ::execvp(argv[2], argv + 2);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(command, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
