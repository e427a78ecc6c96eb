// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/check/findings.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "badnessd/app/check/lint.h"
#include "badnessd/app/config/text.h"
#include "badnessd/app/report/report.h"
#include "badnessd/cycle/identities.h"
#include "badnessd/engine/kernel26.h"
#include "badnessd/system/service/self.h"

namespace badnessd {
namespace {

// Other OOM killers by their comm, which holds at most 15 bytes.
constexpr std::array<std::string_view, 7> kOomKillers{
    "badnessd", "bustd",        "earlyoom",       "nohang",
    "oomd",     "systemd-oomd", "low-memory-moni"};

struct Capability {
  std::uint64_t bit;
  std::string_view name;
  std::string_view use;
};
constexpr std::array<Capability, 4> kCapabilities{{
    {kCapKill, "CAP_KILL", "kill other users' processes"},
    {kCapIpcLock, "CAP_IPC_LOCK", "lock its memory into RAM"},
    {kCapSysPtrace, "CAP_SYS_PTRACE",
     "see other users' namespaces, and so credit their capabilities"},
    {kCapSysResource, "CAP_SYS_RESOURCE",
     "be woken by stalls within a second, and be exempt from the kernel's own "
     "killer when it is not started by systemd"},
}};

void find_other_killers(const Policy& policy, const Snapshot& snapshot,
                        AskedBy asked_by, std::vector<Finding>& findings) {
  bool own_daemon = asked_by == AskedBy::kCheck;
  for (const Task& task : snapshot.tasks) {
    const bool killer = std::find(kOomKillers.begin(), kOomKillers.end(),
                                  task.name()) != kOomKillers.end();
    if (!killer || !task.has_mm || task.id.pid == policy.machine.self_pid) {
      continue;
    }
    if (own_daemon && task.name() == kOomKillers.front()) {
      own_daemon = false;  // a second daemon causes a warning
    } else {
      findings.push_back(
          {Lack::kKillers,
           fmt::format("{} is an OOM killer too: each would kill for the "
                       "same emergency; let one of them run",
                       task_text(task))});
    }
  }
}

// The rules that are not known for processes; not for those of the last minute.
void find_open_rules(const Policy& policy, const Census& census,
                     std::vector<Finding>& findings) {
  constexpr std::uint64_t kYoung = 60;
  std::uint64_t open = 0;
  const Snapshot& table = census.table();
  for (std::uint32_t i = 0;
       !policy.rules.empty() && i < census.entries().size(); ++i) {
    const Task& task = table.tasks[i];
    const bool old = age_s(table, task) >= kYoung;
    open += task.has_mm && old && !rules_for(policy, census, i).known ? 1 : 0;
  }
  if (open != 0) {
    findings.push_back(
        {Lack::kRules,
         fmt::format("{}: a rule asks for what could not be read (it needs "
                     "CAP_SYS_PTRACE)",
                     count_text(open, "process", "processes"))});
  }
}

void find_hangs(const Sources& sources, Micros now_us,
                std::vector<Finding>& findings) {
  const auto add = [&](std::int32_t pid, std::string_view file,
                       std::string_view effect) {
    findings.push_back(
        {Lack::kReads,
         fmt::format(
             "reading {} of process {} does not end (a dead file "
             "server, an exec that hangs?): until that process is gone, {}",
             file, pid, effect)});
  };
  const auto add_part = [&](IdentityPart part, std::string_view file,
                            std::string_view effect) {
    if (const auto at = sources.identities.worker(part).hangs(now_us)) {
      add(at->pid, file, effect);
    }
  };
  add_part(IdentityPart::kPlace, "exe or cgroup",
           "rules by exe, cgroup and unit do not know it");
  add_part(IdentityPart::kArguments, "cmdline",
           "rules by cmdline do not know it");
  if (const HungRead hung = sources.facts.hung_read(now_us); hung.pid != 0) {
    add(hung.pid, hung.file,
        "its start, times and nice value stay as last read");
  }
  if (const auto at = sources.unshared.hangs(now_us)) {
    add(at->pid, "smaps_rollup", "what it copied is not measured");
  }
  if (sources.accounts != nullptr && sources.accounts->hangs(now_us)) {
    findings.push_back({Lack::kReads,
                        "reading the accounts of cgroups does not end: those "
                        "of the last note count"});
  }
  if (sources.cgroups.hangs(now_us)) {
    findings.push_back({Lack::kReads,
                        "reading memory.stat of a cgroup does not end: what "
                        "can be reclaimed in a scope counts as last read"});
  }
}

}  // namespace

std::vector<Finding> lacks_now(const Sources& sources, const Policy& policy,
                               const CycleState& state, AskedBy asked_by,
                               Micros now_us) {
  const Snapshot& snapshot = state.census.table();
  const OomDomains& domains = state.domains;
  std::vector<Finding> findings =
      lint_triggers(policy, domains, sources.cgroups.mounted());
  for (Finding& it : lint_rules(policy.rules)) {
    findings.push_back(std::move(it));
  }
  if (domains.system.last && domains.system.last->clamped) {
    findings.push_back({Lack::kClamped,
                        "meminfo or the pressure file has values that cannot "
                        "be (a container's lxcfs?): the least favourable that "
                        "can be are taken"});
  }
  if (domains.cut) {
    findings.push_back({Lack::kCgroups,
                        "too many cgroups: not all of those in a scope are "
                        "watched"});
  }
  if (state.accounts.cut()) {
    findings.push_back(
        {Lack::kCgroups,
         "too many cgroups: their accounts are not noted, so that memory which "
         "no single process took cannot be traced to a cgroup"});
  }
  find_open_rules(policy, state.census, findings);
  find_hangs(sources, now_us, findings);
  find_other_killers(policy, snapshot, asked_by, findings);
  return findings;
}

std::vector<std::string> host_text(const Policy& policy,
                                   const OomDomains& domains) {
  std::vector<std::string> lines;
  if (domains.system.last) {
    lines.push_back(reading_text(*domains.system.last));
  }
  for (const std::string& line : triggers_text(policy, domains)) {
    lines.push_back("trigger " + line);
  }
  return lines;
}

std::vector<Finding> host_findings(const PressureReading& reading,
                                   ProcfsSource& source, AskedBy asked_by) {
  std::vector<Finding> findings;
  const auto add_if = [&findings](bool lacks, const char* text,
                                  std::optional<Lack> lack = {}) {
    if (lacks) {
      findings.push_back({lack, text});
    }
  };
  add_if(reading.mem_total_kib != 0 && reading.swap_total_kib == 0,
         "no swap: memory can go from plenty to nothing in seconds, and "
         "swap_free_below always holds");
  add_if(reading.mem_available_estimated,
         "this kernel gives no MemAvailable (Linux 3.14): it is estimated");
  if (!source.live()) {
    return findings;
  }
  add_if(
      source.sources().accounts == nullptr,
      "no accounts of cgroups (version 2 with the memory controller, and not "
      "in a container): memory that no single process took, as files in a "
      "tmpfs, cannot be traced to a cgroup",
      Lack::kCgroups);
  const HostFacts host = read_host(source.root_fd());
  add_if(host.strict_overcommit,
         "vm.overcommit_memory is 2: memory is refused before it is short, so "
         "triggers may never fire");
  add_if(!host.pidfd,
         "no pidfds (Linux 5.3), or a filter forbids them: signals go by pid, "
         "right after the start time was compared");
  add_if(!host.process_mrelease,
         "no process_mrelease (Linux 5.15), or a filter forbids it: a victim "
         "gives its memory back by itself");
  if (asked_by == AskedBy::kCheck) {
    const auto more = capability_findings(source.reference_caps(), host);
    findings.insert(findings.end(), more.begin(), more.end());
  }
  return findings;
}

std::vector<Finding> capability_findings(std::uint64_t capabilities,
                                         const HostFacts& host) {
  std::vector<Finding> findings;
  for (const Capability& capability : kCapabilities) {
    const bool by_limit =
        capability.bit == kCapIpcLock && host.memlock_unlimited;
    if ((capabilities & capability.bit) == 0 && !by_limit) {
      findings.push_back({{},
                          fmt::format("without {} the daemon could not {}",
                                      capability.name, capability.use)});
    }
  }
  return findings;
}

}  // namespace badnessd
