// SPDX-License-Identifier: GPL-2.0-only
// Between decision and signal there is no page fault and no call that asks the
// kernel for memory. A daemon that has rehearsed goes through a whole kill over
// the live /proc, under a filter that ends the process at such a call.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <spdlog/sinks/null_sink.h>

#include "badnessd/app/daemon/daemon.h"
#include "badnessd/system/service/self.h"
#include "forked.h"
#include "forwarding_source.h"
#include "roots.h"
#include "tree.h"

namespace badnessd {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
constexpr bool kSanitized = __has_feature(address_sanitizer);
#else
constexpr bool kSanitized = false;
#endif

// How the process ends; 0: as it should.
constexpr int kAskedForMemory = 10;
constexpr int kFaulted = 11;
constexpr int kNotKilled = 12;
constexpr int kNoFilter = 13;
constexpr int kScannedAll = 14;

// The calls that give a process memory or take it.
constexpr std::array<std::uint32_t, 6> kMemoryCalls{
    SYS_brk, SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise};

void forbid_memory_calls() {
  std::array<sock_filter, kMemoryCalls.size() + 3> program{};
  std::size_t size = 0;
  program[size++] =
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
  for (std::size_t i = 0; i < kMemoryCalls.size(); ++i) {
    const auto to_trap = static_cast<std::uint8_t>(kMemoryCalls.size() - i);
    program[size++] =
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kMemoryCalls[i], to_trap, 0);
  }
  program[size++] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  program[size++] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
  const sock_fprog filter{.len = static_cast<unsigned short>(size),
                          .filter = program.data()};
  struct sigaction action {};
  action.sa_handler = [](int) { ::_exit(kAskedForMemory); };
  ::sigaction(SIGSYS, &action, nullptr);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    ::_exit(kNoFilter);
  }
}

// The real processes, and a reading that fires the default trigger once it is
// told to.
class ShortMemory final : public test::ForwardingSource {
 public:
  using ForwardingSource::ForwardingSource;

  [[nodiscard]] Expected<PressureReading> read_pressure() override {
    auto reading = ForwardingSource::read_pressure();
    if (reading) {
      reading->mem_available_kib = reading->mem_total_kib / 2 - lost_kib_;
      reading->swap_total_kib = 0;
      reading->swap_free_kib = 0;
    }
    return reading;
  }
  // No process but those of the test counts.
  [[nodiscard]] VmCounters read_vm_counters() override {
    return {.oom_kills = {}, .faulted_kib = lost_kib_, .swapped_pages = 0};
  }
  // Of one that was known before: only where all processes are read.
  [[nodiscard]] Expected<void> read_oom_adj(Task& task) override {
    ++scans_;
    return ForwardingSource::read_oom_adj(task);
  }
  // Half of the memory is available, less this.
  void lose(Kib kib) { lost_kib_ = kib; }
  [[nodiscard]] int scans() const noexcept { return scans_; }

 private:
  Kib lost_kib_ = 0;
  int scans_ = 0;
};

// The page faults of this process so far.
std::int64_t page_faults() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt + usage.ru_majflt;
}

// Signals one process of the test, whatever was chosen, and then looks at what
// the way to it has cost.
class DivertingKiller final : public Killer {
 public:
  DivertingKiller(ProcfsSource& procfs, const Task& victim,
                  const ShortMemory& source)
      : killer_(procfs.root_fd(), procfs.stats(), ::getpid(), 0),
        victim_(victim),
        source_(source) {}

  [[nodiscard]] KillOutcome send(const Task& /*victim*/,
                                 Signal signal) override {
    const KillOutcome outcome = killer_.send(victim_, signal);
    at_signal_ = page_faults();
    scans_ = source_.scans();
    return outcome;
  }
  [[nodiscard]] KillOutcome kill_also(const Task& /*task*/) override {
    return {KillOutcome::Kind::kNotSent, {}};
  }
  void adopt(const TaskId& /*victim*/) override {}
  [[nodiscard]] KillOutcome escalate() override { return killer_.escalate(); }
  void release_memory() override {}
  [[nodiscard]] bool exited() override { return killer_.exited(); }
  [[nodiscard]] std::uint32_t count_alive(
      std::span<const TaskId> tasks) override {
    return killer_.count_alive(tasks);
  }
  [[nodiscard]] int exit_fd() const noexcept override { return -1; }

  // None: no process was signalled yet.
  [[nodiscard]] const std::optional<std::int64_t>& at_signal() const {
    return at_signal_;
  }
  // Reads of all processes until then.
  [[nodiscard]] int scans() const noexcept { return scans_; }

 private:
  PidfdKiller killer_;
  Task victim_;
  const ShortMemory& source_;
  std::optional<std::int64_t> at_signal_;
  int scans_ = 0;
};

Task task_of(ProcfsSource& source, pid_t pid) {
  const Snapshot snapshot = test::scan_of(source);
  return snapshot.tasks[find_task(snapshot, pid)];
}

// Ends the process, with 0 if `victim` was signalled without faults from the
// census, with kScannedAll if all processes were scanned. `upset` is done right
// before the emergency.
template <class Upset>
[[noreturn]] void kill_under_filter(pid_t victim, const std::string& state,
                                    Upset upset, Settings settings = {},
                                    Kib lost_kib = 0) {
  const auto procfs = test::open_root("/proc");
  ShortMemory source(procfs->sources());
  DivertingKiller killer(*procfs, task_of(*procfs, victim), source);
  spdlog::logger log("test", std::make_shared<spdlog::sinks::null_sink_st>());
  Journal journal("");
  EventLog event_log(log, journal, "", false);
  const auto reading = source.read_pressure();
  auto file = StateFile::open(state);
  if (!reading || !file) {
    ::_exit(kNotKilled);
  }
  const Kib half_kib = reading->mem_total_kib / 2;
  Kib limit_kib = half_kib - lost_kib / 2;
  if (lost_kib == 0) {
    // All is lost, nobody took it, and any process gives enough back.
    lost_kib = half_kib - 1;
    limit_kib = 1024;
    settings.policy.min_reclaim = Amount{.basis_points = {}, .kib = limit_kib};
  }
  settings.policy.triggers[0].mem_available_below =
      Amount{.basis_points = {}, .kib = limit_kib};
  settings.policy.machine = {.mem_total_kib = reading->mem_total_kib,
                             .self_pid = procfs->self_pid()};
  Daemon daemon(source.sources(), killer, {settings, "a test"},
                std::move(*file), event_log);
  keep_heap();
  prefault_stack();
  // As an ordinary user it is not locked; on a machine with memory to spare the
  // pages stay all the same.
  static_cast<void>(lock_memory((procfs->reference_caps() >> 14 & 1) != 0));
  static_cast<void>(daemon.rehearse());
  daemon.step();
  source.lose(lost_kib);
  forbid_memory_calls();
  const int scans = source.scans();
  const std::int64_t before = page_faults();
  upset();
  // On a busy machine a process exits now and then, and is waited for.
  constexpr int kSteps = 1000;
  for (int i = 0; i < kSteps && !killer.at_signal(); ++i) {
    daemon.step();
    ::usleep(1000);
  }
  const auto& after = killer.at_signal();
  if (!killer.exited()) {
    ::usleep(100'000);
  }
  ::_exit(!after || !killer.exited() ? kNotKilled
          : *after != before         ? kFaulted
          : killer.scans() != scans  ? kScannedAll
                                     : 0);
}

class KillPath : public testing::Test {
 protected:
  void SetUp() override {
    if (kSanitized) {
      GTEST_SKIP() << "AddressSanitizer asks for memory of its own";
    }
    testing::FLAGS_gtest_death_test_style = "fast";
  }

  test::Forked victim;
  test::TempTree directory{{}};
  std::string state = directory.path("state");
};

TEST_F(KillPath, NoPageFaultAndNoCallForMemoryUntilTheSignal) {
  EXPECT_EXIT(kill_under_filter(victim.pid(), state, [] {}),
              testing::ExitedWithCode(kScannedAll), "");
}

TEST_F(KillPath, NorFromTheCensusBesideFiveThousandProcesses) {
  const test::Forked crowd([](const test::Forked::Ready& ready) {
    constexpr int kMany = 5000;
    const pid_t parent = ::getpid();
    for (int i = 0; i < kMany; ++i) {
      if (::fork() == 0) {
        test::die_with_parent(parent);
        test::wait_for_ever();
      }
    }
    ready();
  });
  constexpr std::size_t kLeak = 128UL << 20;
  const test::Leaker leaker(kLeak);
  Settings settings;
  settings.policy.min_reclaim = Amount{.basis_points = {}, .kib = 16'384};
  // The crowd has only just started: it could be a storm.
  settings.policy.victim = VictimOrder::kProcess;
  EXPECT_EXIT(
      kill_under_filter(
          leaker.pid(), state, [&] { leaker.leak(); }, settings, kLeak / 1024),
      testing::ExitedWithCode(0), "");
}

TEST_F(KillPath, NorWithRulesThatAskForEverything) {
  Settings settings;
  Rule rule{.name = "all"};
  rule.oom_adj = 3;
  for (const char* key : {"comm", "exe", "cmdline", "user", "cgroup", "unit"}) {
    ASSERT_TRUE(set_option(
        rule, key, std::string_view(key) == "user" ? "0-4294967295" : "*"));
  }
  settings.policy.rules.push_back(rule);
  EXPECT_EXIT(kill_under_filter(
                  victim.pid(), state, [] {}, settings),
              testing::ExitedWithCode(kScannedAll), "");
}

TEST_F(KillPath, ACallForMemoryIsSeen) {
  constexpr std::size_t kLarge = 64UL << 20;
  EXPECT_EXIT(kill_under_filter(victim.pid(), state,
                                [] {
                                  // Volatile, or the compiler leaves it out.
                                  void* volatile block = std::malloc(kLarge);
                                  static_cast<void>(block);
                                }),
              testing::ExitedWithCode(kAskedForMemory), "");
}

TEST_F(KillPath, APageFaultIsSeen) {
  constexpr std::size_t kPage = 4096;
  // Memory without any access is not brought in by locking.
  void* fresh =
      ::mmap(nullptr, kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(fresh, MAP_FAILED);
  const auto touch = [fresh] {
    constexpr int kNoKey = -1;
    ::munlock(fresh, kPage);
    ::syscall(SYS_pkey_mprotect, fresh, kPage, PROT_READ | PROT_WRITE, kNoKey);
    *static_cast<volatile char*>(fresh) = 1;
  };
  EXPECT_EXIT(kill_under_filter(victim.pid(), state, touch),
              testing::ExitedWithCode(kFaulted), "");
  ::munmap(fresh, kPage);
}

}  // namespace
}  // namespace badnessd
