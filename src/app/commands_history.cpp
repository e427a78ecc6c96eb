// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "badnessd/app/commands.h"
#include "badnessd/app/config/exit_code.h"
#include "badnessd/app/report/history.h"
#include "badnessd/app/report/record.h"
#include "badnessd/app/report/report.h"
#include "badnessd/system/sys.h"

namespace badnessd {
namespace {

// The lines of both files, the oldest first. The newer file is read first: it
// may become the older one meanwhile.
Expected<std::string> read_history(const std::string& path) {
  FileReader reader;
  std::array<std::string, 2> texts;
  for (const char* suffix : {"", ".1"}) {
    const auto text = reader.read(AT_FDCWD, (path + suffix).c_str());
    if (!text && !vanished(text.error())) {
      return tl::unexpected(text.error());
    }
    texts[*suffix == '\0' ? 1 : 0] = text.value_or("");
  }
  return texts[0].starts_with(texts[1]) ? texts[0] : texts[0] + "\n" + texts[1];
}

// The newest decisions that the command line asks for.
std::vector<PastDecision> decisions_in(std::string_view text,
                                       const Invocation& invocation) {
  constexpr std::size_t kShown = 20;
  const std::size_t most = invocation.limit.value_or(kShown);
  std::vector<PastDecision> found;
  std::size_t damaged = 0;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    auto decision = parse_record(line);
    if (!decision) {
      damaged += line.empty() ? 0 : 1;
    } else if (invocation.id.empty() || invocation.id == decision->id) {
      found.push_back(std::move(*decision));
    }
  }
  if (damaged != 0) {
    static_cast<void>(
        fail(kExitFailure, count_text(damaged, "damaged record is left out",
                                      "damaged records are left out")));
  }
  if (most != 0 && found.size() > most) {
    found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(most));
  }
  return found;
}

std::string text_of(const std::vector<PastDecision>& found,
                    const Invocation& invocation) {
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const PastDecision& decision : found) {
    list.push_back(decision.record);
    rows.push_back(decision.row);
  }
  const bool one = !invocation.id.empty();
  if (invocation.json) {
    return dumped(one ? list.at(0) : list);
  }
  if (rows.empty()) {
    return "no decision is recorded\n";
  }
  return history_table(rows, stdout_style()) +
         (one ? section("decision", found.front().sentences) : "");
}

}  // namespace

int show_history(const Invocation& invocation) {
  const std::string path =
      fmt::format("{}/{}", environment("STATE_DIRECTORY", "/var/lib/badnessd"),
                  kDecisionsFile);
  const auto text = read_history(path);
  if (!text) {
    return fail(kExitPermission,
                fmt::format("cannot read {}: {}; it is for root and the group "
                            "badnessd",
                            path, error_text(text.error())));
  }
  const std::vector<PastDecision> found = decisions_in(*text, invocation);
  if (found.empty() && !invocation.id.empty()) {
    return fail(kExitNoInput,
                fmt::format("there is no decision {}", escaped(invocation.id)));
  }
  return print(text_of(found, invocation));
}

}  // namespace badnessd
