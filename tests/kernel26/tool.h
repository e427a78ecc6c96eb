// SPDX-License-Identifier: GPL-2.0-only
// What the tools over the evidence share besides the evidence: their command
// line, their exit codes, whole files as text.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace badnessd::kernel26 {

// An error is a sentence for the user.
template <class T>
using Result = tl::expected<T, std::string>;

// Exit codes.
inline constexpr int kExitMatch = 0;
inline constexpr int kExitMismatch = 1;
inline constexpr int kExitUnusable = 2;

struct Options {
  std::filesystem::path directory;
  std::uint32_t hz = 0;
  bool proc_only = false;
};

// `DIR --hz N`, and `--proc-only` where the tool has it.
[[nodiscard]] Result<Options> parse_options(int argc, char** argv,
                                            bool has_proc_only);

// The whole of a file.
[[nodiscard]] Result<std::string> read_text(const std::filesystem::path& path);
// A file that holds one unsigned number.
[[nodiscard]] Result<std::uint64_t> read_number(
    const std::filesystem::path& path);

// Prints `sentence` on stderr and returns kExitUnusable.
[[nodiscard]] int unusable(std::string_view sentence);
void warn(std::string_view sentence);

}  // namespace badnessd::kernel26
