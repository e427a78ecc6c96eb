// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/system/service/child.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <vector>

namespace badnessd {

int run_program(std::initializer_list<const char*> words,
                const std::function<void(std::FILE*)>& read) {
  std::vector<char*> argv;
  for (const char* word : words) {
    argv.push_back(const_cast<char*>(word));  // execvp() does not write there
  }
  argv.push_back(nullptr);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return -1;
  }
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::execvp(argv[0], argv.data());
    ::_exit(kNoSuchProgram);
  }
  ::close(ends[1]);
  std::FILE* output = ::fdopen(ends[0], "r");
  if (pid > 0) {
    read(output);
  }
  std::fclose(output);
  int status = 0;
  return pid > 0 && ::waitpid(pid, &status, 0) == pid && WIFEXITED(status)
             ? WEXITSTATUS(status)
             : -1;
}

std::string read_all(std::FILE* file) {
  std::string text;
  std::array<char, 4096> chunk{};
  std::size_t size = 0;
  while ((size = std::fread(chunk.data(), 1, chunk.size(), file)) != 0) {
    text.append(chunk.data(), size);
  }
  return text;
}

}  // namespace badnessd
