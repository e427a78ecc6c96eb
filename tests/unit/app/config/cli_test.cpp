// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/config/cli.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "badnessd/app/config/config.h"

namespace badnessd {
namespace {

using Arguments = std::vector<const char*>;

class Cli : public testing::Test {
 protected:
  tl::expected<Invocation, int> parse(Arguments words) {
    words.insert(words.begin(), "badnessd");
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    auto parsed = parse_command_line(static_cast<int>(words.size()),
                                     words.data(), {"points", "pid"});
    out = testing::internal::GetCapturedStdout();
    err = testing::internal::GetCapturedStderr();
    return parsed;
  }

  std::string out;
  std::string err;
};

TEST_F(Cli, WithoutWordsItRunsOnTheLiveSystem) {
  const auto parsed = parse({});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->command, Command::kRun);
  EXPECT_EQ(parsed->proc_root, "/proc");
  EXPECT_FALSE(parsed->dry_run);
  EXPECT_FALSE(parsed->config);
}

TEST_F(Cli, EachCommandIsKnown) {
  EXPECT_EQ(parse({"--once"})->command, Command::kOnce);
  EXPECT_EQ(parse({"scores"})->command, Command::kScores);
  EXPECT_EQ(parse({"check"})->command, Command::kCheck);
  const auto explain = parse({"explain", "12"});
  EXPECT_EQ(explain->command, Command::kExplain);
  EXPECT_EQ(explain->pid, 12);
  const auto history = parse({"history", "65a-1", "-n", "3", "--json"});
  EXPECT_EQ(history->command, Command::kHistory);
  EXPECT_EQ(history->id, "65a-1");
  EXPECT_EQ(history->limit, 3U);
}

TEST_F(Cli, CommonOptionsCanFollowTheSubcommand) {
  const auto parsed = parse({"scores", "--json", "-c", "x.toml", "--set", "a=1",
                             "--set", "b=2", "-n", "3", "--sort", "pid"});
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->json);
  EXPECT_EQ(parsed->config, "x.toml");
  EXPECT_EQ(parsed->assignments, (std::vector<std::string>{"a=1", "b=2"}));
  EXPECT_EQ(parsed->limit, 3U);
  EXPECT_EQ(parsed->sort, "pid");
}

TEST_F(Cli, DryRunHasTheNameOfThePeersToo) {
  EXPECT_TRUE(parse({"--dry-run"})->dry_run);
  EXPECT_TRUE(parse({"--dryrun"})->dry_run);
}

TEST_F(Cli, WrongUsageIs64AndNamesTheMistake) {
  const std::vector<std::pair<Arguments, std::string>> cases{
      {{"frobnicate"}, "frobnicate"},
      {{"explain"}, "PID"},
      {{"explain", "one"}, "PID"},
      {{"scores", "-n", "-1"}, "-n"},
      {{"history", "-n", "-1"}, "-n"},
      {{"scores", "--sort", "size"}, "size not in {points,pid}"},
      {{"scores", "--once"}, "--once stands alone"},
      {{"--json"}, "--json goes with"},
      {{"explain", "1", "--json"}, "--json goes with"},
      {{"check", "--json"}, "--json goes with"},
      {{"history", "--since=2h"}, "--since is gone: 'badnessd history -n 0'"},
      {{"status", "--watch"}, "--watch is gone: write 'watch badnessd status'"},
  };
  for (const auto& [words, part] : cases) {
    const auto parsed = parse(words);
    ASSERT_FALSE(parsed) << part;
    EXPECT_EQ(parsed.error(), kExitUsage) << part;
    EXPECT_NE(err.find(part), std::string::npos) << err;
    EXPECT_EQ(out, "");
  }
}

TEST_F(Cli, HelpAndVersionAreNoMistake) {
  const auto help = parse({"--help"});
  ASSERT_FALSE(help);
  EXPECT_EQ(help.error(), kExitOk);
  EXPECT_NE(out.find("kill.per_minute"), std::string::npos);
  const auto version = parse({"-V"});
  ASSERT_FALSE(version);
  EXPECT_EQ(version.error(), kExitOk);
  EXPECT_TRUE(out.starts_with("badnessd "));
}

}  // namespace
}  // namespace badnessd
