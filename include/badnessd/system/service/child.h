// SPDX-License-Identifier: GPL-2.0-only
// Programs that the commands for a person run. The daemon runs none.
#pragma once

#include <cstdio>
#include <functional>
#include <initializer_list>
#include <string>

namespace badnessd {

constexpr int kNoSuchProgram = 127;

// Runs words[0] of PATH. `read` gets its standard output, which is closed
// afterwards. Returns its exit code; kNoSuchProgram; -1 if it was killed or
// could not be started.
[[nodiscard]] int run_program(std::initializer_list<const char*> words,
                              const std::function<void(std::FILE*)>& read);

// All that is left of `file`.
[[nodiscard]] std::string read_all(std::FILE* file);

}  // namespace badnessd
