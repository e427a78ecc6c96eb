// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/check/findings.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "badnessd/app/report/report.h"
#include "badnessd/app/report/triggers.h"
#include "badnessd/engine/kernel26.h"
#include "badnessd/system/service/host.h"

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
          {true, fmt::format("{} is an OOM killer too: each would kill for the "
                             "same emergency; let one of them run",
                             task_text(task))});
    }
  }
}

}  // namespace

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

std::vector<Finding> host_findings(const Policy& policy,
                                   const PressureReading& reading,
                                   const Snapshot& snapshot,
                                   ProcfsSource& source, AskedBy asked_by) {
  std::vector<Finding> findings;
  const auto add_if = [&findings](bool lacks, const char* text,
                                  bool warning = false) {
    if (lacks) {
      findings.push_back({warning, text});
    }
  };
  find_other_killers(policy, snapshot, asked_by, findings);
  add_if(reading.swap_total_kib == 0,
         "no swap: memory can go from plenty to nothing in seconds, and "
         "swap_free_below always holds");
  add_if(reading.mem_available_estimated,
         "this kernel gives no MemAvailable (Linux 3.14): it is estimated");
  if (!source.live()) {
    return findings;
  }
  add_if(!source.sources().cgroups.mounted(),
         "no cgroups of version 2 with a memory controller: no scope can be "
         "watched");
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
      findings.push_back(
          {false, fmt::format("without {} the daemon could not {}",
                              capability.name, capability.use)});
    }
  }
  return findings;
}

}  // namespace badnessd
