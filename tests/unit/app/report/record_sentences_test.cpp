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
  decision.storm = Storm{.forker = 3,
                         .spare_forker = true,
                         .age_s = 4,
                         .members = 41,
                         .comm = {'h', 'o', 'g'},
                         .took_kib = 120'000};
  const std::string text = text_of(decision);
  EXPECT_TRUE(contains(text,
                       "and 40 more: a fork storm below 11 (sh), which is "
                       "spared, for it is old, of another user or holds "
                       "others: 41 processes no older than 4 s, the largest "
                       "called hog, took 117 MiB together"))
      << text;
  EXPECT_FALSE(contains(text, "points")) << text;
}

TEST(Sentences, TellWhatTheGreatestScoreForWhatIsHeldDecided) {
  Decision decision = decision_on("db");
  decision.required_kib = 50'000;
  decision.culprit.kind = Culprit::Kind::kOlder;
  decision.passed_over[0].task = test::named_task(12, 5000, "java");
  decision.passed_over[0].verdict.points = 5000;
  decision.passed_over_count = 1;
  const std::string text = text_of(decision);
  for (const char* part :
       {"97.7 MiB are needed, and no other gives back more than 48.8 MiB",
        "it is not known which process took the memory",
        "passed over: 12 (java) with 5000 points: it holds 0 and reserves "
        "19.5 MiB, and its death gives back at least 0"}) {
    EXPECT_TRUE(contains(text, part)) << part << " in " << text;
  }
  decision.needed_kib = 0;
  EXPECT_TRUE(contains(text_of(decision), "900 points, first of 2 candidates"));
  EXPECT_TRUE(contains(text_of(decision), "the bare one of 2.6.32"));
}

// What a cgroup took, of each kind that matters.
class CgroupSentences : public testing::Test {
 protected:
  CgroupSentences() {
    decision.loss = Loss{.since_us = 14 * kSecond,
                         .lost_kib = 1'700'000,
                         .shmem_kib = 1'600'000,
                         .slab_kib = 9'000};
    decision.culprit = {.kind = Culprit::Kind::kGroup, .by_account = true};
    decision.cgroups.source = CgroupsTook::Source::kNow;
    decision.cgroups.count = 1;
    decision.cgroups.took_kib = 1'650'000;
    CgroupTook& leak = decision.cgroups.list[0];
    leak.path = "/system.slice/leak.service";
    leak.took_kib = 1'650'000;
    leak.grown[Charge::kShmem] = 1'600'000;
    leak.grown[Charge::kKernel] = 3'000;
  }

  Decision decision = decision_on("writer");
};

TEST_F(CgroupSentences, NameTheCgroupAndWhatItTookOfEachKind) {
  const std::string text = text_of(decision);
  EXPECT_TRUE(contains(text,
                       "/system.slice/leak.service took 1.6 GiB of the 1.6 GiB "
                       "that were lost in 14 s: 1.5 GiB of tmpfs and shared "
                       "memory\n"))
      << text;
  EXPECT_TRUE(contains(text, "so any of them could be chosen")) << text;
  decision.culprit.min_took_kib = 50'000;
  decision.cgroups.source = CgroupsTook::Source::kNote;
  EXPECT_TRUE(contains(text_of(decision), "that took at least 48.8 MiB could"));
  EXPECT_TRUE(contains(text_of(decision), "this is of the last note"));
}

TEST_F(CgroupSentences, SayWhyNoneDiesForMemoryThatIsNobodys) {
  decision.culprit = {.kind = Culprit::Kind::kNobody};
  decision.cgroups.dead = true;
  std::string text;
  for (const std::string& line : nobody_sentences(decision, default_policy())) {
    text += line + "\n";
  }
  for (const char* part :
       {"leak.service took 1.6 GiB", "files in tmpfs stay until they are",
        "no kill of another process brings that back", "trigger exhausted"}) {
    EXPECT_TRUE(contains(text, part)) << part << " in " << text;
  }
  decision.cgroups = {};
  EXPECT_TRUE(contains(nobody_sentences(decision, default_policy()).front(),
                       "(Shmem) grew by 1.5 GiB and kernel memory "
                       "(SUnreclaim) by 8.8 MiB; no process and no cgroup"));
  decision.culprit.exempt = 0;
  decision.exempt = decision.chosen;
  EXPECT_TRUE(contains(nobody_sentences(decision, default_policy()).front(),
                       "11 (writer) took it, but must not be killed"));
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
