// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "badnessd/app/report/record.h"
#include "decisions.h"
#include "snapshots.h"

namespace badnessd {
namespace {

using test::decision_on;
using test::default_policy;

// All sentences, a line each.
std::string text_of(const Decision& decision) {
  std::string text;
  for (const std::string& sentence :
       decision_sentences(decision, default_policy())) {
    text += sentence + "\n";
  }
  return text;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Sentences, TellAWholeDecision) {
  EXPECT_EQ(text_of(decision_on("db")),
            "sent SIGKILL to 11 (db), uid 1000: it holds 2.0 GiB and reserves "
            "3.5 MiB\n"
            "900 points, first of those eligible of 2 candidates (total_vm 900 "
            "= 900)\n"
            "its death gives back at least 2.0 GiB; 97.7 MiB are needed\n"
            "it was in db.service\n"
            "trigger exhausted acts when MemAvailable < 48.8 MiB (5%,1GiB); "
            "now 9.8 MiB, and there is no swap\n");
}

TEST(Sentences, EachOutcomeHasItsOwnBeginning) {
  using Kind = KillOutcome::Kind;
  for (const auto& [kind, begin] : {
           std::pair{Kind::kSent, "sent SIGKILL to 11 (db), uid 1000: it "},
           std::pair{Kind::kNotSent, "would kill 11 (db), uid 1000: it "},
           std::pair{Kind::kVanished,
                     "did not kill 11 (db), uid 1000, which had exited before "
                     "the signal: it "},
           std::pair{Kind::kRefused,
                     "did not kill 11 (db), uid 1000, which is never "
                     "signalled: init, badnessd or its parent; it is set "
                     "aside: it "},
           std::pair{Kind::kFailed,
                     "did not kill 11 (db), uid 1000: kill failed with error "
                     "1; it is set aside: it "},
       }) {
    Decision decision = decision_on("db");
    decision.outcome = {kind, {.code = 1, .what = "kill"}};
    EXPECT_TRUE(text_of(decision).starts_with(begin)) << text_of(decision);
  }
  Decision gently = decision_on("db");
  gently.signal = Signal::kTerm;
  EXPECT_TRUE(text_of(gently).starts_with("sent SIGTERM to 11"));
}

TEST(Sentences, TheExtentTellsWhatElseDies) {
  Decision decision = decision_on("db");
  decision.swept = 3;
  decision.group = decision.oom_group = "/app.slice";
  for (const auto& [kill_set, sent, would] :
       {std::tuple{KillSet::kSharedMm, " and 3 more that share its",
                   " and all others that share its"},
        std::tuple{KillSet::kCgroup,
                   " and 3 more in /app.slice (memory.oom.group)",
                   " and all others in /app.slice"},
        std::tuple{KillSet::kChild, ", the first child of 11 (db)",
                   ", the first child of 11 (db)"}}) {
    decision.kill_set = kill_set;
    decision.outcome.kind = KillOutcome::Kind::kSent;
    EXPECT_TRUE(contains(text_of(decision), sent)) << text_of(decision);
    decision.outcome.kind = KillOutcome::Kind::kNotSent;
    EXPECT_TRUE(contains(text_of(decision), would)) << text_of(decision);
  }
}

TEST(Sentences, AStormIsProvedByItsNumbers) {
  Decision decision = decision_on("sh");
  decision.kill_set = KillSet::kStorm;
  decision.swept = 40;
  decision.loss = Loss{.lost_kib = 150'000};
  decision.storm = Storm{.spare_forker = true,
                         .age_s = 4,
                         .members = 41,
                         .copies = 39,
                         .took_kib = 120'000};
  const std::string text = text_of(decision);
  EXPECT_TRUE(contains(text,
                       "and 40 more: a fork storm below 11 (sh), which is "
                       "spared, for it is old or holds others: 41 descendants "
                       "no older than 4 s, 39 of them called"))
      << text;
  EXPECT_FALSE(contains(text, "points")) << text;
}

TEST(Sentences, TheGuardTellsWhatItJudgedBy) {
  Decision decision = decision_on("db");
  decision.required_kib = 50'000;
  decision.blame = Blame::kHeld;
  decision.passed_over[0].task = test::named_task(12, 5000, "java");
  decision.passed_over[0].verdict.points = 5000;
  decision.passed_over_count = 1;
  const std::string text = text_of(decision);
  for (const char* part :
       {"no process gives back as much, so 48.8 MiB was enough",
        "it is not known which process took the memory",
        "passed over: 12 (java) with 5000 points: it holds 0 and reserves "
        "19.5 MiB, and its death gives back at least 0"}) {
    EXPECT_TRUE(contains(text, part)) << part << " in " << text;
  }
  decision.needed_kib = 0;
  EXPECT_TRUE(contains(text_of(decision), "900 points, first of 2 candidates"));
  EXPECT_TRUE(contains(text_of(decision), "the bare one of 2.6.32"));
}

TEST(Sentences, TheEndIsToldOnceItIsKnown) {
  const Decision pending = decision_on("db");
  EXPECT_TRUE(ending_sentences(pending).empty());
  EXPECT_EQ(ending_sentences(test::ended(pending)),
            (std::vector<std::string>{
                "11 (db) is gone 20.0 ms after the signal, and 1.0 GiB came "
                "back within 30.0 ms",
                "the signal went 2.5 ms after the trigger fired"}));
  Decision alive = pending;
  alive.end = Decision::End::kStillAlive;
  EXPECT_EQ(ending_sentences(alive),
            std::vector<std::string>{
                "11 (db) has not exited after its signal: set aside"});
}

TEST(Sentences, OfTheVictimOfAnEarlierDaemonOnlyThePidIsKnown) {
  Decision decision = test::ended(decision_on("db"));
  decision.number = 0;
  EXPECT_EQ(ending_sentences(decision),
            std::vector<std::string>{
                "process 11 is gone 20.0 ms after the signal, and 1.0 GiB came "
                "back within 30.0 ms"});
}

TEST(Sentences, AHostileNameStaysInItsPlace) {
  for (const std::string& sentence : decision_sentences(
           decision_on(test::hostile_name()), default_policy())) {
    EXPECT_TRUE(std::none_of(sentence.begin(), sentence.end(), [](char c) {
      return static_cast<unsigned char>(c) < ' ' || c == '\x7f' || c == '\xff';
    })) << sentence;
  }
}

}  // namespace
}  // namespace badnessd
