// SPDX-License-Identifier: GPL-2.0-only
#include "badnessd/app/daemon/run.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include <fmt/core.h>

#include "badnessd/app/check/findings.h"
#include "badnessd/app/config/config.h"
#include "badnessd/app/daemon/daemon.h"
#include "badnessd/app/report/report.h"
#include "badnessd/engine/kernel26.h"
#include "badnessd/system/proc/procfs.h"
#include "badnessd/system/service/self.h"

namespace badnessd {
namespace {

StateFile open_state(const Service& service, spdlog::logger& log) {
  if (!service.keep_state || service.directory.empty()) {
    return {};
  }
  auto file = StateFile::open(service.directory + "/state");
  if (!file) {
    log.warn("no state is kept across restarts: {}", error_text(file.error()));
    return {};
  }
  return std::move(*file);
}

// The start-up self-test; logs the features that this machine lacks.
void rehearse(Daemon& daemon, ProcfsSource& source, spdlog::logger& log) {
  const CycleResult result = daemon.rehearse();
  if (result.kind == CycleResult::Kind::kSampleLost) {
    log.warn("the first look failed: {}", error_text(result.error));
  }
  for (const std::string& line : host_text(daemon.policy(), daemon.watched())) {
    log.info("{}", line);
  }
  auto host = host_findings(result.reading, source, AskedBy::kDaemon);
  for (const Finding& it : host) {
    if (!it.lack) {
      log.info("{}", it.text);
    }
  }
  daemon.set_host(std::move(host));
}

void protect(const ProcfsSource& source, spdlog::logger& log) {
  if (const auto done = exempt_from_kernel_oom(source.root_fd()); !done) {
    log.info("the kernel's OOM killer may take badnessd: {}",
             error_text(done.error()));
  }
  prefault_stack();
  const bool may_lock = (source.reference_caps() & kCapIpcLock) != 0;
  if (const auto locked = lock_memory(may_lock); !locked) {
    log.info("memory is not locked and may be swapped out: {}",
             error_text(locked.error()));
  }
}

PsiTrigger arm_psi(const ProcfsSource& source, spdlog::logger& log) {
  // Some task stalled for 100 ms within 1 s: early enough to look, and rare on
  // a healthy system.
  constexpr std::chrono::milliseconds kStall{100};
  constexpr std::chrono::seconds kWindow{1};
  auto trigger = PsiTrigger::arm(source.root_fd(), kStall, kWindow);
  if (!trigger) {
    log.info("no PSI events, polling alone: {}", error_text(trigger.error()));
    return {};
  }
  return std::move(*trigger);
}

// Notifies the service manager. Each completed tick feeds its watchdog.
class Manager {
 public:
  Manager() : socket_(environment("NOTIFY_SOCKET")) {}

  void ready(const std::string& status) {
    socket_.send(fmt::format("READY=1\nSTATUS={}", status));
  }
  void reloading(Micros now_us) {
    socket_.send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now_us));
  }
  void stopping() { socket_.send("STOPPING=1"); }
  void tick(Micros now_us, const Daemon& daemon) {
    constexpr Micros kFeed = 5 * kSecond;
    constexpr Micros kStatus = 60 * kSecond;
    if (!socket_.connected() || now_us - fed_us_ < kFeed) {
      return;
    }
    fed_us_ = now_us;
    socket_.send("WATCHDOG=1");
    if (now_us - told_us_ >= kStatus) {
      told_us_ = now_us;
      socket_.send("STATUS=" + daemon.status());
    }
  }

 private:
  DatagramSocket socket_;
  Micros fed_us_ = 0;
  Micros told_us_ = 0;
};

// Says how many lines and entries were lost, if there are more than `told`.
void tell_losses(std::uint64_t lost, std::uint64_t& told, spdlog::logger& log) {
  if (lost != std::exchange(told, lost)) {
    log.warn("{} so far: their reader does not keep up",
             count_text(lost, "log line or journal entry was lost",
                        "log lines and journal entries were lost"));
  }
}

using Reload = std::function<tl::expected<LoadedSettings, ConfigError>()>;

void reload_settings(const Reload& reload, Micros now_us, Daemon& daemon,
                     Manager& manager, spdlog::logger& log) {
  manager.reloading(now_us);
  if (const auto anew = reload()) {
    daemon.reconfigure(*anew);
    log.info("settings reloaded: {}", anew->origin);
  } else {
    log.error("keeping the running settings: {}", anew.error().message);
  }
  manager.ready(daemon.status());
}

// Everything before the first cycle.
void get_ready(Daemon& daemon, ProcfsSource& source, const std::string& origin,
               const Service& service, spdlog::logger& log) {
  log.info("settings: {}", origin);
  if (!service.greeting.empty()) {
    log.info("{}", service.greeting);
  }
  keep_heap();
  if (service.protect) {
    protect(source, log);
  }
  rehearse(daemon, source, log);
}

}  // namespace

Service system_service() {
  return {.directory = environment("RUNTIME_DIRECTORY"),
          .state_directory = environment("STATE_DIRECTORY"),
          .keep_state = true,
          .journal_socket = kJournalSocket,
          .protect = true};
}

Service dry_run_service() {
  return {.directory = environment("RUNTIME_DIRECTORY"),
          .greeting = "dry run: nothing is signalled"};
}

int run_daemon(
    ProcfsSource& source, const LoadedSettings& loaded, Killer& killer,
    const Service& service,
    const std::function<tl::expected<LoadedSettings, ConfigError>()>& reload) {
  auto events = Events::open();
  LooseWriter err(STDERR_FILENO);
  const bool log_is_journal =
      is_journal_stream(STDERR_FILENO, environment("JOURNAL_STREAM"));
  const auto log = make_logger(err, log_is_journal);
  if (!events) {
    log->error("{}", error_text(events.error()));
    return kExitFailure;
  }
  Journal journal(service.journal_socket);
  EventLog event_log(*log, journal, service.directory, log_is_journal,
                     service.state_directory);
  LoadedSettings settings = loaded;
  settings.settings.policy.machine =
      source.machine(source.read_pressure_once());
  Daemon daemon(source.sources(), killer, std::move(settings),
                open_state(service, *log), event_log);
  PsiTrigger psi = arm_psi(source, *log);
  get_ready(daemon, source, loaded.origin, service, *log);
  Manager manager;
  manager.ready("watching");
  std::uint64_t dropped = 0;
  for (;;) {
    daemon.step();
    manager.tick(source.now_us(), daemon);
    tell_losses(err.dropped() + journal.dropped(), dropped, *log);
    daemon.tell_status(dropped);
    const auto woken =
        events->wait(std::chrono::microseconds(daemon.sleep()), psi.fd(),
                     daemon.victim_pending() ? killer.exit_fd() : -1);
    if (woken.stop) {
      break;
    }
    if (woken.psi_failed) {
      log->warn("PSI events have failed: polling alone");
      psi = PsiTrigger();
    }
    if (woken.reload) {
      reload_settings(reload, source.now_us(), daemon, manager, *log);
    }
  }
  manager.stopping();
  event_log.store();
  log->info("ended by a signal; {}", daemon.status());
  return kExitOk;
}

}  // namespace badnessd
