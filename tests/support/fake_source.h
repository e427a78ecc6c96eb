// SPDX-License-Identifier: GPL-2.0-only
// A FactSource for tests: hands out given facts. Identities and cgroups are
// read from real files.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "badnessd/system/source.h"
#include "proc_tree.h"
#include "tree.h"

namespace badnessd::test {

class FakeSource final : public FactSource {
 public:
  // `full` has the tasks by pid, and as the children of each the leader's own
  // list, a part of those that name it as their ppid.
  explicit FakeSource(Snapshot full) : full_(std::move(full)) {}

  [[nodiscard]] Expected<PressureReading> read_pressure() override;
  [[nodiscard]] VmCounters read_vm_counters() override {
    return {.oom_kills = oom_kills_,
            .faulted_kib = faults_known_ ? faulted_kib_ : std::nullopt,
            .swapped_pages = swapped_pages_};
  }
  // The clock is that of the last reading.
  [[nodiscard]] Micros now_us() override { return now_us_; }
  [[nodiscard]] Expected<void> read_system(Snapshot& snapshot) override;
  [[nodiscard]] Expected<Task> read(std::int32_t pid, Gaps& gaps) override;
  [[nodiscard]] Expected<bool> read_memory(Task& task, StatmFields& known,
                                           bool swapped) override;
  [[nodiscard]] Expected<void> read_oom_adj(Task& task) override;
  void read_children(Snapshot& snapshot, std::uint32_t index) override;
  [[nodiscard]] Expected<void> list(std::vector<ListedProcess>& listed,
                                    const PidRange& range) override;
  [[nodiscard]] std::optional<std::int32_t> last_pid() override {
    return last_pid_;
  }
  [[nodiscard]] std::int32_t pid_max() override { return 4'194'304; }
  [[nodiscard]] bool share_mm(const Task& a, const Task& b) override;
  void read_ahead(std::span<const std::int32_t> /*pids*/) override {}
  [[nodiscard]] HungRead hung_read(Micros /*now_us*/) override { return hung_; }
  void set_hung(const HungRead& hung) { hung_ = hung; }

  // These facts, and what the files say that were set below.
  [[nodiscard]] Sources sources() noexcept {
    return {*this, host_->cgroups, host_->identities, host_->unshared,
            host_->accounts.get()};
  }
  // Writes the files of /proc that say who a process is.
  struct Who {
    std::string exe, cmdline, cgroup;
  };
  void set_identity(std::int32_t pid, const Who& who);
  // Reading its command line does not end before release().
  void set_hanging(std::int32_t pid);
  void release(std::int32_t pid);
  // Waits until everything that was asked for is read.
  void wait_for_answers();
  // Writes the files of a cgroup with a limit of reading.mem_total_kib.
  void set_cgroup(const std::string& cgroup, const PressureReading& reading);
  void remove_cgroup(const std::string& cgroup);
  // How often memory of the cgroup, which must have files, was out at a limit.
  void set_limit_ooms(const std::string& cgroup, std::uint64_t ooms);
  void set_oom_group(const std::string& cgroup);
  // Writes what a process shares with no other; of others nothing is known.
  void set_unshared(const Unshared& unshared);
  // Writes what a cgroup is charged with.
  void set_account(const std::string& cgroup, const Account& account);
  // One more process from the next scan on.
  void add(const Task& task);

  // The process as it is from now on, in all that is read of it.
  [[nodiscard]] Task& task(std::int32_t pid);
  void remove(std::int32_t pid);
  void replace(Snapshot full) { full_ = std::move(full); }
  // list() shows other inodes.
  void set_inode_offset(std::uint64_t offset) { inode_offset_ = offset; }
  // These share one mm.
  void set_sharing(std::int32_t a, std::int32_t b) { sharing_ = {a, b}; }
  [[nodiscard]] std::uint32_t notes() const noexcept { return notes_; }

  // What read_pressure() shall say.
  void set_pressure(const Expected<PressureReading>& pressure) {
    pressure_ = pressure;
  }
  // Each reading comes this much after the one before.
  void set_step(Micros step_us) { step_us_ = step_us; }
  void set_oom_kills(std::uint64_t kills) { oom_kills_ = kills; }
  // Processes have faulted in this much; without it, it is not known.
  void fault(Kib kib) { faulted_kib_ = faulted_kib_.value_or(0) + kib; }
  void know_faults(bool known) { faults_known_ = known; }
  void swap_pages() { ++swapped_pages_; }
  void set_last_pid(std::int32_t pid) { last_pid_ = pid; }
  // Reading the process fails: it exits after it is listed.
  void set_vanishing(std::int32_t pid) { vanishing_ = pid; }

  // Lists of all processes, and processes read whole.
  [[nodiscard]] std::uint32_t lists() const noexcept { return lists_; }
  [[nodiscard]] std::uint32_t reads() const noexcept { return reads_; }

 private:
  // Real trees of files, made when something is written to them.
  struct Host {
    explicit Host(const char* proc = nullptr, const char* cgroup = nullptr);
    UniqueFd proc_root;
    CgroupTree cgroups;
    IdentitySource identities;
    Worker<UnsharedReader> unshared;
    std::unique_ptr<Worker<AccountReader>> accounts;
  };
  [[nodiscard]] const TempTree& tree();
  [[nodiscard]] Proc proc_of(std::int32_t pid) const;
  void write_processes_of(const std::string& cgroup);

  std::unique_ptr<TempTree> tree_;
  std::unique_ptr<Host> host_ = std::make_unique<Host>();
  Snapshot full_;
  Expected<PressureReading> pressure_;
  std::int32_t vanishing_ = 0;
  HungRead hung_;
  std::uint64_t oom_kills_ = 0;
  std::optional<Kib> faulted_kib_;
  bool faults_known_ = true;
  std::optional<std::int32_t> last_pid_;
  Micros now_us_ = 1'000'000;
  Micros step_us_ = 10'000;
  std::map<std::int32_t, std::string> cgroup_of_;
  std::uint64_t swapped_pages_ = 0;
  std::uint32_t lists_ = 0;
  std::uint32_t reads_ = 0;
  std::uint64_t inode_offset_ = 0;
  std::uint32_t notes_ = 0;  // of single processes
  std::pair<std::int32_t, std::int32_t> sharing_{};
};

}  // namespace badnessd::test
