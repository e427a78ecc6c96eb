// SPDX-License-Identifier: GPL-2.0-only
#include "decisions.h"

#include "badnessd/app/config/settings.h"
#include "snapshots.h"

namespace badnessd::test {

Policy default_policy() {
  Policy policy;
  policy.triggers = default_triggers();
  return policy;
}

Decision decision_on(std::string_view comm) {
  Decision decision;
  decision.number = 1;
  decision.fired = true;
  decision.reading = with_available(10'000);
  decision.needed_kib = decision.required_kib = 100'000;
  decision.candidates = 2;
  Task& chosen = decision.chosen.task;
  chosen = named_task(11, 900, comm);
  decision.chosen.verdict.has_mm = true;
  decision.chosen.verdict.points = 900;
  decision.chosen.verdict.reclaim_kib = chosen.rss_anon_kib = 2U << 20U;
  chosen.uid = 1000;
  decision.score = badness(Snapshot{}, decision.chosen.view(), {});
  decision.victim = decision.chosen;
  decision.cgroup = "/system.slice/db.service";
  decision.outcome.kind = KillOutcome::Kind::kSent;
  decision.seen_us = 1'000'000;
  decision.decided_us = decision.signalled_us = 1'002'500;
  return decision;
}

Decision ended(Decision decision) {
  decision.end = Decision::End::kExited;
  decision.exited_us = decision.signalled_us + 20'000;
  decision.memory_back_us = decision.signalled_us + 30'000;
  decision.reclaimed_kib = 1U << 20U;
  return decision;
}

std::string_view hostile_name() {
  return "a\nMESSAGE=b\x1b[31m\xff\xfe\"\\ "
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
}

}  // namespace badnessd::test
