// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/check/lint.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fake_source.h"
#include "rules.h"
#include "snapshots.h"
#include "tree.h"

namespace badnessd {
namespace {

using test::FakeSource;
using test::rule;
using test::snapshot_of;

std::string text_of(const std::vector<Finding>& notes) {
  std::string text;
  for (const Finding& note : notes) {
    text += note.lack ? note.text + "\n" : "";
  }
  return text;
}

bool has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

std::string rules_lint(const std::vector<Rule>& rules) {
  return text_of(lint_rules(rules));
}

TEST(LintRules, GoodOnesAreClean) {
  EXPECT_EQ(rules_lint({rule("a", -17, {{"comm", "sshd"}, {"user", "root"}}),
                        rule("b", -3, {{"unit", "db.service"}}),
                        rule("c", -3, {{"cgroup", "system.slice/*"}}),
                        rule("d", 5, {{"comm", "java"}})}),
            "");
}

TEST(LintRules, ANameThatNoKernelKeeps) {
  EXPECT_TRUE(has(rules_lint({rule("a", 1, {{"comm", "sixteen-bytes-xx"}})}),
                  "comm sixteen-bytes-xx can never match"));
  EXPECT_EQ(rules_lint({rule("a", 1, {{"comm", "fifteen-bytes-x,a*b*c*"}})}),
            "");
}

TEST(LintRules, AUserThatNobodyIs) {
  EXPECT_TRUE(has(rules_lint({rule("a", 1, {{"user", "no-such-user"}})}),
                  "there is no user no-such-user"));
}

TEST(LintRules, ANumberThatIsANameIsTold) {
  Rule one = rule("a", 1, {{"user", "4711"}});
  EXPECT_TRUE(lint_rules({one}).empty());
  one.user[0].first = one.user[0].last = 1234;
  const auto findings = lint_rules({one});
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_FALSE(findings[0].lack);
  EXPECT_TRUE(has(findings[0].text, "4711 is a name here, that of uid 1234"));
}

TEST(LintRules, ProtectionByWhatAnybodyCanChoose) {
  constexpr const char* kAnybody = "any user can have";
  for (const char* key : {"comm", "cmdline", "exe"}) {
    EXPECT_TRUE(has(rules_lint({rule("a", -1, {{key, "db*"}})}), kAnybody));
    EXPECT_EQ(rules_lint({rule("a", 1, {{key, "db*"}})}), "");
    EXPECT_EQ(rules_lint({rule("a", -17, {{key, "db*"}, {"user", "0"}})}), "");
  }
  // A user that may create cgroups can give one this name.
  EXPECT_TRUE(
      has(rules_lint({rule("a", -1, {{"cgroup", "*/db.service"}})}), kAnybody));
}

Task named(std::int32_t pid, std::string_view comm, Kib kib) {
  Task task = test::named_task(pid, kib, comm);
  task.rss_anon_kib = kib;
  task.uid = 1000;
  return task;
}

class LintMatches : public testing::Test {
 protected:
  LintMatches()
      : source(snapshot_of({named(10, "java", 200'000), named(11, "db", 90'000),
                            named(12, "sshd", 1'000)})) {
    reading.mem_total_kib = 1'000'000;
    reading.mem_available_kib = 500'000;
    Trigger trigger{.name = "low"};
    trigger.mem_available_below = Amount{.basis_points = 1000, .kib = {}};
    policy.triggers = {trigger};
  }

  std::string lint() {
    const Context context{source.sources(), policy, census};
    EXPECT_TRUE(survey(context, reading));
    matches = matches_of(policy, census.table());
    choices = choices_of(context, reading);
    return text_of(lint_matches(policy, census.table(), matches, choices));
  }
  std::int32_t pid_of(const std::optional<std::uint32_t>& index) {
    return index ? census.table().tasks[*index].id.pid : 0;
  }

  FakeSource source;
  Policy policy;
  Census census;
  PressureReading reading;
  std::vector<RuleMatches> matches;
  Choices choices;
};

TEST_F(LintMatches, CountsAndNamesThoseWhomARuleMatches) {
  policy.rules = {rule("a", 3, {{"comm", "java,db"}}),
                  rule("b", 2, {{"comm", "*"}})};
  EXPECT_EQ(lint(), "");
  ASSERT_EQ(matches.size(), 2U);
  EXPECT_EQ(matches[0].count, 2U);
  EXPECT_EQ(matches[1].count, 3U);
  EXPECT_EQ(matches[1].taken, 2U);
  EXPECT_EQ(matches[0].first, (std::vector<std::uint32_t>{0, 1}));
}

TEST_F(LintMatches, OneThatMatchesNobodyOrNobodyAnyMore) {
  policy.rules = {rule("a", 3, {{"comm", "ruby"}}),
                  rule("b", 3, {{"comm", "java"}}),
                  rule("c", 2, {{"comm", "jav?"}})};
  const std::string text = lint();
  EXPECT_TRUE(has(text, "rule a matches no process now")) << text;
  EXPECT_TRUE(has(text, "rule c: rules before it take all")) << text;
  EXPECT_FALSE(has(text, "rule b")) << text;
}

TEST_F(LintMatches, OneThatUndoesAnExemption) {
  Task exempt = named(13, "agent", 100);
  exempt.oom_adj = -17;
  source.add(exempt);
  policy.rules = {rule("a", 3, {{"comm", "agent"}})};
  EXPECT_TRUE(has(lint(), "rule a makes candidates of 1 process whose own"));
}

TEST_F(LintMatches, TooMuchProtectedLeavesNobodyWhoIsEnough) {
  policy.rules = {rule("a", -17, {{"comm", "java"}, {"user", "0-9999"}}),
                  rule("b", -17, {{"comm", "db"}, {"user", "0-9999"}})};
  const std::string text = lint();
  EXPECT_TRUE(has(text, "too much is protected")) << text;
  EXPECT_EQ(choices.protected_kib, 290'000U);
  policy.rules.pop_back();
  EXPECT_EQ(lint(), "");
}

TEST_F(LintMatches, ChoicesWithAndWithoutRulesAndGuard) {
  Task jvm = named(14, "idle", 100);
  jvm.total_vm = 9'000'000;
  source.add(jvm);
  policy.rules = {rule("a", -17, {{"comm", "java"}, {"user", "0-9999"}})};
  static_cast<void>(lint());
  EXPECT_EQ(pid_of(choices.configured), 11);
  EXPECT_EQ(pid_of(choices.without_rules), 10);
  EXPECT_EQ(pid_of(choices.kernel26), 14);
}

class LintTriggers : public testing::Test {
 protected:
  LintTriggers() {
    PressureReading reading;
    reading.mem_total_kib = 1'000'000;
    reading.mem_available_kib = 500'000;
    reading.psi_some = PsiLine{};
    reading.psi_full = PsiLine{};
    domains.system.last = reading;
    trigger.mem_available_below = Amount{.basis_points = 1000, .kib = {}};
  }

  std::string lint(bool cgroups = false) {
    policy.triggers = {trigger};
    return text_of(lint_triggers(policy, domains, cgroups));
  }

  Trigger trigger{.name = "t"};
  Policy policy;
  OomDomains domains;
};

TEST_F(LintTriggers, OneOfTheSystemThatCanFireIsClean) {
  EXPECT_EQ(lint(), "");
}

TEST_F(LintTriggers, WithoutPsiItCannotFire) {
  trigger.psi_full_above = 100;
  EXPECT_EQ(lint(), "");
  domains.system.last->psi_full.reset();
  EXPECT_TRUE(has(lint(), "trigger t cannot fire here: this kernel"));
}

TEST_F(LintTriggers, BelowMoreThanThereIsAlwaysHolds) {
  trigger.mem_available_below = Amount{.basis_points = {}, .kib = 2'000'000};
  EXPECT_TRUE(has(lint(), "trigger t always holds"));
  trigger.psi_full_above = 100;
  EXPECT_EQ(lint(), "");
}

TEST_F(LintTriggers, AScopeNeedsCgroupsThatHaveLimits) {
  trigger.scope = Glob::parse("user/*");
  EXPECT_TRUE(has(lint(), "there are no cgroups"));
  EXPECT_TRUE(has(lint(true), "no cgroup matches its scope user/*"));
  policy.triggers = {trigger};
  for (const auto& [cgroup, total_kib] :
       {std::pair("/user/b", Kib{4}), std::pair("/user/a", Kib{1'000'000})}) {
    EXPECT_FALSE(has(lint(true), "neither memory.max"));
    domains.cgroups.push_back(cgroup_domain(policy, 0, cgroup));
    domains.cgroups.back().last.emplace().mem_total_kib = total_kib;
  }
  EXPECT_TRUE(has(lint(true), "/user/a has neither memory.max"));
}

}  // namespace
}  // namespace badnessd
