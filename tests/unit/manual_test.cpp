// SPDX-License-Identifier: GPL-2.0-only
// The lists in the manual pages are those of the source. With
// BADNESSD_UPDATE_GOLDEN in the environment they are written anew.
#include <cstdlib>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "badnessd/app/config/cli.h"
#include "badnessd/app/config/options.h"
#include "badnessd/app/config/settings.h"
#include "badnessd/app/config/text.h"
#include "badnessd/app/report/json.h"
#include "badnessd/app/report/metrics.h"
#include "badnessd/app/report/once.h"
#include "badnessd/app/report/process.h"
#include "badnessd/app/report/record.h"
#include "badnessd/app/report/status.h"
#include "badnessd/engine/badness.h"
#include "snapshots.h"
#include "tree.h"

namespace badnessd {
namespace {

// Text for troff: words in backquotes are bold.
std::string troff(std::string_view text) {
  std::string out;
  bool bold = false;
  for (const char c : text) {
    if (c == '`') {
      bold = !bold;
      out += bold ? "\\fB" : "\\fR";
    } else if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

// The same in lines of at most 80 bytes, none of which is a request.
std::string troff_lines(std::string_view text) {
  std::string lines = wrapped(troff(text), "");
  for (std::size_t at = 0; at < lines.size(); at = lines.find('\n', at) + 1) {
    if (lines[at] == '.' || lines[at] == '\'') {
      lines.insert(at, "\\&");
    }
  }
  return lines;
}

template <class T>
std::string options_text(std::span<const Option<T>> table) {
  std::string text;
  for (const Option<T>& option : table) {
    std::string value;
    if constexpr (std::is_same_v<T, Settings>) {
      value = option.text(Settings{});
      value = " = " + (value.empty() ? "\\(dq\\(dq" : troff(value));
    }
    text += ".TP\n.B " + troff(option.key) + value + "\n" +
            troff_lines(option.help) +
            troff_lines("Takes " + std::string(option.values) + ".");
  }
  return text;
}

std::string fields_text(const std::vector<FieldText>& fields) {
  std::string text;
  for (const FieldText& field : fields) {
    text += ".TP\n.B " + troff(field.key) + "\n" + troff_lines(field.text);
  }
  return text;
}

std::string metrics_list() {
  std::string text;
  for (const Metric& metric : metrics_table()) {
    text += ".TP\n.BR " + troff(metric.name) + " \" (" +
            std::string(metric.type) + ")\"\n" + troff_lines(metric.help);
  }
  return text;
}

// The options that stand before and after a command.
std::string common_options() {
  std::string text;
  for (const CommandWord& word : command_words(sort_keys())) {
    if (word.command.empty()) {
      std::string names;
      for (const std::string& name : word.names) {
        names += (names.empty() ? "\\fB" : "\\fR, \\fB") + troff(name);
      }
      text += ".TP\n" + names + "\\fR" +
              (word.argument.empty() ? "" : " \\fI" + word.argument + "\\fR") +
              "\n" + troff_lines(word.help + ".");
    }
  }
  return text;
}

// The page with `text` between the marks of `name`.
std::string with_part(const std::string& page, const std::string& name,
                      const std::string& text) {
  const std::string mark = ".\\\" BEGIN " + name + "\n";
  const std::size_t begin = page.find(mark);
  EXPECT_NE(begin, std::string::npos) << name;
  const std::size_t end = page.find(".\\\" END\n", begin);
  EXPECT_NE(end, std::string::npos) << name;
  return page.substr(0, begin + mark.size()) + text + page.substr(end);
}

void compare(const std::string& path,
             const std::vector<std::pair<std::string, std::string>>& parts) {
  const std::string page = test::contents_of(path);
  std::string expected = page;
  for (const auto& [name, text] : parts) {
    expected = with_part(expected, name, text);
  }
  if (std::getenv("BADNESSD_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << expected;
  } else {
    EXPECT_EQ(page, expected);
  }
}

TEST(Manual, OfTheProgramListsTheFields) {
  compare(SOURCE_DIR "/config/badnessd.8",
          {{"options", common_options()},
           {"record", fields_text(record_fields())},
           {"process", fields_text(process_fields())},
           {"report", fields_text(report_fields())},
           {"once", fields_text(once_fields())},
           {"status", fields_text(status_fields())},
           {"metrics", metrics_list()}});
}

TEST(Manual, OfTheSettingsListsTheOptions) {
  compare(SOURCE_DIR "/config/badnessd.toml.5",
          {{"settings", options_text(options())},
           {"triggers", options_text(trigger_options())},
           {"rules", options_text(rule_options())}});
}

// COMMANDS is written by hand.
TEST(Manual, NamesEveryCommandWithItsOptions) {
  const std::string page = test::contents_of(SOURCE_DIR "/config/badnessd.8");
  std::string entry;
  for (const CommandWord& word : command_words(sort_keys())) {
    if (word.command.empty()) {
      continue;
    }
    if (word.names.empty() && word.argument.empty()) {
      const std::size_t begin = page.find("\n.B " + word.command);
      ASSERT_NE(begin, std::string::npos) << word.command;
      entry = page.substr(begin + 1, page.find('\n', begin + 1) - begin);
    }
    for (const std::string& name : word.names) {
      EXPECT_NE(entry.find("\\fB" + troff(name) + "\\fR"), std::string::npos)
          << word.command << ' ' << name;
    }
    EXPECT_NE(entry.find(word.argument), std::string::npos) << word.argument;
  }
}

// Every key below `json`.
void collect_keys(const Json& json, std::set<std::string>& keys) {
  for (const auto& [key, value] : json.items()) {
    if (json.is_object()) {
      keys.insert(key);
    }
    if (value.is_structured()) {
      collect_keys(value, keys);
    }
  }
}

// Those of the objects inside too, which a description names.
TEST(Manual, NamesEveryFieldOfTheRecord) {
  Policy policy;
  policy.triggers = default_triggers();
  Decision decision;
  decision.reading.psi_some = decision.reading.psi_full = PsiLine{};
  decision.stalls = PressureHistory::Share{};
  decision.storm = Storm{};
  decision.loss = Loss{};
  decision.pool = Pool{};
  decision.score = badness(
      Snapshot{}, test::judged(test::user_task(10, 1)).view(), policy.score);
  std::set<std::string> keys;
  collect_keys(record_json(decision, policy, "id"), keys);
  EXPECT_GT(keys.size(), 50U);
  const std::string fields =
      fields_text(record_fields()) + fields_text(process_fields());
  for (const std::string& key : keys) {
    EXPECT_TRUE(fields.find("B " + key + "\n") != std::string::npos ||
                fields.find("\\fB" + key + "\\fR") != std::string::npos)
        << key;
  }
}

}  // namespace
}  // namespace badnessd
