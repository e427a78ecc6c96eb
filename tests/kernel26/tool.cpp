// SPDX-License-Identifier: GPL-2.0-only
#include "tool.h"

#include <array>
#include <cstdio>
#include <fstream>

#include "badnessd/engine/kernel26.h"
#include "badnessd/system/proc/fields.h"

namespace badnessd::kernel26 {
Result<Options> parse_options(int argc, char** argv, bool has_proc_only) {
  Options options;
  bool bad = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--hz" && i + 1 < argc) {
      ++i;
      bad |= !to_number(std::string_view(argv[i]), options.hz);
    } else if (word == "--proc-only" && has_proc_only) {
      options.proc_only = true;
    } else {
      bad |= word.starts_with("-") || !options.directory.empty();
      options.directory = word;
    }
  }
  if (bad || options.directory.empty() || options.hz == 0) {
    const std::string extra = has_proc_only ? " [--proc-only]" : "";
    return tl::unexpected(std::string("usage: ") + argv[0] + " DIR --hz N" +
                          extra);
  }
  if (!valid_hz(options.hz)) {
    return tl::unexpected("--hz " + std::to_string(options.hz) +
                          ": 2.6.32 has 100, 250, 300 and 1000");
  }
  return options;
}

Result<std::string> read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    return tl::unexpected(path.string() + ": cannot be opened");
  }
  std::string text;
  std::array<char, 4096> part{};
  do {
    in.read(part.data(), part.size());
    text.append(part.data(), static_cast<std::size_t>(in.gcount()));
  } while (in);
  if (!in.eof()) {
    return tl::unexpected(path.string() + ": cannot be read");
  }
  return text;
}

Result<std::uint64_t> read_number(const std::filesystem::path& path) {
  const auto text = read_text(path);
  if (!text) {
    return tl::unexpected(text.error());
  }
  std::string_view rest = *text;
  std::uint64_t number = 0;
  if (!take_number(rest, number)) {
    return tl::unexpected(path.string() + ": holds no number");
  }
  return number;
}

int unusable(std::string_view sentence) {
  warn(sentence);
  return kExitUnusable;
}

void warn(std::string_view sentence) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(sentence.size()),
               sentence.data());
}

}  // namespace badnessd::kernel26
