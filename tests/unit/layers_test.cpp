// SPDX-License-Identifier: GPL-2.0-only
// The shape of the house, read from its source text. Each rule is a function
// over text that is also shown to find a breach in a sample.
#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tree.h"

namespace badnessd {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

struct SourceFile {
  std::string path;  // below the top level
  std::string text;
};

const std::vector<SourceFile>& sources() {
  static const std::vector<SourceFile> files = [] {
    std::vector<SourceFile> found;
    for (const char* top : {"include", "src"}) {
      for (const auto& entry :
           fs::recursive_directory_iterator(fs::path(SOURCE_DIR) / top)) {
        if (entry.is_regular_file()) {
          found.push_back(
              {fs::relative(entry.path(), SOURCE_DIR).generic_string(),
               test::contents_of(entry.path().string())});
        }
      }
    }
    return found;
  }();
  return files;
}

Strings lines_of(const std::string& text) {
  Strings lines;
  std::string::size_type begin = 0;
  while (begin < text.size()) {
    const auto end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

// Without comments; string literals stay. A block comment does not go beyond
// its line: one names a parameter, and a glob in a literal looks like its
// beginning.
std::string code_of(const std::string& text) {
  std::string code;
  for (const std::string& line : lines_of(text)) {
    std::string rest = line.substr(0, line.find("//"));
    for (auto begin = rest.find("/*"); begin != std::string::npos;
         begin = rest.find("/*", begin)) {
      const auto end = rest.find("*/", begin);
      if (end == std::string::npos) {
        break;
      }
      rest.erase(begin, end + 2 - begin);
    }
    code += rest + "\n";
  }
  return code;
}

// Every match of the first group of `pattern`.
Strings matches_of(const std::string& text, const std::regex& pattern) {
  Strings found;
  for (auto it = std::sregex_iterator(text.begin(), text.end(), pattern);
       it != std::sregex_iterator(); ++it) {
    found.push_back((*it)[1].str());
  }
  return found;
}

// --- Includes point main -> app -> cycle -> system -> engine -> std, and
// within app daemon -> check -> report -> config.

enum class Layer {
  kEngine,
  kSystem,
  kCycle,
  kConfig,
  kReport,
  kCheck,
  kDaemon,
  kApp,
  kMain
};

std::optional<Layer> layer_of(std::string_view path) {
  static const std::vector<std::pair<std::string, Layer>> layers{
      {"engine/", Layer::kEngine},     {"system/", Layer::kSystem},
      {"cycle/", Layer::kCycle},       {"app/config/", Layer::kConfig},
      {"app/report/", Layer::kReport}, {"app/check/", Layer::kCheck},
      {"app/daemon/", Layer::kDaemon}, {"app/", Layer::kApp},
      {"main.cpp", Layer::kMain}};
  for (const auto& [part, layer] : layers) {
    for (const char* top : {"badnessd/", "src/"}) {
      if (path.find(top + part) != std::string_view::npos) {
        return layer;
      }
    }
  }
  return std::nullopt;
}

// Headers of the standard library that have no place in pure functions.
bool impure(const std::string& header) {
  static const std::set<std::string> headers{
      "chrono",  "cstdio",  "csignal",     "ctime",   "filesystem",
      "fstream", "future",  "iostream",    "istream", "mutex",
      "ostream", "random",  "semaphore",   "sstream", "syncstream",
      "thread",  "iomanip", "shared_mutex"};
  return headers.contains(header);
}

bool may_include(Layer layer, const std::string& header) {
  if (const auto target = layer_of(header)) {
    return *target <= layer && *target != Layer::kMain;
  }
  const bool standard = std::regex_match(header, std::regex("[a-z_]+"));
  const bool of_linux =
      std::regex_match(header, std::regex(R"(([a-z]+/)?[a-z_]+\.h)"));
  switch (layer) {
    case Layer::kEngine:
      return standard && !impure(header);
    case Layer::kCycle:
      return (standard && !impure(header)) || header == "chrono" ||
             header == "thread" || header == "tl/expected.hpp";
    case Layer::kSystem:
      return (standard && header != "iostream") ||
             (of_linux && !header.starts_with("spdlog/")) ||
             header == "tl/expected.hpp";
    case Layer::kConfig:
    case Layer::kReport:
    case Layer::kCheck:
    case Layer::kDaemon:
    case Layer::kApp:
      return true;
    case Layer::kMain:
      return standard;
  }
  return false;
}

Strings wrong_includes(const std::string& path, const std::string& text) {
  static const std::regex include(R"(#\s*include\s*[<"]([^>"]+)[>"])");
  const auto layer = layer_of(path);
  if (!layer) {
    return {"no layer"};
  }
  Strings wrong;
  for (const std::string& header : matches_of(text, include)) {
    if (!may_include(*layer, header)) {
      wrong.push_back(header);
    }
  }
  return wrong;
}

TEST(Layers, IncludesPointDownwards) {
  EXPECT_GT(sources().size(), 20U);
  for (const SourceFile& file : sources()) {
    EXPECT_EQ(wrong_includes(file.path, file.text), Strings{}) << file.path;
  }
}

TEST(Layers, WrongIncludesAreFound) {
  const auto wrong = [](const char* path, const std::string& header) {
    return wrong_includes(path, "#include " + header + "\n") != Strings{};
  };
  for (const char* header :
       {"<unistd.h>", "<sys/types.h>", "<iostream>", "<chrono>",
        "<spdlog/spdlog.h>", "<tl/expected.hpp>", "\"badnessd/system/sys.h\"",
        "\"badnessd/cycle/cycle.h\""}) {
    EXPECT_TRUE(wrong("src/engine/task.cpp", header)) << header;
    EXPECT_TRUE(wrong("include/badnessd/engine/task.h", header)) << header;
  }
  for (const char* header :
       {"<iostream>", "<spdlog/spdlog.h>", "<spdlog/logger.h>", "<CLI/CLI.hpp>",
        "<toml.hpp>", "<nlohmann/json.hpp>", "\"badnessd/cycle/cycle.h\""}) {
    EXPECT_TRUE(wrong("src/system/sys.cpp", header)) << header;
  }
  for (const char* header :
       {"<unistd.h>", "<iostream>", "<spdlog/spdlog.h>", "<nlohmann/json.hpp>",
        "\"badnessd/app/config/settings.h\""}) {
    EXPECT_TRUE(wrong("src/cycle/cycle.cpp", header)) << header;
  }
  EXPECT_TRUE(
      wrong("src/app/config/config.cpp", "\"badnessd/app/report/report.h\""));
  EXPECT_TRUE(
      wrong("src/app/report/json.cpp", "\"badnessd/app/check/lint.h\""));
  for (const char* header :
       {"<unistd.h>", "<spdlog/spdlog.h>", "<CLI/CLI.hpp>", "<toml.hpp>",
        "<nlohmann/json.hpp>", "<tl/expected.hpp>"}) {
    EXPECT_TRUE(wrong("src/main.cpp", header)) << header;
  }
  EXPECT_FALSE(wrong("src/system/sys.cpp", "<sys/syscall.h>"));
  EXPECT_FALSE(wrong("src/engine/task.cpp", "\"badnessd/engine/task.h\""));
  EXPECT_FALSE(wrong("src/app/config/config.cpp", "<toml.hpp>"));
  EXPECT_TRUE(wrong("src/utils/string.cpp", "<string>"));
}

// --- A source has its own header; parts of a class lie in NAME_PART.cpp.

bool has_header(std::string path, const std::set<std::string>& headers) {
  path = path.substr(std::string("src/").size());
  path = path.substr(0, path.rfind('.'));
  while (!headers.contains("include/badnessd/" + path + ".h")) {
    const auto part = path.rfind('_');
    if (part == std::string::npos) {
      return false;
    }
    path = path.substr(0, part);
  }
  return true;
}

TEST(Layers, ASourceHasItsOwnHeader) {
  std::set<std::string> headers;
  for (const SourceFile& file : sources()) {
    headers.insert(file.path);
  }
  for (const SourceFile& file : sources()) {
    if (file.path.ends_with(".cpp") && file.path != "src/main.cpp") {
      EXPECT_TRUE(has_header(file.path, headers)) << file.path;
    }
  }
  EXPECT_TRUE(has_header("src/a/b_c.cpp", {"include/badnessd/a/b.h"}));
  EXPECT_FALSE(has_header("src/a/b.cpp", {"include/badnessd/a/c.h"}));
}

// --- Signals are sent in one file.

Strings signals_in(const std::string& text) {
  // A call, and not a method's: neither `x.kill(` nor `X::kill(`, nor the
  // declaration `KillOutcome kill(const Task&`.
  static const std::regex call(
      R"((?:^|[^\w.:>]|(?:^|[^\w>])::)(kill|killpg|tkill|tgkill|sigqueue|)"
      R"(pthread_kill|pidfd_send_signal|raise)\s*\((?!const Task))");
  static const std::regex number(
      R"(\b(SYS_(?:kill|tkill|tgkill|rt_sigqueueinfo|rt_tgsigqueueinfo|)"
      R"(pidfd_send_signal))\b)");
  Strings found = matches_of(code_of(text), call);
  const Strings numbers = matches_of(code_of(text), number);
  found.insert(found.end(), numbers.begin(), numbers.end());
  return found;
}

TEST(Layers, SignalsAreSentOnlyByTheKiller) {
  for (const SourceFile& file : sources()) {
    if (file.path == "src/system/kill/killer.cpp") {
      EXPECT_NE(signals_in(file.text), Strings{});
    } else {
      EXPECT_EQ(signals_in(file.text), Strings{}) << file.path;
    }
  }
}

TEST(Layers, CallsThatSendSignalsAreFound) {
  for (const char* call :
       {"kill(pid, 9);", "  ::kill(pid, SIGKILL);", "return kill (pid, 0);",
        "if (kill(1, 0) != 0) {", "!::tgkill(a, b, 9)", "raise(SIGTERM)",
        "::syscall(SYS_pidfd_send_signal, fd, 9, 0, 0)", "syscall(SYS_tkill)",
        "(::pidfd_send_signal(fd, 9, nullptr, 0))", "x = sigqueue(p, 9, v);"}) {
    EXPECT_NE(signals_in(call), Strings{}) << call;
  }
  for (const char* other :
       {"killer.kill(task)", "killer->kill(task)", "PidfdKiller::kill(task)",
        "KillOutcome kill(const Task& victim);", "// kill(pid, 9)",
        "oom_kill(x)", "skill(x)", "/* ::kill(1, 9) */"}) {
    EXPECT_EQ(signals_in(other), Strings{}) << other;
  }
}

// --- "/proc" stands once, as a default.

std::size_t proc_literals(const std::string& text) {
  static const std::regex literal(R"re("(/proc\b)[^"\n]*")re");
  return matches_of(code_of(text), literal).size();
}

TEST(Layers, ProcIsNamedOnce) {
  Strings naming;
  for (const SourceFile& file : sources()) {
    naming.insert(naming.end(), proc_literals(file.text), file.path);
  }
  EXPECT_EQ(naming.size(), 1U) << testing::PrintToString(naming);
}

TEST(Layers, LiteralsOfProcAreFound) {
  EXPECT_EQ(proc_literals(R"(open("/proc"); open("/proc/meminfo");)"), 2U);
  EXPECT_EQ(proc_literals("// open(\"/proc\")\nx(\"process\")"), 0U);
}

// --- What can block is read where the table in tests/vm/README.md says.

using Readers = std::map<std::string, std::set<std::string>>;

// For each file or call in the first column of the table: the files of the
// sources in the last one.
Readers table_of_readers(const std::string& text) {
  static const std::regex name("`([^`]+)`");
  Readers readers;
  bool inside = false;
  for (const std::string& line : lines_of(text)) {
    inside = line == "## Which reads may block" ||
             (inside && !line.starts_with("## "));
    if (inside && line.starts_with("| `")) {
      const Strings who = matches_of(
          line.substr(line.find_last_of('|', line.size() - 2)), name);
      for (const std::string& file :
           matches_of(line.substr(0, line.find('|', 1)), name)) {
        readers[file].insert(who.begin(), who.end());
      }
    }
  }
  return readers;
}

// What the text reads of a process: a path below its directory, a name of the
// table, or a call.
Strings reads_of(const std::string& text, const Readers& table) {
  static const std::regex path(
      R"re((?:path_?\.of(?:_thread)?|path_of|read_file|read_file_of)re"
      R"re()\([^"();]*(?:\([^()]*\)[^"();]*)?"([\w./]+)")re");
  std::string names;
  for (const auto& [file, readers] : table) {
    names += (names.empty() ? "" : "|") + file;
  }
  const std::string code = code_of(text);
  Strings found = matches_of(code, path);
  const Strings quoted = matches_of(code, std::regex("\"(" + names + ")\""));
  const Strings calls = matches_of(code, std::regex(R"(\b(SYS_\w+)\b)"));
  found.insert(found.end(), quoted.begin(), quoted.end());
  for (const std::string& call : calls) {
    if (table.contains(call)) {
      found.push_back(call);
    }
  }
  return found;
}

TEST(Layers, WhatCanBlockIsReadWhereTheTableSays) {
  const Readers table = table_of_readers(
      test::contents_of(std::string(SOURCE_DIR) + "/tests/vm/README.md"));
  ASSERT_TRUE(table.contains("stat") && table.contains("SYS_kcmp"));
  for (const SourceFile& file : sources()) {
    if (layer_of(file.path) != Layer::kSystem &&
        layer_of(file.path) != Layer::kCycle) {
      continue;
    }
    const std::string name = fs::path(file.path).filename().string();
    for (const std::string& read : reads_of(file.text, table)) {
      const auto row = table.find(read);
      EXPECT_TRUE(row != table.end() && row->second.contains(name))
          << file.path << " reads " << read;
    }
  }
}

TEST(Layers, ReadsOfProcessesAreFound) {
  const Readers table = table_of_readers(
      "## Which reads may block\n"
      "| `stat`, `SYS_kcmp` | lock | thread: `a.cpp` |\n"
      "## Other\n| `b` | `c.cpp` |\n");
  EXPECT_EQ(table, (Readers{{"stat", {"a.cpp"}}, {"SYS_kcmp", {"a.cpp"}}}));
  EXPECT_EQ(reads_of(R"(read(fd, path_.of(task.pid, "maps")))", table),
            Strings{"maps"});
  EXPECT_EQ(reads_of(R"(path_.of_thread(a(b), c, "io"))", table),
            Strings{"io"});
  EXPECT_EQ(reads_of(R"(const char* file = "stat";)", table), Strings{"stat"});
  EXPECT_EQ(reads_of("::syscall(SYS_kcmp, SYS_kill)", table),
            Strings{"SYS_kcmp"});
  EXPECT_EQ(reads_of(R"(x("statm"); // "stat")", table), Strings{});
}

// --- Files stay short.

TEST(Layers, FilesHaveAtMostFourHundredLines) {
  for (const SourceFile& file : sources()) {
    EXPECT_LE(lines_of(file.text).size(), 400U) << file.path;
  }
  EXPECT_EQ(lines_of("a\nb\n\nc").size(), 4U);
}

// --- NOLINT names the check and says why.

Strings unreasoned_nolints(const std::string& text) {
  static const std::regex good(
      R"(NOLINT(NEXTLINE|BEGIN)?\([a-z][a-zA-Z0-9.,*-]*\): \w.*|)"
      R"(.*NOLINT)"
      R"(END\([a-z][a-zA-Z0-9.,*-]*\).*)");
  Strings bad;
  for (const std::string& line : lines_of(text)) {
    const auto at = line.find("NOLINT");
    if (at != std::string::npos && !std::regex_match(line.substr(at), good)) {
      bad.push_back(line);
    }
  }
  return bad;
}

TEST(Layers, NolintNamesTheCheckAndSaysWhy) {
  for (const SourceFile& file : sources()) {
    EXPECT_EQ(unreasoned_nolints(file.text), Strings{}) << file.path;
  }
}

TEST(Layers, UnreasonedNolintsAreFound) {
  for (const char* bad :
       {"x;  // NOLINT", "// NOLINTNEXTLINE", "// NOLINT: because",
        "// NOLINT(misc-x)", "// NOLINT(misc-x):", "// NOLINT(): why"}) {
    EXPECT_NE(unreasoned_nolints(bad), Strings{}) << bad;
  }
  EXPECT_EQ(unreasoned_nolints("f();  // NOLINT(misc-x): the API wants it"),
            Strings{});
}

// --- The first lines of every file.

bool opens_properly(const std::string& path, const std::string& text) {
  const Strings lines = lines_of(text);
  const bool licensed =
      !lines.empty() && lines[0] == "// SPDX-License-Identifier: GPL-2.0-only";
  return licensed && (!path.ends_with(".h") ||
                      std::count(lines.begin(), lines.end(), "#pragma once"));
}

TEST(Layers, FilesBeginWithTheLicense) {
  for (const SourceFile& file : sources()) {
    EXPECT_TRUE(opens_properly(file.path, file.text)) << file.path;
  }
  EXPECT_FALSE(opens_properly("a.cpp", "// nothing\n"));
  EXPECT_FALSE(
      opens_properly("a.h", "// SPDX-License-Identifier: GPL-2.0-only\n"));
}

// --- The top level.

bool belongs_on_top(const std::string& name) {
  static const std::set<std::string> names{
      "CMakeLists.txt", "LICENSE", "README.md", "config",
      "include",        "src",     "systemd",   "tests"};
  return names.contains(name) || name.starts_with('.') ||
         name.starts_with("build");
}

TEST(Layers, TopLevelHoldsOnlyWhatBelongsThere) {
  for (const auto& entry : fs::directory_iterator(SOURCE_DIR)) {
    const std::string name = entry.path().filename().string();
    EXPECT_TRUE(belongs_on_top(name)) << name;
  }
  EXPECT_FALSE(belongs_on_top("scripts"));
  EXPECT_FALSE(belongs_on_top("Makefile"));
}

}  // namespace
}  // namespace badnessd
