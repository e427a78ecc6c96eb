// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/report/gaps.h"

#include <spdlog/fmt/fmt.h>

#include "badnessd/app/config/text.h"

namespace badnessd {
namespace {

struct CountedFact {
  std::string_view key;
  std::uint32_t Gaps::*count;
  std::string_view one, many;
  std::string_view sentence{};  // empty: of no interest to a person
};
constexpr std::array<CountedFact, 7> kCounts{{
    {"children_by_ppid", &Gaps::children_by_ppid, "parent", "parents",
     "children by PPid, which counts those of other threads too"},
    {"mm_identity_unknown", &Gaps::mm_identity_unknown, "child", "children",
     "could share the parent's memory; counted as separate"},
    {"userns_unreadable", &Gaps::userns_unreadable, "process", "processes",
     "capabilities not credited: the user namespace is not readable (it "
     "needs CAP_SYS_PTRACE)"},
    {"nodes_unknown", &Gaps::nodes_unknown, "process", "processes",
     "memory nodes unknown; taken as shared with badnessd"},
    {"vanished", &Gaps::vanished, "process", "processes"},
    {"unreadable", &Gaps::unreadable, "process", "processes",
     "could not be read (hidepid? it needs CAP_SYS_PTRACE)"},
    {"malformed", &Gaps::malformed, "process", "processes",
     "left out: its /proc text is not what a kernel writes"},
}};

struct Flag {
  std::string_view key;
  bool Gaps::*flag;
  bool told_if = false;
  std::string_view sentence{};
};
constexpr std::array<Flag, 5> kFlags{{
    {"live", &Gaps::live},
    {"init_visible", &Gaps::init_visible, false,
     "pid 1 is not visible (hidepid?): there may be more processes than these"},
    {"swap_known", &Gaps::swap_known, false,
     "no VmSwap on this kernel: swap counts as 0"},
    {"oom_adj_converted", &Gaps::oom_adj_converted, true,
     "oom_adj is converted from oom_score_adj as the kernel did"},
    {"kernel_2_6", &Gaps::kernel26, false,
     "PF_OOM_ORIGIN (swapoff, KSM) is not visible on this kernel; CPU time is "
     "what stat shows, which is scaled"},
}};

}  // namespace

std::vector<std::string> gaps_text(const Gaps& gaps) {
  std::vector<std::string> sentences;
  for (const CountedFact& fact : kCounts) {
    if (gaps.*fact.count != 0 && !fact.sentence.empty()) {
      sentences.push_back(fmt::format(
          "{}: {}", count_text(gaps.*fact.count, fact.one, fact.many),
          fact.sentence));
    }
  }
  for (const Flag& fact : kFlags) {
    if (gaps.*fact.flag == fact.told_if && !fact.sentence.empty()) {
      sentences.emplace_back(fact.sentence);
    }
  }
  return sentences;
}

Json gaps_json(const Gaps& gaps) {
  Json json;
  for (const Flag& fact : kFlags) {
    json[std::string(fact.key)] = gaps.*fact.flag;
  }
  for (const CountedFact& fact : kCounts) {
    json[std::string(fact.key)] = gaps.*fact.count;
  }
  json["sentences"] = gaps_text(gaps);
  return json;
}

}  // namespace badnessd
