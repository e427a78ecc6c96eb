// SPDX-License-Identifier: GPL-2.0-only
#include "console.h"

#include <algorithm>

#include "badnessd/system/proc/fields.h"

namespace badnessd::kernel26 {
namespace {

constexpr std::string_view kDump = "[ pid ]";
constexpr std::string_view kChosen = "Out of memory: kill process ";
constexpr std::string_view kScore = ") score ";
constexpr std::string_view kKilled = "Killed process ";
constexpr std::string_view kNodes = "mems_allowed=";

// TASK_COMM_LEN without the NUL: no name is longer.
constexpr std::size_t kMaxName = 15;

bool skip(std::string_view& rest, std::string_view prefix) {
  const bool found = rest.starts_with(prefix);
  rest.remove_prefix(found ? prefix.size() : 0);
  return found;
}

// The number in front, whatever stands behind it.
template <class T>
bool take_leading(std::string_view& rest, T& value) {
  const char* end = rest.data() + rest.size();
  const auto result = std::from_chars(rest.data(), end, value);
  rest.remove_prefix(static_cast<std::size_t>(result.ptr - rest.data()));
  return result.ec == std::errc();
}

// "0-1,3", the kernel's bitmap_scnlistprintf().
std::optional<NodeMask> parse_node_list(std::string_view list) {
  NodeMask mask;
  bool any = false;
  std::uint32_t first = 0;
  while (take_leading(list, first)) {
    std::uint32_t last = first;
    if (skip(list, "-") && !take_leading(list, last)) {
      return std::nullopt;
    }
    for (std::uint32_t node = first; node <= last; ++node) {
      if (node / 32 >= mask.words.size()) {
        return std::nullopt;
      }
      mask.words[node / 32] |= 1U << node % 32;
      any = true;
    }
    if (!skip(list, ",")) {
      break;
    }
  }
  return any ? std::optional(mask) : std::nullopt;
}

// "[   14]  1000    14     4278       15   0      -9 init"
bool parse_dump_row(std::string_view line, DumpRow& row) {
  if (!skip(line, "[")) {
    return false;
  }
  const std::size_t close = line.find(']');
  if (close == std::string_view::npos) {
    return false;
  }
  std::string_view pid = line.substr(0, close);
  line.remove_prefix(close + 1);
  std::int32_t tgid = 0;
  std::uint32_t cpu = 0;
  if (!take_number(pid, row.pid) || !take_number(line, row.uid) ||
      !take_number(line, tgid) || !take_number(line, row.total_vm) ||
      !take_number(line, row.rss) || !take_number(line, cpu) ||
      !take_number(line, row.oom_adj) || tgid != row.pid) {
    return false;
  }
  skip(line, " ");
  row.name = line;
  return true;
}

// Works on whole text and not on lines, since a name may hold newlines.
class Parser {
 public:
  explicit Parser(std::string_view log) : rest_(log) {}

  Console parse();

 private:
  std::string_view take_line();
  void take_dump();
  void take_chosen(std::string_view text);
  void take_killed(std::string_view line);
  void take_note(std::string_view line);

  std::string_view rest_;
  Console console_;
  Kill kill_;
};

std::string_view Parser::take_line() {
  const std::size_t length = std::min(rest_.find('\n'), rest_.size());
  const std::string_view line = rest_.substr(0, length);
  rest_.remove_prefix(std::min(length + 1, rest_.size()));
  return line;
}

void Parser::take_dump() {
  kill_.dump.clear();
  while (!rest_.empty() && !rest_.starts_with(kChosen) &&
         !rest_.starts_with(kKilled)) {
    const std::string_view line = take_line();
    DumpRow row;
    if (parse_dump_row(line, row)) {
      kill_.dump.push_back(std::move(row));
    } else if (!kill_.dump.empty() &&
               kill_.dump.back().name.size() + line.size() < kMaxName) {
      kill_.dump.back().name += '\n';
      kill_.dump.back().name += line;
    }
  }
}

// `text` goes to the end of the log: the name may go on in the next line.
void Parser::take_chosen(std::string_view text) {
  skip(text, kChosen);
  if (!take_leading(text, kill_.chosen) || !skip(text, " (")) {
    return;
  }
  const std::size_t close =
      text.substr(0, kMaxName + kScore.size()).rfind(kScore);
  if (close == std::string_view::npos) {
    kill_.chosen = 0;
    return;
  }
  kill_.chosen_name = text.substr(0, close);
  text.remove_prefix(close + kScore.size());
  if (!take_leading(text, kill_.score)) {
    kill_.chosen = 0;
  }
}

void Parser::take_killed(std::string_view line) {
  skip(line, kKilled);
  if (kill_.chosen != 0 && !kill_.dump.empty() &&
      take_leading(line, kill_.killed)) {
    console_.kills.push_back(kill_);
  }
  kill_ = {};
}

// What the recorder wrote.
void Parser::take_note(std::string_view line) {
  std::uint64_t number = 0;
  if (skip(line, "captured at ") && take_leading(line, number)) {
    console_.captured_s = number;
    console_.kills.clear();
    console_.hogs.clear();
  } else if (skip(line, "DONE at ") && take_leading(line, number)) {
    console_.done_s = number + 1;
  } else if (HogNote hog; skip(line, "HOG pid ")) {
    if (take_leading(line, hog.pid)) {
      console_.hogs.push_back(hog);
    }
  } else if (skip(line, "HOG end status ") && take_leading(line, number) &&
             skip(line, " after ") && take_leading(line, number) &&
             !console_.hogs.empty()) {
    console_.hogs.back().lifetime_s = number + 1;
  }
}

Console Parser::parse() {
  while (!rest_.empty()) {
    const std::string_view all = rest_;
    const std::string_view line = take_line();
    const std::size_t nodes = line.find(kNodes);
    if (line.starts_with(kDump)) {
      take_dump();
    } else if (line.starts_with(kChosen)) {
      take_chosen(all);
    } else if (line.starts_with(kKilled)) {
      take_killed(line);
    } else if (nodes != std::string_view::npos) {
      kill_.allocator_nodes =
          parse_node_list(line.substr(nodes + kNodes.size()));
    } else {
      take_note(line);
    }
  }
  return std::move(console_);
}

}  // namespace

Console parse_console(std::string_view log) {
  // A serial console ends lines with CR LF, also those inside names.
  std::string text(log);
  std::erase(text, '\r');
  return Parser(text).parse();
}

}  // namespace badnessd::kernel26
